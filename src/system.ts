// THE MAP: which engines there are, and which of them each service receives.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { joinPostgres } from './engines/embedded/join-postgres.ts'
import { startPostgres } from './engines/embedded/start-postgres.ts'
import { openLmdbMaster } from './engines/lmdb/master.ts'
import { type Restored, restoreLmdbMaster } from './engines/lmdb/restore.ts'
import { openContent } from './engines/postgres/content.ts'
import { prepareDatabase } from './engines/postgres/prepare.ts'
import { openProjection } from './engines/postgres/projection.ts'
import { openShipFolder } from './engines/ship/folder.ts'
import { openShipped } from './engines/ship/shipped.ts'
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
import { wellAddressed } from './protocols/addressed.ts'
import { docs } from './protocols/docs.ts'
import { graphQl, schemaText } from './protocols/graphql/graphql.ts'
import { readDocuments } from './protocols/graphql/library.ts'
import { persistedQuery } from './protocols/graphql/parameters.ts'
import type { GrpcListening } from './protocols/grpc/serve.ts'
import { openApi } from './protocols/openapi.ts'
import { ops, type Readiness } from './protocols/ops.ts'
import { presentDefect } from './protocols/present.ts'
import { rest } from './protocols/rest.ts'
import { type AtOnce, atOnceFor, openShedding } from './protocols/shedding.ts'
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
  /** Of the read model, for processes that share it. */
  databaseUrl: string
  master: Master
  projection: Projection
  content: Content
}

export const version = '0.1.0'

const masterFolder = ({ RCR_DATA }: Settings): string => join(RCR_DATA, 'master')

/** The master alone: for commands that only write. */
export function openMaster(settings: Settings, around: Surroundings): Promise<Master> {
  const { RCR_SHIP: place } = settings
  const to = (folder: string) => (epoch: string) => openShipFolder(folder, epoch, around.random)
  const ship = place === null || place === 'off' ? place : { mode: place.mode, ship: to(place.folder) }
  return openLmdbMaster({ folder: masterFolder(settings), ship, ...around })
}

/** A master from a backup, from what was shipped, or from both. */
export async function restoreMaster(
  settings: Settings,
  { from, ship, progress }: { from: string | null; ship: string | null; progress: (entries: number) => void },
  { clock, random }: Surroundings,
): Promise<Restored> {
  return restoreLmdbMaster({
    to: masterFolder(settings),
    from,
    shipped: ship === null ? [] : await openShipped(ship),
    clock,
    random,
    progress,
  })
}

/** Of each process. One process keeps eight busy; more processes than that need no more than two for each core between them. */
export function connectionsOf({ RCR_CONNECTIONS, RCR_WORKERS }: Settings): number {
  const all = RCR_CONNECTIONS ?? Math.max(8, Math.min(2 * availableParallelism(), 8 * RCR_WORKERS))
  return Math.max(2, Math.floor(all / RCR_WORKERS))
}

/** What all processes may open, searches and tails included, with room for the projector, commands, replicas and a look by hand. */
const databaseConnections = (settings: Settings): number => {
  const own = connectionsOf(settings)
  return Math.max(60, 40 + settings.RCR_WORKERS * (own + Math.max(2, own >> 1) + 2))
}

// Twice as many questions as there are connections keep these busy while others are read and presented, and nobody waits in the
// driver for more than one statement. Commands share the master's syncs, which take all that come together; 96 bodies are 24 MiB.
const standardAtOnce = atOnceFor(16, 96)
export const atOnceOf = (settings: Settings): AtOnce =>
  atOnceFor(settings.RCR_QUERIES_AT_ONCE ?? 2 * connectionsOf(settings), settings.RCR_COMMANDS_AT_ONCE)

/** `alone`: the folder must be nobody else's. `beside`: a command that shares the database of a running system. */
export type Manner = 'alone' | 'beside'

