// Commands that judge by reading and commit on the condition that nothing has moved since: judged again as often as it has.
import { Refusal } from './refusal.ts'

/** How often others may have been first before a command is told to come again. */
const mostAttempts = 8

/** Attempts (with their number, from 1) until one is not null: that one was committed as it was judged. */
export async function untilMet<T>(signal: AbortSignal, attempt: (number: number) => Promise<T | null>): Promise<T> {
  for (let number = 1; number <= mostAttempts && !signal.aborted; number++) {
    const met = await attempt(number)
    if (met !== null) return met
  }
  throw new Refusal('unavailable', 'Too many others are changing the same thing. Nothing was written.', {
    code: 'contended',
    retryAfterS: 1,
  })
}
