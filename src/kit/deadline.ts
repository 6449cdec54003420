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

const tickMs = 50
const standstillMs = 200

export interface Patience {
  /** The work's outcome, or the error if it is not there after so long. What comes later is ignored. */
  within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T>
}

interface Waiting {
  dueMs: number
  give: () => void
}

/**
 * For many waits at once: one clock, looked at when the next of them is over and at least every 50 ms; one that comes meanwhile may be
 * told so much later. A timer, a signal and a race for each took half the time of a whole query (90 of 200 µs, 2026-11-28). Only time in which this process ran counts: after a
 * standstill (a collection of garbage, a paused machine) timers ripen before what came meanwhile is read, and would blame the other side.
 */
export function openPatience(clock: Pick<Clock, 'sleep' | 'monotonic'>): Patience {
  const waiting = new Set<Waiting>()
  let ranMs = 0
  let seenMs = 0
  let ticking = false

  const tick = async () => {
    ticking = true
    while (waiting.size > 0) {
      let stepMs = tickMs
      for (const { dueMs } of waiting) stepMs = Math.min(stepMs, Math.max(1, dueMs - ranMs))
      await clock.sleep(stepMs)
      const passedMs = clock.monotonic() - seenMs
      seenMs += passedMs
      const stoodStill = passedMs > standstillMs
      ranMs += stoodStill ? stepMs : Math.max(stepMs, passedMs)
      if (stoodStill) continue // first what came meanwhile
      for (const wait of waiting) if (wait.dueMs <= ranMs) wait.give()
    }
    ticking = false
  }
  return {
    within: (ms, work, late) =>
      new Promise((resolve, reject) => {
        const nowMs = clock.monotonic()
        if (!ticking) seenMs = nowMs
        const wait: Waiting = {
          dueMs: ranMs + Math.min(nowMs - seenMs, tickMs) + ms,
          give: () => {
            over()
            reject(late())
          },
        }
        const over = () => waiting.delete(wait)
        waiting.add(wait)
        if (!ticking) void tick()
        work.then(
          (value) => {
            over()
            resolve(value)
          },
          (error) => {
            over()
            reject(error)
          },
        )
      }),
  }
}
