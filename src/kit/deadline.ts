// A bound on how long somebody waits, whatever the work does.
import type { Clock } from './clock.ts'

/** The work's outcome, or the error if it is not there in time. What comes later is ignored. */
export async function within<T>(clock: Pick<Clock, 'sleep'>, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const settled = new AbortController()
  const timeout = clock.sleep(ms, settled.signal).then(() => {
    throw late()
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    settled.abort()
  }
}

const sliceMs = 100

/**
 * A clock whose waits take only time in which this process ran. After a standstill (a collection of garbage, a paused machine) timers
 * ripen before what came meanwhile is read: they would blame the other side.
 */
export const wakeful = (clock: Pick<Clock, 'sleep' | 'monotonic'>): Pick<Clock, 'sleep'> => ({
  async sleep(ms, signal) {
    let stoodStill = false
    for (let left = ms; left > 0 && !signal?.aborted; left -= sliceMs) {
      const sinceMs = clock.monotonic()
      await clock.sleep(Math.min(left, sliceMs), signal)
      stoodStill = clock.monotonic() - sinceMs > 2 * sliceMs
    }
    if (stoodStill) await clock.sleep(sliceMs, signal)
  },
})
