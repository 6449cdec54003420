// THE MAP: which engines there are, and which of them each service receives.
import { join } from 'node:path'
import { joinPostgres } from './engines/embedded/join-postgres.ts'
import { startPostgres } from './engines/embedded/start-postgres.ts'
import { openLmdbMaster } from './engines/lmdb/master.ts'
import { openContent } from './engines/postgres/content.ts'
import { prepareDatabase } from './engines/postgres/prepare.ts'
import { openProjection } from './engines/postgres/projection.ts'
import type { Clock, RandomBytes } from './kit/clock.ts'
import { idMaker } from './kit/id.ts'
import type { Log } from './kit/log.ts'
import type { Metrics } from './kit/metric.ts'
import type { Operation } from './kit/operation.ts'
import { openPasswords } from './kit/password.ts'
import { Refusal } from './kit/refusal.ts'
import { sealer } from './kit/seal.ts'
import type { Content } from './ports/content.ts'
import type { Master } from './ports/master.ts'
import type { Projection } from './ports/projection.ts'
import { docs } from './protocols/docs.ts'
import { openApi } from './protocols/openapi.ts'
import { ops, type Readiness } from './protocols/ops.ts'
import { presentDefect } from './protocols/present.ts'
import { rest } from './protocols/rest.ts'
import { type Auth, openAuth } from './services/auth/auth.ts'
import { emailClaim } from './services/auth/mail.ts'
import { openProject, type Project } from './services/project/project.ts'
import { openRead } from './services/read/read.ts'
import { type Seeding, seedReviews } from './services/write/seed-reviews.ts'
import { openWrite } from './services/write/write.ts'
import type { Settings } from './settings.ts'

export type { FirstData } from './services/write/first-data.ts'

/** What every part is given. */
export interface Surroundings {
  clock: Clock
  random: RandomBytes
  log: Log
  metrics: Metrics
}

export interface Engines {
  master: Master
  projection: Projection
  content: Content
}

export const version = '0.1.0'

/** The master alone: for commands that only write. */
export const openMaster = (settings: Settings, { clock, random, log }: Surroundings): Promise<Master> =>
  openLmdbMaster({ folder: join(settings.RCR_DATA, 'master'), clock, random, log })

/** `alone`: the folder must be nobody else's. `beside`: a command that shares the database of a running system. */
export type Manner = 'alone' | 'beside'

/** The database of the read model: the one of the settings, or the embedded one, started here or, beside a running system, joined. */
async function openDatabase(settings: Settings, manner: Manner, around: Surroundings, stack: AsyncDisposableStack): Promise<string> {
  if (settings.DATABASE_URL !== null) return settings.DATABASE_URL
  const folder = join(settings.RCR_DATA, 'postgres')
  try {
    const { clock, random, log } = around
    const postgres = await startPostgres({ folder, clock, random, log })
    stack.defer(() => postgres.stop())
    return postgres.url
  } catch (error) {
    if (manner === 'beside' && error instanceof Refusal && error.code === 'folder-taken') return joinPostgres(folder)
    throw error
  }
}

/** Everything over one master and one database, closed in reverse order by the stack. */
export async function openEngines(settings: Settings, manner: Manner, around: Surroundings, stack: AsyncDisposableStack): Promise<Engines> {
  const opening = openDatabase(settings, manner, around, stack)
  const [master, url] = await Promise.allSettled([openMaster(settings, around), opening.then((at) => prepared(at, around.log))])
  if (master.status === 'fulfilled') stack.defer(() => master.value.close())
  if (master.status === 'rejected') throw master.reason
  if (url.status === 'rejected') throw url.reason
  const projection = openProjection({ url: url.value, ...around })
  stack.defer(() => projection.close())
  const content = openContent({ url: url.value, ...around })
  stack.defer(() => content.close())
  return { master: master.value, projection, content }
}

async function prepared(url: string, log: Log): Promise<string> {
  await prepareDatabase(url, log)
  return url
}

export interface ServiceSettings {
  secret: Uint8Array
  /** Issuer of access tokens. */
  publicUrl: string
  writeOrigins: readonly string[]
  cacheBytes: number
}

