// The matrix: who fails in which way in the whole world, what readers and editors saw meanwhile, and how long until all was whole.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findHaproxy } from '../../scripts/world/engines.ts'
import { openWorld } from '../../scripts/world/open-world.ts'
import { home, type Region, regions } from '../../scripts/world/plan.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { dynamoIsMissing } from '../dynamodb.ts'
import { expectNothingLost } from '../newsroom.ts'
import { until } from '../ring.ts'
import { type Cell, databases, hows, labelOf, master, nameOf, notApplicable, phases, processOf, whos } from './matrix/cells.ts'
import { startEditor } from './matrix/editor.ts'
import { observe, type Seen, seenIn, untilCalm, type Watched, watchStandstill } from './matrix/observe.ts'
import { broken, told } from './matrix/promises.ts'
import { cachedPaths, startReaders } from './matrix/readers.ts'
import { isLong, sizes } from './matrix/sizes.ts'
import { type Line, writeTable } from './matrix/table.ts'
import { untilWhole } from './matrix/whole.ts'

const isThere = (() => {
  try {
    return findHaproxy() !== '' && (master === 'lmdb' || dynamoIsMissing === null)
  } catch (error) {
    if (process.env.CI === 'true') throw error
    return false
  }
})()

const folder = mkdtempSync(join(tmpdir(), 'rcr-matrix-'))
const faultMs = ([cell]: readonly Cell[]) => (cell?.how === 'pause' ? sizes.pauseS : sizes.faultS) * 1000
const downMs = sizes.downS * 1000
const wholeMs = sizes.wholeS * 1000
const timeoutMs = Math.max(sizes.pauseS * 1000, downMs) + wholeMs + 30_000
const lines: Line[] = []
const stack = new AsyncDisposableStack()
stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
let watched: Watched
let slugs: string[] = []

beforeAll(async () => {
  if (!isThere) return
  const world = stack.use(
    await openWorld({
      folder,
      port: 20_000 + 400 * Math.floor(Math.random() * 30),
      master,
      readersPerRegion: 1,
      reviews: 0,
      distances: { 'sa-na': 60, 'sa-eu': 80, 'sa-as': 100, 'na-eu': 30, 'na-as': 90, 'eu-as': 70 },
      limits: { reading: 1_000_000, other: 1_000_000 },
      settings: { RCR_LIMITS: 'off', RCR_BREAKER: sizes.breaker },
      everyWay: true,
      say: () => {},
    }),
  )
  const listed = await fetch(`${world.urls[home]}/api/v1/content?limit=20`)
  slugs = ((await listed.json()) as { data: { slug: string }[] }).data.map(({ slug }) => slug)
  const editor = await startEditor(`${world.urls[home]}/api/v1`)
  stack.defer(() => editor.stop())
  const readers = startReaders(world.urls, slugs, editor.revised)
  stack.defer(() => readers.stop())
  watched = { world, editor, readers }
  await until(() => readers.asked.length > 200)
  await untilWhole(watched, regions, wholeMs)
}, 120_000)

afterAll(async () => {
  if (isThere && isLong) writeTable([...lines, ...whyNot()], order, `${sizes.faultS} s of each pause, slow or cut way`)
  await stack.disposeAsync()
}, 120_000)

const every = whos.flatMap((who) => hows.map((how): Cell => ({ who, how })))
const masters = ['master (LMDB)', 'master (DynamoDB)'].flatMap((who) => hows.map((how) => `${who}, ${how}`))
const down = { write: 'write region, down', replica: 'near replica, kept dead', databases: 'all databases, down' }
const order = [...masters, ...every.filter(({ who }) => who !== 'master').map(nameOf), ...Object.values(down)]
const whyNot = (): Line[] =>
  every.flatMap((cell) => {
    const seen = master === 'lmdb' || cell.who === 'master' ? notApplicable(cell) : null
    return seen === null ? [] : [{ who: labelOf(cell.who), how: cell.how, seen }]
  })

interface Outcome {
  name: string
  seen: Seen
  /** What was not kept, in words. */
  broken: string[]
}

/** Of a machine that runs nothing else: attempts in which it stood still longer are repeated where something was not kept. */
const stillMs = 50
const attempts = 4

async function undisturbed(attempt: () => Promise<Outcome[]>): Promise<Outcome[]> {
  for (let n = 1; ; n++) {
    const outcomes = await attempt()
    if (process.env.MATRIX_SHOW) console.log(`attempt ${n}`, JSON.stringify(outcomes, null, 1))
    if (n < attempts && outcomes.some(({ seen, broken }) => broken.length > 0 && seen.stoodStillMs > stillMs)) continue
    for (const { name, seen } of outcomes) {
      const [who = '', how = ''] = name.split(', ')
      lines.push({ who, how, seen })
    }
    return outcomes
  }
}

/** Observed once for all cells that fail at the same time. */
function once(cells: readonly Cell[]): () => Promise<Outcome[]> {
  let running: Promise<Outcome[]> | null = null
  return () => {
    running ??= undisturbed(async () => {
      const all = await observe(cells, watched, faultMs(cells), wholeMs)
      return cells.map((cell) => {
        const seen = all.get(nameOf(cell)) ?? expect.unreachable(nameOf(cell))
        return { name: nameOf(cell), seen, broken: broken(cell, seen) }
      })
    })
    return running
  }
}

