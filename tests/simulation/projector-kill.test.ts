// Projectors as processes: killed while they work, frozen and thawed, given a backlog. The position never goes back, nothing is lost
// or doubled, and every replay from the first change on leaves the same bytes.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFirstData } from '../../src/commands/first-data.ts'
import { type Change, comparePositions, type Position } from '../../src/domain/change.ts'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { type Database, openPool } from '../../src/engines/postgres/connect.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Master, Write } from '../../src/ports/master.ts'
import { openProject } from '../../src/services/project/project.ts'
import { seedReviews } from '../../src/services/write/seed-reviews.ts'
import { history } from '../contracts/histories.ts'
import { testPostgres } from '../postgres.ts'
import { seeded } from '../random.ts'
import { sampleEditor } from '../samples.ts'
import { poison } from './oracle.ts'
import type { Said } from './projector-process.ts'
import { drawn, sizes } from './sizes.ts'

const { kills, changesEach, backlog } = sizes

let stack: AsyncDisposableStack
let folder: string
let url: string
let master: Master
let admin: Database

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  folder = await mkdtemp(join(tmpdir(), 'rcr-projector-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  url = database.url
  await prepareDatabase(url, log)
  admin = openPool({ url, role: null, max: 2, log })
  stack.defer(() => admin.close())
  master = await openLmdbMaster({ folder, clock, random })
  stack.defer(() => master.close())
})
afterEach(() => stack.disposeAsync())

interface Projecting {
  child: ChildProcess
  begun: Promise<void>
  ended: Promise<void>
}

function startProjector(): Projecting {
  const child = spawn(process.execPath, [join(import.meta.dir, 'projector-process.ts'), folder, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  stack.defer(async () => {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended, begun: hears(child, 'projecting') }
}

const hears = (child: ChildProcess, word: Said) =>
  new Promise<void>((resolve) => child.stdout?.on('data', (said: Buffer) => said.toString().includes(word) && resolve()))

async function readersAt(): Promise<Position | null> {
  const [live] = await admin.query<{ schema: string }>('select schema from content.live')
  const [position] = live ? await admin.query<Position>(`select epoch, seq from "${live.schema}".applied`) : []
  return position ?? null
}

/** Looks all the while; rejects as soon as readers are taken back. */
async function watch(signal: AbortSignal): Promise<void> {
  let seen: Position = { epoch: '', seq: 0 }
  while (!signal.aborted) {
    const now = (await readersAt()) ?? seen
    if (comparePositions(now, seen) < 0) throw new Error(`back from ${seen.seq} to ${now.seq}`)
    seen = now
    await clock.sleep(2)
  }
}

/** The changes of a history, some of them poison, the last one for certain, in commits of a few. */
async function* commits(seed: number, changes: readonly Change[]): AsyncGenerator<number> {
  const chance = seeded(seed)
  let writes: Write[] = []
  const send = async () => {
    const outcome = await master.commit({ at: new Date(clock.now()).toISOString(), by: null, writes })
    if (!outcome.committed) throw new Error(outcome.because)
    writes = []
    return outcome.position.seq
  }
  for (const { kind, id, version, document } of changes) {
    if (writes.some((write) => write.id === id) || writes.length > chance() * 20) yield await send()
    const written = document && chance() < 0.01 ? { ...document, title: poison, model: poison, byline: poison } : document
    writes.push({ kind, id, expected: version - 1, document: written } as Write)
  }
  yield await send()
  const editor = sampleEditor(9999, { byline: poison })
  writes = [{ kind: 'editor', id: editor.id, expected: 0, document: editor }]
  yield await send()
}

async function settled(seq: number): Promise<void> {
  while (((await readersAt())?.seq ?? 0) < seq) await clock.sleep(5)
}

const projector = () => {
  const projection = openProjection({ url, clock, log })
  stack.defer(() => projection.close())
  const project = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) })
  return { projection, project }
}
const watching = { signal: new AbortController().signal, progress: () => {} }

test(`kill -9 of a projector ${kills} times during ${kills * changesEach} changes, another one frozen meanwhile: nothing lost, never back`, async () => {
  console.log(`seed ${drawn}: SEED=${drawn} repeats it`)
  const chance = seeded(drawn)
  const { changes } = history(drawn, kills * changesEach)
  const writing = commits(drawn, changes.slice(0, kills * changesEach))
  const stop = new AbortController()
  const watched = watch(stop.signal)
  let other: Projecting | null = null
  let seq = 0
  for (let round = 1; round <= kills; round++) {
    const victim = startProjector()
    if (round === Math.ceil(kills / 3)) other = startProjector()
    if (round === Math.ceil(kills / 2)) other?.child.kill('SIGSTOP')
    if (round === Math.ceil((kills * 2) / 3)) other?.child.kill('SIGCONT')
    const until = round < kills ? round * changesEach : Number.POSITIVE_INFINITY
    const killing = victim.begun.then(() => clock.sleep(chance() * 300)).then(() => victim.child.kill('SIGKILL'))
    while (seq < until) {
      const { value, done } = await writing.next()
      if (done) break
      seq = value
    }
    await killing
    await victim.ended
  }
  await settled((await master.head()).seq)
  stop.abort()
  await watched
  other?.child.kill('SIGTERM')
  await other?.ended
  const { project, projection } = projector()
  const report = await project.verify(watching)
  expect(report).toMatchObject({ differing: [], differences: [], position: await master.head() })
  expect(report.parked.length).toBeGreaterThan(0)
  // The table that caches follow: each change at most once, by its key, and of those that readers could see none is missing.
  const [live] = (await projection.builds()).filter((build) => build.live)
  const { schema } = await project.rebuild(watching)
  const told = async (of: string) => (await admin.query(`select seq, kind, id, act from "${of}".change order by seq`)).length
  expect(await told(live?.schema ?? '')).toBe(await told(schema))
}, 1_800_000)

test(`a backlog of ${backlog} changes is worked off, and again from zero, three times, into the same bytes`, async () => {
  const firstData = await readFirstData()
  await seedReviews({ master, clock, log, firstData, reviews: backlog, seed: 1, signal: watching.signal, onProgress: () => {} })
  const { project, projection } = projector()
  const sums: string[] = []
  for (let round = 1; round <= 3; round++) {
    const begunMs = clock.monotonic()
    const { schema, position } = await project.rebuild(watching)
    console.log(`${position.seq} changes in ${((clock.monotonic() - begunMs) / 1000).toFixed(1)} s, comparing included`)
    sums.push(JSON.stringify((await projection.checksums(schema)).tables))
    await projection.prune(0)
  }
  expect(new Set(sums).size).toBe(1)
}, 3_600_000)
