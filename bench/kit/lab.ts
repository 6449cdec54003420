// The bench on which the system under test stands: a seeded data folder, the system as a process of its own, and its database.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Core, cpuUs, postgresOf, run, type Started, start, type Tool } from './process.ts'
import type { Line } from './table.ts'

const root = join(import.meta.dir, '..', '..')
const rcr = [process.execPath, join(root, 'src', 'main.ts')]

export interface Benchmark {
  title: string
  needs: readonly Tool[]
  run(lab: Lab): Promise<Line[]>
}

export interface Lab {
  /** Rounds of each side, and how long one lasts. */
  turns: number
  /** Rounds of each side before that: our server and its misses get faster over the first thousands, until they are compiled. */
  warmUps: number
  seconds: number
  /** For whatever a benchmark writes. Gone afterwards. */
  folder: string
  say(text: string): void
  /** A data folder whose read model holds all seeded reviews: so many, or as many as for every benchmark. No system runs on it. */
  seeded(reviews?: number): Promise<string>
  /** As many as `seeded` brings by itself, as many as for what shall not grow with them, and as many as a projector finds that was away. */
  sizes: { usual: number; large: number; backlog: number }
  /** The sizes at which it is measured how long readers wait. */
  waitedAt: readonly number[]
  /** The system over a data folder, up and following. */
  system(data: string, options?: Options): Promise<System>
  /** A command over a data folder, to its end. */
  rcr(data: string, ...words: string[]): Promise<string>
}

interface Options {
  core?: Core
  cacheMib?: number
  /** Processes on its port. */
  workers?: number
  /** Up is enough: it has not read all of the log yet. */
  behind?: boolean
  env?: Record<string, string>
}

export interface System extends Started {
  url: string
  opsUrl: string
  /** Without a scheme. */
  grpcAddress: string
  /** Process id of the PostgreSQL that it runs. */
  postgres: number
  /** Which spends what, for `spending`. */
  spenders: Readonly<Record<'server' | 'database', () => number>>
  database(): Database
  /** What the operators' page says. */
  detail(): Promise<Detail>
  /** Resolves when readers see the whole log. */
  caughtUp(): Promise<void>
}

/** How pgbench and a client of ours reach the database of a system. */
export interface Database {
  host: string
  port: number
  user: string
  password: string
  url: string
}

interface Detail {
  workers?: { pid: number }[]
  project: { state: string; position: { seq: number } | null }
  read: { position: { seq: number } | null; cache: Record<string, number> }
}

export interface LabOptions {
  turns: number
  warmUps: number
  seconds: number
  sizes: Lab['sizes']
  waitedAt: Lab['waitedAt']
  /** A folder with as many seeded reviews as the large size has: used in place of seeding them, and left where it is. */
  largeData: string | null
  say(text: string): void
}

export function openLab({ turns, warmUps, seconds, sizes, waitedAt, largeData, say }: LabOptions): Lab & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'rcr-bench-'))
  const seedings = new Map<number, Promise<string>>()
  return {
    turns,
    warmUps,
    seconds,
    folder,
    sizes,
    waitedAt,
    say,
    seeded(reviews = sizes.usual) {
      const given = reviews === sizes.large ? largeData : null
      const seeding = seedings.get(reviews) ?? (given === null ? seedInto(join(folder, `data-${reviews}`), reviews, say) : projected(given))
      seedings.set(reviews, seeding)
      return seeding
    },
    system: startSystem,
    rcr: runCommand,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function seedInto(data: string, reviews: number, say: Lab['say']): Promise<string> {
  say(`seeding ${reviews.toLocaleString('en')} reviews …`)
  await runCommand(data, 'seed', '--reviews', String(reviews))
  return projected(data)
}

async function projected(data: string): Promise<string> {
  const system = await startSystem(data, { core: 'any' })
  await system.stop()
  return data
}

const runCommand = (data: string, ...words: string[]) => run('any', [...rcr, ...words], settingsFor(data))

const settingsFor = (data: string) => ({
  RCR_DATA: data,
  RCR_LIMITS: 'off',
  RCR_LOG: 'error',
  RCR_HTTP_PORT: '0',
  RCR_OPS_PORT: '0',
  RCR_GRPC_PORT: '0',
})

export const startWords = [...rcr, 'start'] as const
export const startSettings = settingsFor
/** What `start` says when it serves: its address, that of gRPC where there is one, and that of the operators' page. */
export const isUp = /reviews\s+(http\S+)\/api\/v1\/content[\s\S]*?(?:gRPC\s+(\S+)\n[\s\S]*?)?operators\s+(http\S+)\/readyz/

async function startSystem(
  data: string,
  { core = 'server', cacheMib, workers = 1, behind = false, env: more }: Options = {},
): Promise<System> {
  const cache = cacheMib === undefined ? {} : { RCR_CACHE_MIB: String(cacheMib) }
  const env = { ...settingsFor(data), RCR_WORKERS: String(workers), ...cache, ...more }
  const started = await start({ core, words: startWords, env, ready: isUp })
  const [, url = '', grpcAddress = '', opsUrl = ''] = started.said
  const detail = async () => (await (await fetch(`${opsUrl}/readyz`)).json()) as Detail
  const caughtUp = () =>
    until(async () => {
      const { project, read } = await detail()
      return project.state === 'following' && read.position !== null && read.position.seq === project.position?.seq
    })
  if (!behind) await caughtUp()
  const postgres = postgresOf(started.pid)
  return {
    ...started,
    url,
    opsUrl,
    grpcAddress,
    postgres,
    spenders: { server: () => cpuUs(started.pid), database: () => cpuUs(postgres, 'family') },
    database: () => databaseOf(join(data, 'postgres')),
    detail,
    caughtUp,
  }
}

/** Every 50 ms; an hour at the most, for a million reviews may be projected meanwhile. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 72_000) throw new Error('the system does not catch up')
    await Bun.sleep(50)
  }
}

function databaseOf(folder: string): Database {
  const line = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  if (!existsSync(join(folder, 'secret'))) throw new Error(`${folder} holds no PostgreSQL of ours`)
  const parts = { host: '127.0.0.1', port: Number(line('port')), user: 'rcr', password: line('secret') }
  return { ...parts, url: `postgres://${parts.user}:${parts.password}@${parts.host}:${parts.port}/postgres` }
}

/** The schema that readers use. */
export async function liveSchema(database: Database): Promise<string> {
  const [live] = await query<{ schema: string }>(database, 'select schema from content.live order by switched_at desc limit 1')
  if (live === undefined) throw new Error('there is no read model')
  return live.schema
}

/** Rows of the read model, for choosing what to ask. */
export async function ask<R extends object>(database: Database, text: string): Promise<R[]> {
  return query(database, text.replaceAll('build.', `"${await liveSchema(database)}".`))
}

/** Texts by number from 0 on, in a table that pgbench can take one from; gone with whoever opened it. */
export async function numbered(database: Database, texts: readonly string[]): Promise<{ text(number: string): string } & AsyncDisposable> {
  const drop = 'drop schema if exists bench cascade'
  await query(database, `${drop}; create schema bench; create unlogged table bench.text (n int, t text, primary key (n) include (t))`)
  await query(database, 'insert into bench.text select n - 1, t from unnest($1::text[]) with ordinality as given(t, n)', [texts])
  await query(database, 'vacuum analyze bench.text') // so that the index alone is read
  return {
    text: (number) => `(select t from bench.text where n = ${number})`,
    async [Symbol.asyncDispose]() {
      await query(database, drop)
    },
  }
}

async function query<R extends object>({ url }: Database, text: string, values?: unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
    .query<R>(text, values)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}