interface Away {
  name: string
  processes: readonly string[]
  own: readonly Region[]
  /** While they are away: what is not kept then. */
  meanwhile(startMs: number): Promise<string[]>
  broken(seen: Seen): string[]
}

/** These processes are away for a while, and what was seen until all was whole again. */
const without = ({ name, processes, own, meanwhile, broken }: Away): Promise<Outcome[]> =>
  undisturbed(async () => {
    await untilCalm(watched.readers)
    using standstill = watchStandstill()
    const startMs = systemClock.monotonic()
    const away = processes.map((one) => processOf(watched.world, one))
    const faults: string[] = []
    try {
      await Promise.all(away.map((one) => one.hold()))
      faults.push(...(await meanwhile(startMs)))
      await systemClock.sleep(Math.max(0, startMs + downMs - systemClock.monotonic()))
    } finally {
      for (const one of away) one.release()
    }
    const endMs = systemClock.monotonic()
    await untilWhole(watched, own, wholeMs)
    const seen = { ...seenIn(watched, { startMs, endMs, untilMs: systemClock.monotonic() }, own), stoodStillMs: standstill.longestMs() }
    return [{ name, seen, broken: [...faults, ...broken(seen)] }]
  })

const get = async (region: Region, path: string) => {
  const sinceMs = systemClock.monotonic()
  const response = await fetch(`${watched.world.urls[region]}/api/v1${path}`, { keepalive: false })
  await response.arrayBuffer()
  const tookMs = systemClock.monotonic() - sinceMs
  const marked = /detail=stale/.test(response.headers.get('cache-status') ?? '')
  return { status: response.status, marked, retryAfter: response.headers.get('retry-after'), tookMs }
}

/** Of all databases being away: what is in memory is served and marked, all else refused at once. */
async function fromMemory(region: Region): Promise<string[]> {
  const inMemory = cachedPaths(slugs)
  // What was confirmed less than five seconds ago is fresh.
  for (const path of inMemory) await until(async () => (await get(region, path)).marked)
  const faults: string[] = []
  for (const path of inMemory) {
    const { status, marked } = await get(region, path)
    if (status !== 200 || !marked) faults.push(`${region} ${path}: ${status}, ${marked ? 'marked' : 'not marked'}`)
  }
  const tookMs: number[] = []
  for (let n = 0; n < 20; n++) {
    const since = new Date(systemClock.now() + n).toISOString()
    const { status, retryAfter, tookMs: ms } = await get(region, `/content?publishedAfter=${since}`)
    if (status !== 503 || retryAfter === null) faults.push(`${region}: ${status} after ${retryAfter}`)
    tookMs.push(Math.round(ms))
  }
  // One now and then finds out that they are still away, and waits for their distance.
  const slow = tookMs.filter((ms) => ms >= refusedMs)
  return slow.length > 2 ? [...faults, `${region} refuses after ${slow.join(', ')} ms`] : faults
}
const refusedMs = 100

describe.skipIf(!isThere)('with readers in four regions and an editor at home', () => {
  for (const cells of phases()) {
    const outcomes = once(cells)
    for (const cell of cells)
      test(
        nameOf(cell),
        async () => expect((await outcomes()).find(({ name }) => name === nameOf(cell))?.broken).toEqual([]),
        timeoutMs * attempts,
      )
  }

  const kept = async (away: Away) => expect((await without(away)).flatMap((outcome) => outcome.broken)).toEqual([])
  const nothing = async () => []

  test.skipIf(master !== 'lmdb')(
    'the write region is wholly down: every read is answered in all regions',
    () =>
      kept({
        name: down.write,
        processes: ['home', 'primary'],
        own: regions,
        meanwhile: nothing,
        broken: ({ reads }) => (reads.unanswered > 0 ? [told(reads)] : []),
      }),
    timeoutMs * attempts,
  )

  test.skipIf(master !== 'lmdb')(
    'the near replica is killed and stays dead: no read fails after two seconds, and none at all of what is in memory',
    () =>
      kept({
        name: down.replica,
        processes: ['database-eu'],
        own: ['eu'],
        meanwhile: nothing,
        broken: (seen) => broken({ who: 'near replica', how: 'kill -9' }, seen),
      }),
    timeoutMs * attempts,
  )

  test.skipIf(master !== 'lmdb')(
    'all databases are down: what is in memory is served, marked; all else is refused within 100 ms',
    () =>
      kept({
        name: down.databases,
        processes: databases,
        own: regions,
        meanwhile: async () => (await Promise.all(regions.map(fromMemory))).flat(),
        broken: ({ reads }) => (reads.unansweredCached > 0 || reads.refused < reads.unanswered ? [told(reads)] : []),
      }),
    timeoutMs * attempts,
  )

  test('nothing that was acknowledged is lost, and nobody who carries a token went back', async () => {
    const { editor, readers, world } = watched
    await editor.stop()
    await expectNothingLost(`${world.urls[home]}/api/v1`, editor.authorization(), editor.ledger)
    expect(readers.wentBack).toEqual([])
  }, 300_000)
})
