// Patience that does not run out while this process stands still.
import { expect, test } from 'bun:test'
import { wakeful } from './deadline.ts'

/** Each sleep takes as long as it says, and what is added for its turn. */
function stage(standstills: readonly number[]) {
  let nowMs = 0
  let turn = 0
  const slept: number[] = []
  const clock = {
    monotonic: () => nowMs,
    async sleep(ms: number) {
      slept.push(ms)
      nowMs += ms + (standstills[turn++] ?? 0)
    },
  }
  return { clock: wakeful(clock), slept, nowMs: () => nowMs }
}

test('waits as long as it says where nothing stands still', async () => {
  const { clock, nowMs } = stage([])
  await clock.sleep(900)
  expect(nowMs()).toBe(900)
  await clock.sleep(50)
  expect(nowMs()).toBe(950)
})

test('a standstill takes no more than a tenth of a second of it', async () => {
  const { clock, nowMs } = stage([0, 5000])
  await clock.sleep(900)
  expect(nowMs()).toBe(5900)
})

test('after a standstill at its end there is time to hear what came meanwhile', async () => {
  const { clock, slept } = stage([0, 3000])
  await clock.sleep(150)
  expect(slept).toEqual([100, 50, 100])
})

test('ends when nobody waits any more', async () => {
  const { clock, slept } = stage([])
  await clock.sleep(900, AbortSignal.abort())
  expect(slept).toEqual([])
})
