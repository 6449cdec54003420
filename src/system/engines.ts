// Which engines there are under the services: a master, a read model with its databases, a payment house.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { joinPostgres } from '../engines/embedded/join-postgres.ts'
import { startPostgres } from '../engines/embedded/start-postgres.ts'
import { openPaymentHouse } from '../engines/payment/house.ts'
import { openSandbox } from '../engines/payment/sandbox.ts'
import { openContent } from '../engines/postgres/content.ts'
import { openNearest, type RegionStatus } from '../engines/postgres/content-nearest.ts'
import { openPaced } from '../engines/postgres/paced.ts'
import { prepareDatabase } from '../engines/postgres/prepare.ts'
import { findPrimary, openPrimaryProjection, openSparing } from '../engines/postgres/primary.ts'
import { openProjection } from '../engines/postgres/projection.ts'
import { openReplica } from '../engines/postgres/replica.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Content } from '../ports/content.ts'
import type { Master } from '../ports/master.ts'
import type { Payments } from '../ports/payment.ts'
import type { Projection } from '../ports/projection.ts'
import { policiesWith } from '../resilience.ts'
import type { Settings } from '../settings.ts'
import { type Dependencies, openDependencies } from './dependencies.ts'
import { openMaster } from './master.ts'
import type { Surroundings } from './surroundings.ts'

export interface Engines {
  /** Of the read model, for processes that share it. Null: RCR_DATABASES names those of all regions. */
  databaseUrl: string | null
  master: Master
  projection: Projection
  content: Content
  /** Null: nothing can be bought. */
  payments: Payments | null
  /** Where there are several databases: which of them are asked. */
  regions?: () => RegionStatus[]
  /** How each remote one is just now. */
  dependencies?: Dependencies['states']
}

/** Of each process. One process keeps eight busy; more processes than that need no more than two for each core between them. */
export function connectionsOf({ RCR_CONNECTIONS, RCR_WORKERS }: Settings): number {
  const all = RCR_CONNECTIONS ?? Math.max(8, Math.min(2 * availableParallelism(), 8 * RCR_WORKERS))
  return Math.max(2, Math.floor(all / RCR_WORKERS))
}

/** What all processes may open, searches and tails included, with room for the projector, commands, replicas and a look by hand. */
export const databaseConnections = (settings: Settings): number => {
  const own = connectionsOf(settings)
  return Math.max(60, 40 + settings.RCR_WORKERS * (own + Math.max(2, own >> 1) + 2))
}

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
  const dependencies = openDependencies(settings, around)
  const opening = openReadModel(settings, manner, { ...around, dependencies }, stack)
  const [master, model] = await Promise.allSettled([openMaster(settings, around, dependencies), opening])
  if (master.status === 'fulfilled') stack.defer(() => master.value.close())
  if (master.status === 'rejected') throw master.reason
  if (model.status === 'rejected') throw model.reason
  const payments = paymentsOf(settings, around, dependencies)
  return { ...model.value, master: master.value, payments, dependencies: dependencies.states }
}

type Spared = Surroundings & { dependencies: Dependencies }
type ReadModel = Pick<Engines, 'databaseUrl' | 'projection' | 'content' | 'regions'>

/** One database for all, or one for each region: written where the primary is, read where it is near. */
async function openReadModel(settings: Settings, manner: Manner, around: Spared, stack: AsyncDisposableStack): Promise<ReadModel> {
  const places = settings.RCR_DATABASES
  const { of, policies } = around.dependencies
  const everywhere = places?.map(({ url }) => url)
  const project = (url: string) =>
    openPaced({ url, projection: openProjection({ url, ...(everywhere && { everywhere }), ...around }), ...around })
  if (places !== null) {
    const lookMs = policies.peer.tryMs ?? 0
    const primary = openPrimaryProjection({ urls: places.map(({ url }) => url), open: project, lookMs, ...around })
    const projection = openSparing(primary, of('primary'))
    stack.defer(() => projection.close())
    // Prepared before anybody reads: a connection made earlier would stand without its role. With no primary now the projector does it.
    await projection.builds().catch((error: unknown) => around.log.warn('no primary to prepare yet', { error }))
    return { databaseUrl: null, projection, ...openReading(settings, around, stack) }
  }
  const url = await openDatabase(settings, manner, around, stack)
  await prepareDatabase(url, around.log)
  const projection = openSparing(project(url), of('primary'))
  stack.defer(() => projection.close())
  const content = openContent({ url, max: connectionsOf(settings), dependency: of('database'), ...around })
  stack.defer(() => content.close())
  return { databaseUrl: url, projection, content }
}

/** What readers ask, over the databases of all regions, the own one first. */
export function openReading(settings: Settings, around: Spared, stack: AsyncDisposableStack) {
  const { RCR_DATABASES: places, RCR_REGION: own } = settings
  const nearest = (places ?? []).toSorted((a, b) => Number(b.region === own) - Number(a.region === own))
  const { of } = around.dependencies
  const max = connectionsOf(settings)
  const replicas = nearest.map(({ region, url }) => ({
    region,
    content: openContent({ url, max, dependency: of('database', region), ...around }),
    dependency: of('replica', region),
  }))
  const content = openNearest({ replicas, ...around })
  stack.defer(() => content.close())
  return { content, regions: content.regions }
}

/** Which of the databases of all regions is the primary, and the others. With one database there are none. */
export async function openReplicas(
  { RCR_DATABASES: places, RCR_BREAKER: breakers }: Settings,
  { log }: Surroundings,
  stack: AsyncDisposableStack,
) {
  if (places === null) return { primary: null, replicas: [] }
  const url = await findPrimary(
    places.map((place) => place.url),
    policiesWith(breakers).peer.tryMs ?? 0,
  )
  const replicas = places.filter((place) => place.url !== url).map((place) => openReplica({ ...place, log }))
  for (const replica of replicas) stack.defer(() => replica.close())
  return { primary: places.find((place) => place.url === url)?.region ?? null, replicas }
}

const paymentsOf = (
  { RCR_PAYMENT_URL: url, RCR_PAYMENT_KEY: key }: Settings,
  around: Surroundings,
  { of }: Dependencies,
): Payments | null => (url === null ? null : openPaymentHouse({ url, key, dependency: of('payment'), ...around }))

/** A payment house without money, for the demo: it remembers in the data folder. Its address. */
export const openDemoPayments = ({ RCR_DATA }: Settings, stack: AsyncDisposableStack): Promise<string> =>
  openSandboxHouse(0, stack, join(RCR_DATA, 'payments.jsonl'))

export async function openSandboxHouse(port: number, stack: AsyncDisposableStack, file: string | null = null): Promise<string> {
  const house = await openSandbox({ port, file })
  stack.defer(() => house.close())
  return house.url
}
