// Measuring how long something takes on a machine that others use too.
import { systemClock } from '../src/kit/clock.ts'

/** What it measures at last; anew where timers came late meanwhile, and after ten times all the same. */
export async function undisturbed<T>(ms: number, attempt: () => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    const [delayMs, measured] = await Promise.all([longestDelay(ms), attempt()])
    if (delayMs <= 40 || number === 10) return measured
  }
}

/** By how much a timer of 10 ms was late, at worst. */
async function longestDelay(ms: number): Promise<number> {
  let worstMs = 0
  for (const endMs = systemClock.monotonic() + ms; systemClock.monotonic() < endMs; ) {
    const sinceMs = systemClock.monotonic()
    await systemClock.sleep(10)
    worstMs = Math.max(worstMs, systemClock.monotonic() - sinceMs - 10)
  }
  return worstMs
}
