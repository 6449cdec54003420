// rcr start: every service in one process, until a signal.

import { listen } from '../kit/serve.ts'
import type { Settings } from '../settings.ts'
import {
  type Engines,
  openDoors,
  openEngines,
  openServices,
  readinessOf,
  runServices,
  type ServiceSettings,
  type Services,
} from '../system.ts'
import { around, type Command, type Running, readFlags } from './command.ts'
import { bringDemoAccounts, demoPassword, refuseDemoAccounts } from './demo.ts'
import { readFirstData } from './first-data.ts'
import { readSecret } from './secret.ts'

// SIGTERM: not ready → no new connections → what is in flight ends → loops end → engines close, ≤ 10 s in all.
const drainMs = 5_000

export const start: Command = {
  name: 'start',
  usage: 'start',
  summary: 'Runs the whole system in one process.',
  help: 'Every service over one data folder. SIGTERM or Ctrl-C ends it in order.',
  async run(running) {
    const { settings, flags, say, signal, clock, log } = running
    readFlags(flags, {})
    const startedMs = clock.monotonic()
    const surroundings = around(running, true)
    await using stack = new AsyncDisposableStack()
    const served = await serviceSettings(running)
    const engines = await openEngines(settings, 'alone', surroundings, stack)
    const services = openServices(engines, served, surroundings)
    await prepare(settings, engines, services)

    const loops = new AbortController()
    const ended = runServices(services, loops.signal)
    stack.defer(async () => {
      loops.abort()
      await ended
    })
    const readiness = () => readinessOf(services, signal)
    const doors = openDoors(services, served, surroundings, readiness)
    const opsDoor = listen({ fetch: doors.ops, hosts: settings.RCR_HOST, port: settings.RCR_OPS_PORT, defect: doors.defect })
    stack.defer(() => opsDoor.stop(0))
    await firstView(running, readiness)
    const door = listen({ fetch: doors.fetch, hosts: settings.RCR_HOST, port: settings.RCR_HTTP_PORT, defect: doors.defect })
    stack.defer(() => door.stop(drainMs))
    say(banner(settings, door.url, opsDoor.url, clock.monotonic() - startedMs))
    log.info('started', { url: door.url, ops: opsDoor.url })
    await aborted(signal)
    log.info('stopping')
    return 0
  },
}

/** A reader who comes at once shall not find an empty house; with the database away there is still the rest to serve. */
async function firstView({ clock, signal }: Running, readiness: () => { ready: boolean }): Promise<void> {
  const deadlineMs = clock.monotonic() + 5_000
  while (!readiness().ready && !signal.aborted && clock.monotonic() < deadlineMs) await clock.sleep(5, signal)
}

async function serviceSettings({ settings, random }: Running): Promise<ServiceSettings> {
  return {
    secret: await readSecret(settings, random),
    publicUrl: settings.RCR_PUBLIC_URL ?? `http://localhost:${settings.RCR_HTTP_PORT}`,
    writeOrigins: settings.RCR_WRITE_ORIGINS,
    cacheBytes: settings.RCR_CACHE_MIB * 1024 * 1024,
  }
}

async function prepare(settings: Settings, engines: Engines, services: Services): Promise<void> {
  if (settings.RCR_MODE === 'production') return refuseDemoAccounts(engines)
  await Promise.all([services.write.bringFirstData(await readFirstData()), bringDemoAccounts(engines, services)])
}

function banner(settings: Settings, url: string, opsUrl: string, tookMs: number): string {
  const lines = [
    `RandomCameraReviews runs (${(tookMs / 1000).toFixed(1)} s). Ctrl-C ends it.`,
    `  reviews         ${url}/api/v1/content`,
    `  search          ${url}/api/v1/content/search?q=autofoco`,
    `  documentation   ${url}/docs`,
    `  operators       ${opsUrl}/readyz  ${opsUrl}/metrics`,
    `  data            ${settings.RCR_DATA}`,
  ]
  if (settings.RCR_MODE === 'demo') lines.push(`  demo accounts   editor@example.com, admin@example.com …  password: ${demoPassword}`)
  return lines.join('\n')
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
