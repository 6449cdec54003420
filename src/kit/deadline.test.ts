// Patience that does not run out while this process stands still.
import { expect, test } from 'bun:test'
import { openPatience } from './deadline.ts'

/** Each sleep takes as long as it says, and what is added for its turn. */
function stage(standstills: readonly number[] = []) {
  let nowMs = 0
  let turn = 0
  const clock = {
    monotonic: () => nowMs,
    async sleep(ms: number) {
      await Promise.resolve()
      nowMs += ms + (standstills[turn++] ?? 0)
    },
  }
  const patience = openPatience(clock)
  /** When somebody who waits so long for what never comes is told. */
  const givenUpAt = (ms: number) =>
    new Promise<number>((resolve) => {
      const late = () => {
        resolve(nowMs)
        return new Error('late')
      }
      void patience.within(ms, new Promise<never>(() => {}), late).catch(() => {})
    })
  return { patience, givenUpAt, nowMs: () => nowMs }
}

test('waits as long as it says where nothing stands still, each wait for itself', async () => {
  const { givenUpAt } = stage()
  expect(await Promise.all([givenUpAt(900), givenUpAt(100), givenUpAt(120)])).toEqual([900, 100, 120])
  expect(await givenUpAt(50)).toBe(950)
})

test('a loop that is a little late each time stretches nobody’s patience', async () => {
  const { givenUpAt } = stage(Array.from({ length: 2000 }, () => 10))
  // Many whose times lie close together make the steps short, and each is late by as much again.
  const many = await Promise.all(Array.from({ length: 300 }, (_, n) => givenUpAt(600 + n)))
  expect(Math.max(...many)).toBeLessThan(900 + 60)
})

test('a standstill takes next to nothing of it', async () => {
  expect(await stage([0, 5000]).givenUpAt(900)).toBe(5000 + 900)
})

test('after a standstill at its end there is time to hear what came meanwhile', async () => {
  const { givenUpAt } = stage([0, 3000])
  expect(await givenUpAt(150)).toBe(50 + 3050 + 50)
})

test('what is there in time is handed on, a failure too, and nobody looks at the clock any more', async () => {
  const { patience, nowMs } = stage()
  const late = () => new Error('late')
  expect(await patience.within(100, Promise.resolve(7), late)).toBe(7)
  expect(await patience.within(100, Promise.reject(new Error('broken')), late).catch((error: Error) => error.message)).toBe('broken')
  const endedMs = nowMs()
  await Promise.resolve()
  expect(nowMs()).toBe(endedMs)
})
