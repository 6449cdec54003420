import { expect, test } from 'bun:test'
import { untilMet } from './until-met.ts'

const never = new AbortController().signal

test('an attempt that others were faster than is made again, eight times in all', async () => {
  const numbers: number[] = []
  const meeting = (at: number) =>
    untilMet(never, async (number) => {
      numbers.push(number)
      return number === at ? 'met' : null
    })
  expect(await meeting(3)).toBe('met')
  expect(await meeting(8)).toBe('met')
  await expect(meeting(9)).rejects.toMatchObject({ reason: 'unavailable', code: 'contended', retryAfterS: 1 })
  expect(numbers).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('whom nobody waits for any more is not tried again', async () => {
  const gone = new AbortController()
  const attempts: number[] = []
  const attempt = async (number: number) => {
    attempts.push(number)
    gone.abort()
    return null
  }
  await expect(untilMet(gone.signal, attempt)).rejects.toMatchObject({ code: 'contended' })
  expect(attempts).toEqual([1])
})
