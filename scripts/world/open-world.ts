// The four regions on this machine: home, primary and replicas, readers, a gateway before each region, and the ways between them.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readingOperations } from '../../src/commands/haproxy.ts'
import { type Gateway, haproxyConfig } from '../../src/commands/haproxy-config.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { findHaproxy, startDynamo } from './engines.ts'
import { type Distances, databasesFor, home, homePorts, openWays, type Plan, portsOf, type Region, regions, type Ways } from './plan.ts'
import { keepProcesses, type Process, type Processes, rcr, runToEnd } from './processes.ts'
import { openTraffic, type Traffic } from './traffic.ts'

export interface WorldOptions {
  folder: string
  /** The first of four hundred. */
  port: number
  master: 'lmdb' | 'dynamodb'
  readersPerRegion: number
  /** So many invented ones are there at least. */
  reviews: number
  distances: Distances
  /** RCR_DRAIN_S of those who read: as in production, if not given. */
  drainS?: number
  /** Requests of one address in ten seconds. */
  limits: Gateway['limits']
  say: (line: string) => void
  /** Of every process of `rcr`, over those of the world. */
  settings?: Readonly<Record<string, string>>
  /** Each arrow of the picture is a way that can be cut, those within a region too. */
  everyWay?: boolean
}

export interface World extends AsyncDisposable {
  urls: Readonly<Record<Region, string>>
  traffic: Traffic
  readersOf(region: Region): readonly Process[]
  processes: readonly Process[]
  folder: string
  plan: Plan
  ways: Ways
  /** What the first reader of a region says on its operators' page. */
  detail(region: Region): Promise<Detail>
  /** A command of `rcr` where the master is: what it says. Rejects when its status is not 0. */
  atHome(...words: string[]): Promise<string>
  /** HAProxy reads its configuration anew. */
  reload(region: Region): void
  /** Whether the gateway of a region sends readers to each of its processes. */
  isWhole(region: Region): Promise<boolean>
}

export interface Detail {
  read: { position: { seq: number } | null; stalenessS: number | null }
  regions: { region: string; breaker: string }[]
}

