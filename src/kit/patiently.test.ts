import { expect, test } from 'bun:test'
import { patiently } from './patiently.ts'
import { Refusal } from './refusal.ts'

/** Time passes by sleeping alone. */
function fakeClock() {
  const pauses: number[] = []
  let ms = 0
  return {
    pauses,
    clock: {
      now: () => ms,
      monotonic: () => ms,
      sleep: async (more: number) => {
        pauses.push(more)
        ms += more
      },
    },
  }
}

const never = new AbortController().signal
const away = new Refusal('unavailable', 'It is away.')

test('what is away for a moment is waited for, a little longer each time', async () => {
  const { clock, pauses } = fakeClock()
  const told: string[] = []
  let tries = 0
  const work = () => (++tries < 4 ? Promise.reject(away) : Promise.resolve('done'))
  expect(await patiently({ clock, signal: never, tell: ({ message }) => told.push(message) }, work)).toBe('done')
  expect(pauses).toEqual([100, 200, 400])
  expect(told).toEqual(['It is away.', 'It is away.', 'It is away.'])
})

test('patience ends, with the words of the last refusal', async () => {
  const { clock, pauses } = fakeClock()
  const work = () => Promise.reject(new Refusal('late', `at ${clock.now()}`))
  await expect(patiently({ clock, signal: never, patienceMs: 1_000 }, work)).rejects.toThrow('at 1500')
  expect(pauses).toEqual([100, 200, 400, 800])
})

test('any other no, a defect, and the signal end it at once', async () => {
  const { clock, pauses } = fakeClock()
  for (const error of [new Refusal('conflict', 'no'), new Error('a defect')])
    await expect(patiently({ clock, signal: never }, () => Promise.reject(error))).rejects.toBe(error)
  await expect(patiently({ clock, signal: AbortSignal.abort() }, () => Promise.reject(away))).rejects.toBe(away)
  expect(pauses).toEqual([])
})