/** The database of the read model: the one of the settings, or the embedded one, started here or, beside a running system, joined. */
async function openDatabase(settings: Settings, manner: Manner, around: Surroundings, stack: AsyncDisposableStack): Promise<string> {
  if (settings.DATABASE_URL !== null) return settings.DATABASE_URL
  const folder = join(settings.RCR_DATA, 'postgres')
  try {
    const { clock, random, log } = around
    const postgres = await startPostgres({ folder, clock, random, log, settings: { max_connections: databaseConnections(settings) } })
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
  const content = openContent({ url: url.value, max: connectionsOf(settings), ...around })
  stack.defer(() => content.close())
  return { databaseUrl: url.value, master: master.value, projection, content }
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
  /** Bounds of what is worked on at once. */
  atOnce?: AtOnce
  /** GraphQL shows its schema, and a page to try it: not in production. */
  explorable?: boolean
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
  const read = openRead({
    content,
    cursorSeal: sealer(settings.secret, 'cursor'),
    tokenSeal: sealer(settings.secret, 'token'),
    cacheBytes: settings.cacheBytes,
    newRequestId: newId,
    ...around,
  })
  const project = openProject({ master, projection, onApplied: read.wake, ...around })
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

const documentsFolder = fileURLToPath(new URL('../contracts/documents', import.meta.url))

export const graphQlSchemaOf = (operations: readonly Operation[]): string => schemaText(operations)

export const openApiOf = (operations: readonly Operation[]): string => `${JSON.stringify(openApi(operations, version), null, 2)}\n`

/** The services on the wire: the public handler, the operators', and what looks after the load until a signal. */
export function openDoors(services: Services, settings: ServiceSettings, around: Surroundings, readiness: () => Readiness) {
  const { log, metrics } = around
  const shedding = openShedding({
    atOnce: settings.atOnce ?? standardAtOnce,
    searches: ['/content/search', '/content/suggest', '/content/facets'],
    origins: settings.writeOrigins,
    newRequestId: services.newId,
    ...around,
  })
  const wire = {
    authenticate: services.auth.authenticate,
    secret: settings.secret,
    tokenSeal: sealer(settings.secret, 'token'),
    newRequestId: services.newId,
    deadlineMs: 10_000,
    ...around,
  }
  const api = rest({ ...wire, operations: shedding.commands(services.operations), origins: settings.writeOrigins })
  // Loaded once the rest serves: its libraries take as long as the first answer.
  const grpc = async (listening: GrpcListening) => {
    const { listenGrpc } = await import('./protocols/grpc/serve.ts')
    const operations = shedding.calls(services.operations)
    return listenGrpc({ ...wire, operations, isReady: () => readiness().ready }, listening)
  }
  const graph = graphQl({
    ...wire,
    operations: shedding.calls(services.operations),
    origins: settings.writeOrigins,
    explorable: settings.explorable ?? false,
    documents: readDocuments(documentsFolder),
  })

  const pages = docs(openApiOf(services.operations), services.newId)
  const rested = shedding.queries(async (request, received) => (await pages(request)) ?? api(request, received))
  const publicDoor = services.read.edge(
    async (request, received) => (await graph(request, received)) ?? rested(request, received),
    [persistedQuery],
  )
  const seen = () => {
    const { ready, detail } = readiness()
    return { ready, detail: { ...detail, load: shedding.load() } }
  }
  const defect = (error: unknown) => {
    const requestId = services.newId()
    log.error('defect', { requestId, error })
    return presentDefect(requestId, '')
  }
  return { fetch: wellAddressed(publicDoor, services.newId), ops: ops(metrics, seen), grpc, defect, run: shedding.run }
}

/** The operations without their engines: for the contract. Calling one of them fails. */
export function operationsAlone(around: Surroundings): Operation[] {
  const nothing = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)}: no engine is open`)) })
  const engines = { master: nothing, projection: nothing, content: nothing } as Engines
  const settings = { secret: new Uint8Array(32), publicUrl: 'http://localhost', writeOrigins: [], cacheBytes: 1 }
  return openServices(engines, settings, around).operations
}
