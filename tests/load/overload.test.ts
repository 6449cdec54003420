// More is asked than can be answered: the excess is refused at once, what is in memory is always answered, and afterwards all is as before.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Found } from './client.ts'
import { coldList, isLong, load, pageOf, patienceMs, rateOf, type Standing, sizes, spendingOf, standing, until } from './load.ts'

// A little below what is let in at once: nothing is refused, and nothing is idle.
const connections = 12
const inMemory = '/api/v1/content?limit=5'

let here: Standing

beforeAll(async () => {
  here = await standing({ RCR_CACHE_MIB: '512' }) // what is asked beside the flood stays in memory
  await flat({ connections }, 2) // plans and machine code are made
}, 60_000)
afterAll(() => here?.[Symbol.asyncDispose]())

const flat = (pace: Parameters<typeof load>[0]['pace'], seconds: number) => load({ url: here.system.api, pace, seconds, paths: [coldList] })

/** Beside a load: a reader of what is in memory, and whoever asks whether the system is ready. */
async function beside<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  const asked: { status: number; cache: string | null; ready: number }[] = []
  while (!isOver) {
    const [hit, ready] = await Promise.all([fetch(here.system.api + inMemory), fetch(`${here.system.ops}/readyz`)])
    asked.push({ status: hit.status, cache: hit.headers.get('cache-status'), ready: ready.status })
    await Promise.race([over, Bun.sleep(50)])
  }
  expect(asked.length).toBeGreaterThan(2)
  const others = asked.filter(({ status, cache, ready }) => status !== 200 || ready !== 200 || !/hit|stale/.test(cache ?? ''))
  expect(others).toEqual([])
  return over
}

interface Attempt {
  share: number
  found: Found
  /** What the gate says that it has refused. */
  refused: number
  /** Answers that were stale, each of which may have had one question asked behind it. */
  refreshes: number
  /** Of the maximum that was measured just before. */
  goodput: number
  /** Time of the server on the processor, for an answer at the maximum and for a refusal, in ms. */
  answerMs: number
  refusalMs: number
}

/** The most that the cold path gives now, then more than that. */
async function attempt(share: number, seconds: number): Promise<Attempt> {
  await until(
    () => pageOf(here.system),
    ({ load: { query } }) => query.running + query.waiting === 0,
  )
  const spentAtMost = spendingOf(here.system)
  const most = await flat({ connections }, sizes.measureS)
  const answerMs = spentAtMost() / count(most, '200')
  if (isLong) expect(Object.keys(most.byStatus)).toEqual(['200'])
  await (await fetch(here.system.api + inMemory)).text() // in half a minute a quick machine fills the cache anew
  const [before, spent] = [await pageOf(here.system), spendingOf(here.system)]
  const found = await beside(flat({ perSecond: share * rateOf(most) }, seconds))
  const refusalMs = Math.max(0, spent() - answerMs * count(found, '200')) / Math.max(1, count(found, '503'))
  const after = await pageOf(here.system)
  const refused = after.load.query.refused - before.load.query.refused
  const staleIn = ({ read: { cache } }: typeof after) => cache.stale + cache.rescued
  const refreshes = staleIn(after) - staleIn(before)
  const goodput = rateOf(found) / rateOf(most)
  const { 503: no, 200: yes } = found.byStatus
  console.log(
    `${share * 100} % of ${Math.round(rateOf(most))}/s: answered ${Math.round(100 * goodput)} % of the maximum, p99 ${yes?.p99Ms} ms, ` +
      `${answerMs.toFixed(2)} ms of the server each; refused ${no?.count ?? 0}, p50 ${no?.p50Ms} ms, p99 ${no?.p99Ms} ms, ${refusalMs.toFixed(2)} ms each`,
  )
  return { share, found, refused, refreshes, goodput, answerMs, refusalMs }
}

const count = ({ byStatus }: Found, status: string): number => byStatus[status]?.count ?? 0

/**
 * Nothing but answers and refusals, these with the time to come back. Where others stop the machine for a second the database is late
 * or away for us, which is told by 504 and by 503 of another kind.
 */
function expectAnswersAndRefusals({ found, refused, refreshes }: Attempt): void {
  const right = isLong ? ['200', '503'] : ['200', '503', '504']
  expect(Object.keys(found.byStatus).filter((status) => !right.includes(status))).toEqual([])
  expect({ broken: found.broken, unsent: found.unsent, bare: found.bareRefusals }).toEqual({ broken: 0, unsent: 0, bare: 0 })
  // What is in memory is asked anew behind its readers, who get what there is when that is refused.
  if (isLong) expect(refused - count(found, '503')).toBeWithin(0, 1 + refreshes)
  else expect(refused).toBeLessThanOrEqual(count(found, '503'))
}

/** Others who use the machine may spoil an attempt, or the maximum before it, but hardly four in a row. */
async function overwhelm(share: number, seconds: number, least: { short: number; long: number }): Promise<void> {
  const attempts: Attempt[] = []
  // What answers cost more while all is full is reckoned as the refusals' too, so a disturbed attempt says nothing of either.
  const isCheap = ({ refused, refusalMs, answerMs }: Attempt) => refused <= 200 || refusalMs < answerMs / 2
  const isGood = (made: Attempt) => made.goodput >= (isLong ? least.long : least.short) && made.refused > 0 && isCheap(made)
  let asked = share
  while (!attempts.some(isGood) && attempts.length < (isLong ? 1 : 4)) {
    const made = await attempt(asked, seconds)
    expectAnswersAndRefusals(made)
    attempts.push(made)
    // The maximum was none: others left more of the machine afterwards.
    if (made.refused === 0) asked *= 2
  }
  expect(attempts.filter(isGood).length).toBe(1)
  const { 503: no } = attempts.at(-1)?.found.byStatus ?? {}
  expect(no?.p50Ms).toBeLessThan(isLong ? 50 : 1000)
  expect(no?.p99Ms).toBeLessThan(isLong ? 250 : 3000)
}

describe('overload', () => {
  test(
    'at 150 % of the maximum the excess is refused and the rest is answered, readers of what is in memory notice nothing',
    () => overwhelm(1.5, sizes.over150S, { short: 0.6, long: 0.9 }),
    patienceMs(4 * sizes.over150S),
  )

  test('at 300 % as well', () => overwhelm(3, sizes.over300S, { short: 0.5, long: 0.75 }), patienceMs(4 * sizes.over300S))

  test('afterwards all is as before within 10 s, and the log was not flooded', async () => {
    await until(
      () => pageOf(here.system),
      ({ load: { query } }) => query.running + query.waiting === 0,
    )
    const found = await flat({ connections: 2 }, 1)
    expect(Object.keys(found.byStatus)).toEqual(['200'])
    expect(here.system.output()).not.toContain('More is asked than can be answered')
  }, 30_000)
})