function openAuthOver(master: Master, issuer: string, around: Surroundings): Auth {
  const settings = { issuer, audience: 'randomcamerareviews', accessTokenS: 600, refreshTokenDays: 30 }
  return openAuth({ master, newId: idMaker(around.clock, around.random), passwords: openPasswords(), settings, ...around })
}

/** Every service over its ports. Nothing runs yet. */
export function openServices({ master, projection, content }: Engines, settings: ServiceSettings, around: Surroundings) {
  const newId = idMaker(around.clock, around.random)
  const auth = openAuthOver(master, settings.publicUrl, around)
  const write = openWrite({ master, newId, ...around })
  const project = openProject({ master, projection, ...around })
  const read = openRead({
    content,
    cursorSeal: sealer(settings.secret, 'cursor'),
    tokenSeal: sealer(settings.secret, 'token'),
    cacheBytes: settings.cacheBytes,
    newRequestId: newId,
    ...around,
  })
  const operations: Operation[] = [...read.operations, ...write.operations, ...auth.operations]
  return { auth, write, project, read, operations, newId }
}
export type Services = ReturnType<typeof openServices>

/** The loops of all services: schedule, projector, tail, keys. Resolves when all have ended after the signal. */
export async function runServices({ auth, write, project, read }: Services, signal: AbortSignal): Promise<void> {
  await Promise.all([auth.run(signal), write.run(signal), project.run(signal), read.run(signal)])
}

/** Ready: the read model has held the whole log at least once, and nobody has asked it to stop. */
export function readinessOf({ auth, write, project, read }: Services, stopping: AbortSignal): Readiness {
  const detail = { stopping: stopping.aborted, read: read.status(), project: project.status(), write: write.status(), auth: auth.status() }
  return { ready: !stopping.aborted && detail.read.stalenessS !== null, detail }
}

/** The projector beside a running system or alone, for the command line. */
export async function openProjector(settings: Settings, around: Surroundings, stack: AsyncDisposableStack): Promise<Project> {
  const { master, projection } = await openEngines(settings, 'beside', around, stack)
  return openProject({ master, projection, ...around })
}

/** Accounts over the master alone, for the command line. */
export async function openAccounts(settings: Settings, around: Surroundings, stack: AsyncDisposableStack): Promise<Auth> {
  const master = await openMaster(settings, around)
  stack.defer(() => master.close())
  return openAuthOver(master, settings.RCR_PUBLIC_URL ?? 'http://localhost', around)
}

/** Invented reviews, over the master alone. */
export async function seedMaster(settings: Settings, around: Surroundings, wanted: Omit<Seeding, 'master' | 'clock' | 'log'>) {
  const master = await openMaster(settings, around)
  return seedReviews({ ...around, ...wanted, master }).finally(() => master.close())
}

export const hasAccount = async (master: Master, email: string): Promise<boolean> => (await master.owner(emailClaim(email))) !== null

export const openApiOf = (operations: readonly Operation[]): string => `${JSON.stringify(openApi(operations, version), null, 2)}\n`

/** The services on the wire: the public handler, and the operators'. */
export function openDoors(services: Services, settings: ServiceSettings, { log, metrics }: Surroundings, readiness: () => Readiness) {
  const api = rest({
    operations: services.operations,
    authenticate: services.auth.authenticate,
    secret: settings.secret,
    tokenSeal: sealer(settings.secret, 'token'),
    newRequestId: services.newId,
    origins: settings.writeOrigins,
    log,
    metrics,
    deadlineMs: 10_000,
  })
  const pages = docs(openApiOf(services.operations))
  const publicDoor = services.read.edge(async (request, received) => (await pages(request)) ?? api(request, received))
  const defect = (error: unknown) => {
    const requestId = services.newId()
    log.error('defect', { requestId, error })
    return presentDefect(requestId, '')
  }
  return { fetch: publicDoor, ops: ops(metrics, readiness), defect }
}

/** The operations without their engines: for the contract. Calling one of them fails. */
export function operationsAlone(around: Surroundings): Operation[] {
  const nothing = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)}: no engine is open`)) })
  const engines = { master: nothing, projection: nothing, content: nothing } as Engines
  const settings = { secret: new Uint8Array(32), publicUrl: 'http://localhost', writeOrigins: [], cacheBytes: 1 }
  return openServices(engines, settings, around).operations
}
