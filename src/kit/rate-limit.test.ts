import { expect, test } from 'bun:test'
import { secureRandom } from './clock.ts'
import { keyMaker, openRateLimit, type Quota } from './rate-limit.ts'

function limitOf(quota: Quota) {
  let nowMs = 1e9
  const keyOf = keyMaker(secureRandom)
  const limit = openRateLimit(quota, { monotonic: () => nowMs })
  return {
    take: (who: string) => limit.take(keyOf(who)),
    allowed: (who: string, asked: number) =>
      Array.from({ length: asked }, () => limit.take(keyOf(who))).filter((one) => one.isAllowed).length,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('a burst gets exactly the quota, then one each time its share of the window has passed', () => {
  for (const quota of [
    { count: 1, windowS: 1 },
    { count: 3, windowS: 10 },
    { count: 1200, windowS: 60 },
    { count: 60, windowS: 3600 },
  ]) {
    const { allowed, pass } = limitOf(quota)
    expect(allowed('a', quota.count + 50)).toBe(quota.count)
    const eachMs = (quota.windowS * 1000) / quota.count
    pass(eachMs * 0.9)
    expect(allowed('a', 5)).toBe(0)
    pass(eachMs * 0.2)
    expect(allowed('a', 5)).toBe(1)
    pass(quota.windowS * 1000)
    expect(allowed('a', quota.count + 50)).toBe(quota.count)
  }
})

test('over a long time nobody gets more than the rate and one burst, however the requests fall', () => {
  const quota = { count: 20, windowS: 60 }
  const { take, pass } = limitOf(quota)
  let allowed = 0
  let drawn = 7
  const totalMs = 3_600_000
  for (let passedMs = 0; passedMs < totalMs; ) {
    drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31
    const stepMs = drawn % 4 === 0 ? 20_000 : drawn % 1500
    passedMs += stepMs
    pass(stepMs)
    if (take('a').isAllowed) allowed += 1
  }
  expect(allowed).toBeLessThanOrEqual(quota.count + totalMs / 3000 + 1)
})

test('what is left, when all is back and when to come again are told, and coming then is allowed', () => {
  const { take, allowed, pass } = limitOf({ count: 4, windowS: 60 })
  expect(take('a')).toEqual({ isAllowed: true, remaining: 3, resetS: 15, retryAfterS: 0 })
  expect(take('a')).toEqual({ isAllowed: true, remaining: 2, resetS: 30, retryAfterS: 0 })
  expect(allowed('a', 2)).toBe(2)
  const refused = take('a')
  expect(refused).toEqual({ isAllowed: false, remaining: 0, resetS: 60, retryAfterS: 15 })
  pass(refused.retryAfterS * 1000)
  expect(take('a').isAllowed).toBe(true)
})

test('who is refused and goes on asking waits no longer for it', () => {
  const { allowed, pass } = limitOf({ count: 2, windowS: 10 })
  expect(allowed('a', 1000)).toBe(2)
  pass(5001)
  expect(allowed('a', 1000)).toBe(1)
})

test('a hundred thousand other keys neither free an exhausted one, nor take memory', () => {
  const { allowed, take } = limitOf({ count: 10, windowS: 60 })
  expect(allowed('the flooder', 20)).toBe(10)
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 100_000; n++) take(`2001:db8:${n}`)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20)
  expect(allowed('the flooder', 20)).toBe(0)
})

test('a few hundred exhausted keys take nothing from others', () => {
  const { allowed } = limitOf({ count: 10, windowS: 60 })
  for (let n = 0; n < 300; n++) expect(allowed(`flooder ${n}`, 11)).toBe(10)
  for (let n = 0; n < 300; n++) expect(allowed(`reader ${n}`, 10)).toBe(10)
})
