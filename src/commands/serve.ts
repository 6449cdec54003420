// rcr serve: answers requests beside a system that runs the loops; also what `rcr start --workers` starts.
import { Refusal } from '../kit/refusal.ts'
import { listen } from '../kit/serve.ts'
import type { Master } from '../ports/master.ts'
import type { Settings } from '../settings.ts'
import { atOnceOf, openDoors } from '../system/doors.ts'
import { openEngines } from '../system/engines.ts'
import { openReader } from '../system/regions.ts'
import { openServices, readinessOf, type ServiceSettings } from '../system/services.ts'
import type { Surroundings } from '../system/surroundings.ts'
import { around, type Command, type Running, readFlags } from './command.ts'
import { readSecret } from './secret.ts'
import type { Leave, Share, Up } from './workers.ts'

// SIGTERM: not ready → RCR_DRAIN_S later no new connections → what is in flight ends → loops end → engines close, ≤ 10 s after the drain.
export const drainMs = 5_000
/** Three checks of our HAProxy over the longest distance (docs/world.md), half a second between them, and some. */
const standardDrainS = 3

export const serve: Command = {
  name: 'serve',
  usage: 'serve [--region <name>]',
  summary: 'Answers requests beside a system that runs on the same data, or only readers of a region.',
  help: `A process that only serves: no schedule, no projector. Give it ports of its own, and the RCR_PUBLIC_URL of the system.
--region: answers readers alone, without a master: from the database of that region in RCR_DATABASES, from the next ones when it is away.
It needs the RCR_SECRET of the system. Everything else is answered 404: the gateway sends it home.
--leashed: started by rcr start --workers, which tells it what to share; it ends with whoever started it.`,
  async run(given) {
    const { leashed, region } = readFlags(given.flags, { leashed: 'switch', region: 'text' })
    const { running, share, leash } = leashed ? await told(given) : { running: withRegion(given, region), share: null, leash: undefined }
    const { settings, signal, log, say } = running
    const surroundings = around(running, true)
    await using stack = new AsyncDisposableStack()
    stack.defer(() => {
      if (process.connected) process.disconnect?.() // else the channel would keep this process
    })
    const served = await serviceSettings(running)
    const { services, lost } = await open(region !== undefined, settings, served, surroundings, stack)
    const readiness = () => readinessOf(services, signal)
    const doors = openDoors(services, served, surroundings, readiness)
    const loops = new AbortController()
    const ended = Promise.all([services.read.run(loops.signal), doors.run(loops.signal)])
    stack.defer(async () => {
      loops.abort()
      await ended
    })
    const { defect, ops, fetch } = doors
    const opsHosts = share === null ? settings.RCR_OPS_HOST : ['127.0.0.1']
    const opsDoor = listen({ fetch: ops, hosts: opsHosts, port: settings.RCR_OPS_PORT, defect })
    stack.defer(() => opsDoor.stop(0))
    await firstView(running, readiness)
    const sharing = share === null ? {} : { shared: 'beside' as const }
    const door = listen({ fetch, hosts: settings.RCR_HOST, port: settings.RCR_HTTP_PORT, defect, leaving: signal, ...sharing })
    stack.defer(() => door.stop(drainMs))
    if (share === null) say(`  reviews         ${door.url}/api/v1/content\n  operators       ${opsDoor.url}/readyz`)
    else process.send?.({ opsUrl: opsDoor.url } satisfies Up)
    log.info('started', { url: door.url, ops: opsDoor.url })
    return await untilOver(running, { lost }, leash)
  },
}

/** With a master, or reading alone. */
async function open(
  isReader: boolean,
  settings: Settings,
  served: ServiceSettings,
  surroundings: Surroundings,
  stack: AsyncDisposableStack,
) {
  if (isReader) return { services: openReader(settings, served, surroundings, stack), lost: new Promise<never>(() => {}) }
  const engines = await openEngines(settings, 'beside', surroundings, stack)
  return { services: openServices(engines, served, surroundings), lost: engines.master.lost }
}

