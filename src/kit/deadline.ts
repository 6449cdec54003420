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
