// Work that finds what it has already done, tried again while it is refused because something is late or away for a moment.
import type { Clock } from './clock.ts'
import { Refusal } from './refusal.ts'

/** A disk that others keep busy stands still for seconds: neither a first start nor hours of seeding should end with that. */
const patienceMs = 120_000

/** Throws what it was last refused with after two minutes, at a signal, and at once whatever is not `unavailable`. */
export async function patiently<T>(work: () => Promise<T>, clock: Clock, signal: AbortSignal, tell: (error: Refusal) => void): Promise<T> {
  const sinceMs = clock.monotonic()
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isLate = error instanceof Refusal && error.reason === 'unavailable'
      if (!isLate || signal.aborted || clock.monotonic() - sinceMs >= patienceMs) throw error
      tell(error)
      await clock.sleep(1000 * (error.retryAfterS ?? 1), signal)
    }
  }
}