/** The region of the words after the command wins over that of the settings. */
export function withRegion(running: Running, region: string | undefined): Running {
  if (region === undefined) return running
  if (running.settings.RCR_DATABASES?.some((place) => place.region === region))
    return { ...running, settings: { ...running.settings, RCR_REGION: region } }
  throw new Refusal('invalid', `--region ${region} is not one of the regions of RCR_DATABASES.`)
}

/** Over the settings, the share of whoever started us; with them we drain, and when they are gone it is time to stop. */
async function told(running: Running): Promise<{ running: Running; share: Share; leash: AbortSignal }> {
  const leash = new AbortController()
  const asked = new AbortController()
  const share = await new Promise<Share>((resolve, reject) => {
    const gone = () => {
      leash.abort()
      reject(new Refusal('unavailable', 'Whoever started this process is gone.'))
    }
    process.on('message', (message: Share | Leave) => {
      if ('leave' in message) asked.abort(new DOMException(message.leave, 'AbortError'))
      else resolve(message)
    })
    process.once('disconnect', gone)
    if (!process.connected) gone()
  })
  const signal = AbortSignal.any([running.signal, asked.signal, leash.signal])
  const { databaseUrl, publicUrl, paymentUrl, port, workers, worker } = share
  const settings: Settings = {
    ...running.settings,
    DATABASE_URL: databaseUrl,
    RCR_PUBLIC_URL: publicUrl,
    RCR_PAYMENT_URL: paymentUrl,
    RCR_HTTP_PORT: port,
    RCR_OPS_PORT: 0,
    RCR_WORKERS: workers,
  }
  return { running: { ...running, settings, signal, log: running.log.with({ worker }) }, share, leash: leash.signal }
}

export async function serviceSettings({ settings, random }: Running): Promise<ServiceSettings> {
  return {
    secret: await readSecret(settings, random),
    publicUrl: settings.RCR_PUBLIC_URL ?? `http://localhost:${settings.RCR_HTTP_PORT}`,
    writeOrigins: settings.RCR_WRITE_ORIGINS,
    explorable: settings.RCR_MODE !== 'production',
    cacheBytes: settings.RCR_CACHE_MIB * 1024 * 1024,
    currency: settings.RCR_CURRENCY,
    atOnce: atOnceOf(settings),
    limits: settings.RCR_LIMITS,
    trustedProxies: settings.RCR_TRUSTED_PROXIES,
  }
}

/** A reader who comes at once shall not find an empty house; with the database away there is still the rest to serve. */
export async function firstView({ clock, signal }: Running, readiness: () => { ready: boolean }): Promise<void> {
  const deadlineMs = clock.monotonic() + 5_000
  while (!readiness().ready && !signal.aborted && clock.monotonic() < deadlineMs) await clock.sleep(5, signal)
}

/**
 * Until the signal and the drain after it, or until this process can do no more for the master: then whoever supervises it starts it
 * again. `hurry`: whoever else takes new connections is gone, so there is nothing to wait for.
 */
export async function untilOver(
  { settings, signal, clock, log, say }: Running,
  { lost }: Pick<Master, 'lost'>,
  hurry?: AbortSignal,
): Promise<number> {
  const reason = await Promise.race([aborted(signal), lost])
  log.info('stopping')
  if (reason === undefined) {
    // Whoever presses Ctrl-C has no gateway in front.
    const isTerm = (signal.reason as Error).message === 'SIGTERM'
    const drainS = settings.RCR_DRAIN_S ?? (settings.RCR_MODE === 'production' ? standardDrainS : 0)
    if (isTerm && drainS > 0) await clock.sleep(drainS * 1000, hurry)
    return 0
  }
  log.error('master lost', { reason })
  say(`${reason} This process ends, so that it can be started again.`)
  return lostStatus
}
const lostStatus = 75 // EX_TEMPFAIL

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
