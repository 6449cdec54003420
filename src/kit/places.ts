// A bulkhead: so many at once; the others wait in their order, for as long as they have time.
import type { Clock } from './clock.ts'

export interface Places {
  /** Resolves with what gives the place back; with false when there was none in time, or whoever waited has gone. */
  take(ms: number, signal?: AbortSignal): Promise<(() => void) | false>
}

const longestMs = 2 ** 31 - 1

export function places(most: number, clock: Pick<Clock, 'sleep'>): Places {
  const waiting = new Set<() => void>()
  let free = most
  const leave = () => {
    const [next] = waiting
    if (next === undefined) free += 1
    else next()
  }
  return {
    async take(ms, signal) {
      if (free > 0) {
        free -= 1
        return leave
      }
      let hasPlace = false
      const over = new AbortController()
      const called = () => {
        hasPlace = true
        waiting.delete(called)
        over.abort()
      }
      const left = () => over.abort()
      waiting.add(called)
      signal?.addEventListener('abort', left)
      if (ms > 0 && !signal?.aborted) await clock.sleep(Math.min(ms, longestMs), over.signal)
      signal?.removeEventListener('abort', left)
      waiting.delete(called)
      return hasPlace ? leave : false
    },
  }
}
