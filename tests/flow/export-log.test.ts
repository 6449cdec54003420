// The log as lines of JSON: whoever exports it has every change once and in order, whatever the master, however often it breaks off.
import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import type { Master } from '../../src/ports/master.ts'
import { dynamoIsMissing, dynamoSettings, testTable } from '../dynamodb.ts'
import { rcr } from '../process.ts'
import { sampleReview, sampleTime } from '../samples.ts'
import { straceFault, straceWords } from '../strace.ts'
import { wholeLog } from '../whole-log.ts'

const around = { clock: systemClock, random: secureRandom }
const stack = new AsyncDisposableStack()
afterAll(() => stack.disposeAsync())

interface Place {
  folder: string
  master: Master
  environment: Record<string, string>
}

async function onLmdb(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-export-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const master = await openLmdbMaster({ folder: join(folder, 'master'), ...around })
  stack.defer(() => master.close())
  return { folder, master, environment: {} }
}

async function onDynamo(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-export-'))
  const { endpoint, table, call, drop } = await testTable()
  stack.defer(() => rm(folder, { recursive: true }))
  stack.defer(drop)
  const master = await openDynamoMaster({ table, call, ...around, commitMs: 30_000 })
  stack.defer(() => master.close())
  const environment = dynamoSettings(endpoint, table)
  return { folder, master, environment }
}

async function write(master: Master, from: number, to: number) {
  const writes = Array.from({ length: to - from + 1 }, (_, n) => {
    const document = sampleReview(from + n)
    return { kind: 'review' as const, id: document.id, expected: 0, document }
  })
  const outcome = await master.commit({ at: sampleTime, by: null, writes })
  expect(outcome.committed).toBe(true)
}

/** Everything that the log holds, as it is to be written. */
async function linesOf(master: Master) {
  const { epoch } = await master.head()
  return (await wholeLog(master)).map((change) => ({ epoch, ...change }))
}
const parsed = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const exporting = (folder: string, environment: Record<string, string>) => {
  const file = join(folder, 'log.ndjson')
  const traced = async (before: readonly string[], ...words: string[]) => {
    const one = rcr(folder, ['export-log', ...words], { RCR_LOG: 'error', ...environment }, before)
    return { status: await one.ended, output: one.output() }
  }
  return { file, traced, exported: (...words: string[]) => traced([], ...words) }
}

test.each([
  { engine: 'LMDB', open: onLmdb, isMissing: false },
  { engine: 'DynamoDB', open: onDynamo, isMissing: dynamoIsMissing !== null },
])(
  'the log of a master on $engine is written once and in order, and is gone on with after a crash in the middle of a line',
  async ({ open, isMissing }) => {
    if (isMissing) return
    const { folder, master, environment } = await open()
    const { file, exported } = exporting(folder, environment)
    await write(master, 1, 30)
    await write(master, 31, 60)
    const { id } = sampleReview(7)
    await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id, expected: 1, document: null }] })
    expect(await exported('--to', file)).toMatchObject({ status: 0, output: expect.stringContaining('up to change 61; 61 are new.') })
    expect(parsed(await readFile(file, 'utf8'))).toEqual(await linesOf(master))

    const whole = await readFile(file)
    await writeFile(file, whole.subarray(0, whole.length - 100))
    await write(master, 61, 70)
    expect(await exported('--to', file)).toMatchObject({ status: 0, output: expect.stringContaining('up to change 71; 11 are new.') })
    expect(parsed(await readFile(file, 'utf8'))).toEqual(await linesOf(master))
  },
  60_000,
)

test('it goes to standard output from any change on, and never into a file that holds something else, or would get a hole', async () => {
  const { folder, master, environment } = await onLmdb()
  const { file, exported } = exporting(folder, environment)
  await write(master, 1, 9)
  const { output } = await exported('--from', '7')
  expect(parsed(output)).toEqual((await linesOf(master)).slice(6))

  const { epoch } = await master.head()
  for (const [content, why, ...more] of [
    [`${JSON.stringify({ epoch, seq: 5 })}\n`, 'would have a hole', '--from', '7'],
    [`${JSON.stringify({ epoch: '2020-01-01', seq: 5 })}\n`, 'of epoch 2020-01-01'],
    ['something else\n', 'something else than an exported log'],
    ['something else', 'something else than an exported log'],
  ] as const) {
    await writeFile(file, content)
    expect(await exported('--to', file, ...more)).toMatchObject({ status: 1, output: expect.stringContaining(why) })
    expect(await readFile(file, 'utf8')).toBe(content)
  }
}, 60_000)

test.skipIf(straceFault !== null)(
  'when it says that a file holds the log, the name of that file is on stable storage too',
  async () => {
    const { folder, master } = await onLmdb()
    const { file, traced } = exporting(folder, {})
    await write(master, 1, 3)
    const trace = join(folder, 'trace')
    expect(await traced(straceWords({ to: trace, calls: ['fsync'] }), '--to', file)).toMatchObject({ status: 0 })
    const synced = (await readFile(trace, 'utf8')).matchAll(/fsync\(\d+<([^>]+)>/g)
    expect([...synced].map(([, path]) => path).slice(-2)).toEqual([file, folder])
  },
  60_000,
)
if (straceFault !== null) process.stderr.write(`not run: what an export syncs: ${straceFault}\n`)
