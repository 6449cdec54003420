// Work that finds what it has already done, tried again while it is refused because something is late or away for a moment.
import type { Clock } from './clock.ts'
import { Refusal } from './refusal.ts'

const pauseMs = { first: 100, most: 5_000 }

interface Around {
  clock: Clock
  signal: AbortSignal
  /** For how long: half a minute, unless it is said. */
  patienceMs?: number
  /** Hears of each failure that is not the last. */
  tell?: (error: Refusal) => void
}

/** Throws what it was last refused with when patience or the signal ends it; at once whatever is neither `unavailable` nor `late`. */
export async function patiently<T>({ clock, signal, patienceMs = 30_000, tell }: Around, work: () => Promise<T>): Promise<T> {
  const sinceMs = clock.monotonic()
  for (let ms = pauseMs.first; ; ms = Math.min(2 * ms, pauseMs.most)) {
    try {
      return await work()
    } catch (error) {
      const mayPass = error instanceof Refusal && (error.reason === 'unavailable' || error.reason === 'late')
      if (!mayPass || signal.aborted || clock.monotonic() - sinceMs >= patienceMs) throw error
      tell?.(error)
      await clock.sleep(ms, signal)
      if (signal.aborted) throw error
    }
  }
}