interface Building {
  options: WorldOptions
  plan: Plan
  ways: Ways
  processes: Processes
  traffic: Traffic
  /** Of every process of `rcr`. */
  settings: Readonly<Record<string, string>>
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { folder, port, readersPerRegion, distances } = options
  const haproxy = findHaproxy()
  mkdirSync(folder, { recursive: true })
  const { everyWay = false } = options
  const plan = { port, readersPerRegion, distances, everyWay, password: keptSecret(join(folder, 'password')) }
  const ways = openWays(plan)
  const processes = keepProcesses(join(folder, 'logs'))
  const close = async () => {
    await processes.stop()
    await ways[Symbol.asyncDispose]()
  }
  try {
    const settings = {
      RCR_SECRET: keptSecret(join(folder, 'secret')),
      RCR_LOG: 'warn',
      RCR_CONNECTIONS: '4',
      RCR_PUBLIC_URL: `http://127.0.0.1:${portsOf(plan, home).front}`,
      ...options.settings,
    }
    const building = { options, plan, ways, processes, settings, traffic: openTraffic() }
    await startPrimary(building)
    const startRegions = regions.map(async (region) => [region, await startRegion(building, region)] as const)
    const [started, homeSettings] = await Promise.all([Promise.all(startRegions), startHome(building)])
    const readers: Partial<Record<Region, Process[]>> = Object.fromEntries(started)
    const gateways = new Map<Region, Process>()
    await Promise.all(regions.map(async (region) => gateways.set(region, await startGateway(building, region, haproxy))))
    return {
      urls: Object.fromEntries(regions.map((region) => [region, `http://127.0.0.1:${portsOf(plan, region).front}`])) as World['urls'],
      traffic: building.traffic,
      readersOf: (region) => readers[region] ?? [],
      processes: processes.all,
      folder,
      plan,
      ways,
      async detail(region) {
        const page = await fetch(`http://127.0.0.1:${portsOf(plan, region).readers[0]?.ops}/readyz`, { signal: AbortSignal.timeout(2_000) })
        return (await page.json()) as Detail
      },
      async isWhole(region) {
        const page = await fetch(`http://127.0.0.1:${portsOf(plan, region).operators}/metrics`, { signal: AbortSignal.timeout(2_000) })
        const up = new RegExp(`^haproxy_server_status\\{proxy="readers-${region}",server="${region}-\\d+",state="UP"\\} 1$`, 'gm')
        return ((await page.text()).match(up)?.length ?? 0) === readersPerRegion
      },
      atHome: (...words) => runToEnd(rcr(...words), homeSettings),
      reload: (region) => void process.kill(gateways.get(region)?.pid() ?? 0, 'SIGUSR2'),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const local = (port: number) => `127.0.0.1:${port}`
const ready = (port: number) => `http://${local(port)}/readyz`

async function startPrimary({ options: { folder }, plan, ways, processes, settings }: Building): Promise<void> {
  const { databaseOps } = homePorts(plan)
  await processes.start({
    name: 'primary',
    command: rcr('primary', '--region', 'home'),
    settings: {
      ...settings,
      RCR_DATA: join(folder, 'primary'),
      RCR_OPS_PORT: String(databaseOps),
      RCR_DATABASES: await databasesFor(plan, ways, home, 'primary', 'owner'),
    },
    readyUrl: ready(databaseOps),
  })
}

/** Its settings are those of commands there, too. */
async function startHome({ options, plan, ways, processes, settings }: Building): Promise<Readonly<Record<string, string>>> {
  const { http, ops, grpc } = homePorts(plan)
  const { dynamo } = homePorts(plan)
  const seenDynamo = () => ways.seen('home', home, { region: home, port: dynamo })
  const master = options.master === 'dynamodb' ? await startDynamo(processes, options.folder, dynamo, await seenDynamo()) : {}
  const databases = { RCR_DATABASES: await databasesFor(plan, ways, home, 'home', 'owner') }
  const data = { ...settings, ...master, ...databases, RCR_DATA: join(options.folder, 'home') }
  if (options.reviews > 0) await runToEnd(rcr('seed', '--reviews', String(options.reviews)), data)
  await processes.start({
    name: 'home',
    command: rcr('start'),
    settings: {
      ...data,
      RCR_HTTP_PORT: String(http),
      RCR_OPS_PORT: String(ops),
      RCR_GRPC_PORT: String(grpc),
    },
    readyUrl: ready(ops),
  })
  return data
}

/** Its database, and then those who read from it. */
async function startRegion({ options: { folder, say, drainS = 3 }, plan, ways, processes, settings }: Building, region: Region) {
  const { databaseOps, readers } = portsOf(plan, region)
  await processes.start({
    name: `database-${region}`,
    command: rcr('replica', '--region', region),
    settings: {
      ...settings,
      RCR_DATA: join(folder, `database-${region}`),
      RCR_OPS_PORT: String(databaseOps),
      RCR_DATABASES: await databasesFor(plan, ways, region, `database-${region}`, 'owner'),
    },
    readyUrl: ready(databaseOps),
  })
  say(`  ${region}: the replica follows`)
  const databases = await databasesFor(plan, ways, region, `read-${region}`, 'reader')
  return Promise.all(
    readers.map(({ http, ops }, at) =>
      processes.start({
        name: `read-${region}-${at + 1}`,
        command: rcr('serve', '--region', region),
        settings: {
          ...settings,
          RCR_DATA: join(folder, `read-${region}`),
          RCR_HTTP_PORT: String(http),
          RCR_OPS_PORT: String(ops),
          RCR_DRAIN_S: String(drainS),
          RCR_DATABASES: databases,
        },
        readyUrl: ready(ops),
      }),
    ),
  )
}

async function startGateway({ options, plan, ways, processes, traffic }: Building, region: Region, haproxy: string): Promise<Process> {
  const gateway = await gatewayOf(plan, ways, region, options.limits)
  const file = join(options.folder, `haproxy-${region}.cfg`)
  const around = { clock: systemClock, random: secureRandom, log: silentLog, metrics: openMetrics({ ofProcess: false }) }
  writeFileSync(file, haproxyConfig(gateway, readingOperations(around)))
  return processes.start({
    name: `gateway-${region}`,
    command: [haproxy, '-W', '-db', '-f', file],
    readyUrl: `http://${gateway.operators}/readyz`,
    onLine: (line) => traffic.heard(region, line),
  })
}

async function gatewayOf(plan: Plan, ways: Ways, region: Region, limits: Gateway['limits']): Promise<Gateway> {
  const seen = async (port: number, of: Region) => local(await ways.seen(`gateway-${region}`, region, { region: of, port }))
  const readers = ways.nearestFirst(region).map(async (of) => ({
    region: of,
    servers: await Promise.all(
      portsOf(plan, of).readers.map(async ({ http, ops }) => ({ address: await seen(http, of), check: await seen(ops, of) })),
    ),
  }))
  const { http, ops, grpc } = homePorts(plan)
  const { front, operators } = portsOf(plan, region)
  return {
    region,
    listen: [local(front)],
    secure: null,
    operators: local(operators),
    readers: await Promise.all(readers),
    home: [{ address: await seen(http, home), check: await seen(ops, home), grpc: await seen(grpc, home) }],
    limits,
  }
}

/** The same at every start, as the data is. */
function keptSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const secret = randomBytes(32).toString('base64url')
    writeFileSync(file, secret, { mode: 0o600 })
    return secret
  }
}
