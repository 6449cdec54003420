import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../../engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../../kit/clock.ts'
import { silentLog } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit, Master } from '../../ports/master.ts'
import type { FirstData } from './first-data.ts'
import { seedReviews } from './seed-reviews.ts'

const firstData: FirstData = {
  editors: [
    { byline: 'North desk', slug: 'north' },
    { byline: 'South desk', slug: 'south' },
  ],
  cameras: ['One', 'Two', 'Three'].map((model) => ({ brand: 'Brand', model, mount: 'B', type: 'mirrorless', sensor: { format: 'aps-c' } })),
  lenses: [
    { brand: 'Brand', model: '35mm', mount: 'B', coverage: 'aps-c', focalMinMm: 35, focalMaxMm: 35, apertureWide: 2, apertureTele: 2 },
  ],
  reviews: [],
}

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function emptyMaster(): Promise<Master> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-'))
  const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
  opened.push(async () => {
    await master.close()
    await rm(folder, { recursive: true })
  })
  return master
}

const seed = (master: Master, reviews: number, more: { signal?: AbortSignal; onProgress?: () => void } = {}) =>
  seedReviews({
    ...{ master, clock: systemClock, log: silentLog, firstData, reviews, seed: 1 },
    signal: more.signal ?? new AbortController().signal,
    onProgress: more.onProgress ?? (() => {}),
  })

/** All that the log holds of reviews, as text without the times of this run. */
async function reviewsOf(master: Master): Promise<string[]> {
  const found: string[] = []
  for (let seq = 0; ; ) {
    const changes = await master.feed(seq, 1000)
    if (changes.length === 0) return found.sort()
    seq = changes.at(-1)?.seq ?? seq
    for (const { kind, document } of changes)
      if (kind === 'review') found.push(JSON.stringify({ ...document, createdAt: null, updatedAt: null }))
  }
}

/** The same master whose commits pass through `commit`. */
const through = (master: Master, commit: (commit: Commit) => ReturnType<Master['commit']>): Master => ({ ...master, commit })

test('an empty master gets the first data and as many published reviews as were asked for', async () => {
  const master = await emptyMaster()
  const told: unknown[] = []
  const seeded = await seedReviews({
    ...{ master, clock: systemClock, log: silentLog, firstData, reviews: 130, seed: 1 },
    signal: new AbortController().signal,
    onProgress: (progress) => told.push(progress),
  })
  expect(seeded).toEqual({ added: 130, reviews: 130 })
  expect(told.at(-1)).toMatchObject({ done: 130, of: 130, restS: 0 })
  expect((await master.list('reviews', '*/published', { limit: 200 })).documents).toHaveLength(130)
  expect((await master.list('cameras', '*', { limit: 200 })).documents).toHaveLength(3)
})

test('again, nothing comes twice; more of them only add what is missing', async () => {
  const master = await emptyMaster()
  await seed(master, 400)
  expect(await seed(master, 400)).toEqual({ added: 0, reviews: 400 })
  expect(await seed(master, 900)).toEqual({ added: 500, reviews: 900 })
  expect(await reviewsOf(master)).toHaveLength(900)
})

test('interrupted by a signal it ends soon; repeated it becomes what it would have been', async () => {
  const [broken, whole] = [await emptyMaster(), await emptyMaster()]
  const stop = new AbortController()
  let commits = 0
  const counting = through(broken, (commit) => {
    if (++commits === 12) stop.abort()
    return broken.commit(commit)
  })
  const first = await seed(counting, 2000, { signal: stop.signal })
  expect(first.added).toBeWithin(40, 1200)
  expect(first.reviews).toBe(first.added)
  expect((await seed(broken, 2000)).added).toBe(2000 - first.added)
  await seed(whole, 2000)
  expect(await reviewsOf(broken)).toEqual(await reviewsOf(whole))
})

test('a master that is late for a while is waited for, whether or not it stored what it was late with', async () => {
  const master = await emptyMaster()
  let commits = 0
  const late = through(master, async (commit) => {
    commits += 1
    if (commits === 15) await master.commit(commit)
    if (commits >= 15 && commits < 19) throw new Refusal('unavailable', 'late', { code: 'master-late' })
    return master.commit(commit)
  })
  const clock = { ...systemClock, sleep: () => Promise.resolve() }
  const options = { clock, log: silentLog, firstData, reviews: 2000, seed: 1, onProgress: () => {} }
  expect(await seedReviews({ ...options, master: late, signal: new AbortController().signal })).toMatchObject({ reviews: 2000 })
  expect(await reviewsOf(master)).toHaveLength(2000)
})

test('a master that stays away ends it with its own words', async () => {
  const master = await emptyMaster()
  let commits = 0
  const gone = through(master, (commit) => {
    commits += 1
    return commits < 15 ? master.commit(commit) : Promise.reject(new Refusal('unavailable', 'it stays away'))
  })
  let ms = 0
  const pass = async (more: number) => {
    ms += more
  }
  const clock = { ...systemClock, monotonic: () => ms, sleep: pass }
  const options = { clock, log: silentLog, firstData, reviews: 2000, seed: 1, onProgress: () => {} }
  await expect(seedReviews({ ...options, master: gone, signal: new AbortController().signal })).rejects.toThrow('it stays away')
})

test('a commit that fails among others in flight leaves a gap that the next run closes', async () => {
  const master = await emptyMaster()
  let commits = 0
  const failing = through(master, (commit) => (++commits === 15 ? Promise.reject(new Error('the disk is gone')) : master.commit(commit)))
  await expect(seed(failing, 2000)).rejects.toThrow('the disk is gone')
  const left = (await reviewsOf(master)).length
  expect(left).toBeWithin(200, 1999)
  expect((await seed(master, 2000)).added).toBe(2000 - left)
  expect(await reviewsOf(master)).toHaveLength(2000)
})

test('it goes on where it ended instead of looking at all that is there', async () => {
  const master = await emptyMaster()
  await seed(master, 3000)
  let looks = 0
  const counting: Master = {
    ...master,
    versionOf: (kind, id) => {
      looks++
      return master.versionOf(kind, id)
    },
  }
  await seed(counting, 3000)
  expect(looks).toBeLessThan(100)
})

test('a review that somebody deleted does not come back', async () => {
  const master = await emptyMaster()
  await seed(master, 100)
  const { documents } = await master.list('reviews', '*', { limit: 1 })
  const [one] = documents
  if (one === undefined) throw new Error('no review')
  await master.commit({
    at: new Date(0).toISOString(),
    by: null,
    writes: [{ kind: 'review', id: one.id, expected: 1, document: null }],
    claims: { release: [{ name: `slug:review:${one.slug}`, owner: one.id }] },
  })
  expect(await seed(master, 100)).toEqual({ added: 0, reviews: 100 })
  expect(await master.read('review', one.id)).toBeNull()
})
