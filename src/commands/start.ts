// rcr start: the whole system, in one process or in several that share its port, until a signal.
import { labelled } from '../kit/labelled.ts'
import type { Metrics } from '../kit/metric.ts'
import { patiently } from '../kit/patiently.ts'
import { Refusal } from '../kit/refusal.ts'
import { listen } from '../kit/serve.ts'
import { type Settings, table } from '../settings.ts'
import { openDoors } from '../system/doors.ts'
import { type Engines, openDemoPayments, openEngines } from '../system/engines.ts'
import { openServices, readinessOf, runServices, type Services } from '../system/services.ts'
import { around, type Command, type Running, readFlags } from './command.ts'
import { bringDemoAccounts, demoPassword, refuseDemoAccounts } from './demo.ts'
import { readFirstData, readFirstShop } from './first-data.ts'
import { drainMs, firstView, serviceSettings, untilOver } from './serve.ts'
import { keepWorkers, type Workers } from './workers.ts'

// Longer than any of them drains; with what the engines need afterwards all is over in ≤ 10 s.
const workersMs = 7_000
const pageMs = 1_000
/** A first start may meet a disk that others keep busy. */
const firstDataMs = 120_000

export const start: Command = {
  name: 'start',
  usage: 'start [--workers <number>]',
  summary: 'Runs the whole system.',
  help: `Every service over one data folder. SIGTERM or Ctrl-C ends it in order.
--workers: so many processes serve on the same port (1, or RCR_WORKERS). This one runs the schedule and the projector besides; one
that dies is started again, and all end with this one.`,
  async run(given) {
    await using stack = new AsyncDisposableStack()
    const running = { ...given, settings: await withPayments(withWorkers(given.settings, given.flags), stack) }
    const { settings, say, signal, clock, log } = running
    const startedMs = clock.monotonic()
    const surroundings = around(running, true)
    const served = await serviceSettings(running)
    const engines = await openEngines(settings, 'alone', surroundings, stack)
    const services = openServices(engines, served, surroundings)
    await prepare(running, engines, services)

    let workers: Workers | null = null
    const readiness = () => {
      const own = readinessOf(services, signal)
      return { ...own, detail: { ...own.detail, ...(workers !== null && { workers: workers.status() }) } }
    }
    const metrics = { ...surroundings.metrics, text: () => textOf(surroundings.metrics, workers) }
    const doors = openDoors(services, served, { ...surroundings, metrics }, readiness)
    const loops = new AbortController()
    const ended = Promise.all([runServices(services, loops.signal), doors.run(loops.signal)])
    stack.defer(async () => {
      loops.abort()
      await ended
    })
    const { defect, ops, fetch } = doors
    const opsDoor = listen({ fetch: ops, hosts: settings.RCR_OPS_HOST, port: settings.RCR_OPS_PORT, defect })
    stack.defer(() => opsDoor.stop(0))
    await firstView(running, readiness)
    const isShared = settings.RCR_WORKERS > 1
    const sharing = isShared ? { shared: 'first' as const } : {}
    const door = listen({ fetch, hosts: settings.RCR_HOST, port: settings.RCR_HTTP_PORT, defect, leaving: signal, ...sharing })
    if (isShared)
      workers = keepWorkers(
        {
          databaseUrl: engines.databaseUrl,
          publicUrl: served.publicUrl,
          paymentUrl: settings.RCR_PAYMENT_URL,
          port: door.port,
          workers: settings.RCR_WORKERS,
        },
        running,
      )
    let grpc: Awaited<ReturnType<typeof doors.grpc>> | null = null
    stack.defer(async () => {
      await Promise.all([door.stop(drainMs), grpc?.stop(drainMs), workers?.stop(workersMs)])
    })
    grpc = await doors.grpc(grpcListening(settings))
    if (workers !== null) await Promise.race([workers.up, clock.sleep(5_000, signal)])
    say(banner(settings, door.url, grpc.address, opsDoor.url, clock.monotonic() - startedMs))
    log.info('started', { url: door.url, ops: opsDoor.url })
    return await untilOver(running, engines.master)
  },
}

function withWorkers(settings: Settings, flags: readonly string[]): Settings {
  const { workers } = readFlags(flags, { workers: 'text' })
  if (workers === undefined) return settings
  try {
    return { ...settings, RCR_WORKERS: table.RCR_WORKERS.read(workers) }
  } catch (error) {
    throw new Refusal('invalid', `--workers ${(error as Error).message} (is: ${workers}).`)
  }
}

async function withPayments(settings: Settings, stack: AsyncDisposableStack): Promise<Settings> {
  if (settings.RCR_MODE !== 'demo' || settings.RCR_PAYMENT_URL !== null) return settings
  return { ...settings, RCR_PAYMENT_URL: await openDemoPayments(settings, stack) }
}

/** Of this process, and of all where there are several: each says whose it is. One that does not answer now is left out. */
async function textOf(own: Metrics, workers: Workers | null) {
  const mine = await own.text()
  if (workers === null) return mine
  const others = Object.entries(workers.pages()).map(async ([worker, url]) => {
    const page = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(pageMs) }).then((response) => response.text())
    return [worker, page] as const
  })
  const answered = (await Promise.allSettled(others)).flatMap((other) => (other.status === 'fulfilled' ? [other.value] : []))
  return { ...mine, body: labelled('worker', { 0: mine.body, ...Object.fromEntries(answered) }) }
}

const grpcListening = ({ RCR_HOST, RCR_GRPC_PORT, RCR_GRPC_TLS_CERT: certificate, RCR_GRPC_TLS_KEY: key }: Settings) => ({
  hosts: RCR_HOST,
  port: RCR_GRPC_PORT,
  tls: certificate === null || key === null ? null : { certificate, key },
})

/** Whatever a start that broke off has brought is found by the next one. */
async function prepare({ settings, clock, signal, log }: Running, engines: Engines, services: Services): Promise<void> {
  if (settings.RCR_MODE === 'production') return refuseDemoAccounts(engines)
  const failing = new AbortController()
  const trying = {
    clock,
    signal: AbortSignal.any([signal, failing.signal]),
    patienceMs: firstDataMs,
    tell: (error: Refusal) => log.warn('the master is late', { error }),
  }
  const one = (work: () => Promise<void>) =>
    patiently(trying, work).catch((error: unknown) => {
      failing.abort() // nor is the other tried any longer
      throw error
    })
  await Promise.all([one(() => bringFirstData(services)), one(() => bringDemoAccounts(engines, services))])
}

/** The shop sells what is in the catalogue. */
async function bringFirstData({ write, shop }: Services): Promise<void> {
  await write.bringFirstData(await readFirstData())
  await shop.bringFirstData(await readFirstShop())
}

function banner(settings: Settings, url: string, grpc: string, opsUrl: string, tookMs: number): string {
  const lines = [
    `RandomCameraReviews runs (${(tookMs / 1000).toFixed(1)} s). Ctrl-C ends it.`,
    `  reviews         ${url}/api/v1/content`,
    `  search          ${url}/api/v1/content/search?q=autofoco`,
    `  shop            ${url}/api/v1/products`,
    `  documentation   ${url}/docs`,
    `  gRPC            ${grpc}`,
    `  operators       ${opsUrl}/readyz  ${opsUrl}/metrics`,
    `  data            ${settings.RCR_DATA}`,
  ]
  if (settings.RCR_MODE === 'demo') lines.push(`  demo accounts   editor@example.com, admin@example.com …  password: ${demoPassword}`)
  return lines.join('\n')
}
