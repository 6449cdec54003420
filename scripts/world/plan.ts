// Who is where in the world: regions, how far they are from each other, and which port is whose.
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { openRelay, type Relay } from './relay.ts'

export const regions = ['sa', 'na', 'eu', 'as'] as const
export type Region = (typeof regions)[number]
/** Master, projector, primary and all writing are here. */
export const home: Region = 'sa'

/** Round trips in ms, between any two. */
export type Distances = Readonly<Record<string, number>>
export const standardDistances: Distances = { 'sa-na': 115, 'sa-eu': 190, 'sa-as': 270, 'na-eu': 90, 'na-as': 170, 'eu-as': 160 }

/** `sa-eu=190,sa-na=115`, over the standard. */
export function readDistances(text: string): Distances {
  const given = text.split(',').map((word) => /^([a-z]+-[a-z]+)=(\d{1,4})$/.exec(word.trim()))
  const wrong = given.some((match) => match === null || !((match[1] ?? '') in standardDistances))
  if (wrong)
    throw new Error(`--distances: round trips in ms between ${Object.keys(standardDistances).join(', ')}, such as sa-eu=190,sa-na=115`)
  return { ...standardDistances, ...Object.fromEntries(given.map((match) => [match?.[1], Number(match?.[2])])) }
}

export interface Server {
  region: Region
  port: number
}

export interface Plan {
  port: number
  readersPerRegion: number
  distances: Distances
  /** Of the owner of all databases. */
  password: string
  /** Within a region too nobody is asked but over a way that can be cut. */
  everyWay?: boolean
}

/** A block of a hundred ports for each region. */
export function portsOf({ port, readersPerRegion }: Plan, region: Region) {
  const base = port + 100 * regions.indexOf(region)
  const readers = Array.from({ length: readersPerRegion }, (_, at) => ({ http: base + 10 + at, ops: base + 20 + at }))
  return { front: base + 80, operators: base + 90, database: base + 32, databaseOps: base + 33, readers }
}

/** Beside those of its region: the primary, and the services that write. */
export function homePorts({ port }: Plan) {
  return { http: port + 1, ops: port + 2, grpc: port + 3, database: port + 4, databaseOps: port + 5, dynamo: port + 6 }
}

/** The ways between the regions, opened as they are asked for. */
export interface Ways extends AsyncDisposable {
  roundTripMs(from: Region, to: Region): number
  /** Where somebody (`gateway-eu`) in a region finds a port of it or of another one. */
  seen(by: string, from: Region, to: Server): Promise<number>
  /** Those that are open: to one of these ports, of one who asks. */
  open(which: { to?: readonly number[]; by?: string }): Promise<Relay[]>
  nearestFirst(from: Region): readonly Region[]
}

export function openWays({ distances, everyWay = false }: Plan): Ways {
  const relays = new Map<string, { by: string; port: number; opening: Promise<Relay> }>()
  const roundTripMs = (from: Region, to: Region) => (from === to ? 0 : (distances[`${from}-${to}`] ?? distances[`${to}-${from}`] ?? 0))
  return {
    roundTripMs,
    nearestFirst: (from) => regions.toSorted((a, b) => roundTripMs(from, a) - roundTripMs(from, b)),
    async seen(by, from, { region, port }) {
      if (from === region && !everyWay) return port
      const name = `${by} ${port}`
      const way = relays.get(name) ?? { by, port, opening: openRelay(port, { roundTripMs: roundTripMs(from, region) }) }
      relays.set(name, way)
      return (await way.opening).port
    },
    open: ({ to, by }) =>
      Promise.all(
        [...relays.values()]
          .filter((way) => (to ?? [way.port]).includes(way.port) && (by ?? way.by) === way.by)
          .map(({ opening }) => opening),
      ),
    async [Symbol.asyncDispose]() {
      for (const { opening } of relays.values()) await (await opening)[Symbol.asyncDispose]()
    },
  }
}

/**
 * RCR_DATABASES as it is for a process in a region: the primary stands as `home` beside the four that follow it, nearest first. A
 * database finds itself at its own address.
 */
export async function databasesFor(plan: Plan, ways: Ways, from: Region, by: string, who: 'owner' | 'reader'): Promise<string> {
  const primary = { name: 'home', region: home, port: homePorts(plan).database }
  const replicas = ways.nearestFirst(from).map((region) => ({ name: region, region, port: portsOf(plan, region).database }))
  // The own replica first; the primary just behind the replica that stands beside it.
  const all = replicas.flatMap((replica) => (replica.region === home ? [replica, primary] : [replica]))
  const entries = all.map(async ({ name, ...server }) => {
    const isOwn = by === (name === 'home' ? 'primary' : `database-${name}`)
    const url = `postgres://rcr:${plan.password}@127.0.0.1:${isOwn ? server.port : await ways.seen(by, from, server)}/postgres`
    return `${name}=${who === 'reader' ? regionUrl(url) : url}`
  })
  return (await Promise.all(entries)).join(',')
}
