// What runs in a region: its database, which follows the primary, and processes that only read.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openMember } from '../engines/replicas/member.ts'
import { regionUrl } from '../engines/replicas/peer.ts'
import { type Promoted, promote } from '../engines/replicas/promote.ts'
import type { Operation } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Master } from '../ports/master.ts'
import type { Projection } from '../ports/projection.ts'
import { ops } from '../protocols/ops.ts'
import { presentDefect } from '../protocols/present.ts'
import type { Settings } from '../settings.ts'
import { openDependencies } from './dependencies.ts'
import { databaseConnections, openReading } from './engines.ts'
import { openServices, type ServiceSettings, type Services } from './services.ts'
import type { Surroundings } from './surroundings.ts'

/** The database of RCR_REGION on this machine, until the signal. */
export async function openRegionDatabase(settings: Settings, first: 'primary' | 'replica', around: Surroundings, signal: AbortSignal) {
  const { RCR_REGION: region, RCR_DATABASES: places } = settings
  const own = places?.find((place) => place.region === region)
  if (region === null || places === null || own === undefined)
    throw new Refusal('invalid', 'Which region? Set RCR_DATABASES, and RCR_REGION or --region to one of its regions.')
  const folder = join(settings.RCR_DATA, 'postgres')
  const { clock, log, random, metrics } = around
  const limits = { max_connections: Math.max(100, databaseConnections(settings)) }
  const { of, states } = openDependencies(settings, around)
  const peers = (other: string) => of('peer', other)
  const member = await openMember({ folder, region, places, peers, first, settings: limits, clock, log, random, signal })
  writeFileSync(join(folder, 'region-url'), `${regionUrl(own.url)}\n`, { mode: 0o600 })
  const { status } = member
  metrics.gauge('rcr_database_primary', 'Whether this database is the primary.', [], () => Number(status().role === 'primary'))
  metrics.gauge('rcr_database_streaming', 'Whether it is sent the log of the primary now.', [], () => Number(status().streaming))
  metrics.gauge('rcr_database_lag_seconds', 'Age of what it has replayed last; 0 when that is all.', [], () => status().lagS ?? 0)
  metrics.gauge('rcr_database_copies', 'Times that it was copied anew.', [], () => status().copies)
  const readiness = () => {
    const database = status()
    return {
      ready: !signal.aborted && (database.role === 'primary' || database.streaming),
      stopping: signal.aborted,
      detail: { database, dependencies: states() },
    }
  }
  const defect = (error: unknown) => {
    log.error('defect', { error })
    return presentDefect('', '')
  }
  return { host: new URL(own.url).host, ops: ops(metrics, readiness), defect, ended: member.ended }
}

export function promoteRegion(
  settings: Settings,
  places: NonNullable<Settings['RCR_DATABASES']>,
  region: string | null,
  anyway: boolean,
  around: Surroundings,
): Promise<Promoted> {
  const { of } = openDependencies(settings, around)
  return promote({ places, region, anyway, peers: (other) => of('peer', other), ...around })
}

/** The services of a process that has no master: what readers ask is answered from the databases, the rest is at home. */
export function openReader(settings: Settings, served: ServiceSettings, around: Surroundings, stack: AsyncDisposableStack): Services {
  const atHome = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)}: the master is at home`)) })
  const dependencies = openDependencies(settings, around)
  const engines = { databaseUrl: null, master: atHome as Master, projection: atHome as Projection, payments: null }
  const reader = { ...engines, ...openReading(settings, { ...around, dependencies }, stack), dependencies: dependencies.states }
  const services = openServices(reader, served, around)
  const reading = new Set<Operation>(services.read.operations)
  return {
    ...services,
    // Other addresses do not exist here; the schemas of the other protocols stay whole.
    here: services.read.operations,
    operations: services.operations.map((operation) => (reading.has(operation) ? operation : elsewhere(operation))),
    // What is read here is open to everybody: whose token it is makes no difference, and its keys are at home.
    auth: { ...services.auth, authenticate: async () => ({ accountId: '', sessionId: '', roles: [] }) },
  }
}

const elsewhere = (operation: Operation): Operation => ({
  ...operation,
  access: 'anyone',
  run: () =>
    Promise.reject(
      new Refusal('missing', 'This address only answers readers. Ask the home region for everything else.', { code: 'not-here' }),
    ),
})
