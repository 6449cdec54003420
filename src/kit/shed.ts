// A gate: so much work at once, a short line before it, and a quick no for whoever would stand in it too long.
//
//   a place is free ─────────────────▶ in
//   its turn is near ────────────────▶ waits, then in
//   else ────────────────────────────▶ refused at once (`overloaded`), before anything was spent on it
//
// Patience is for bursts: a line that does not get empty is no burst but too much, and whoever waits in it only makes all others
// wait as long (the controlled delay of queue management in networks). So it shrinks until the line has been empty again.
import type { Clock } from './clock.ts'
import { Refusal } from './refusal.ts'

export interface Gate {
  /** The outcome of the work, once it may begin. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** What `run` would refuse with now, counted as refused, for whoever can answer with it at once. Null: it may come. */
  turnAway(): Refusal | null
  load(): GateLoad
}

export interface GateLoad {
  running: number
  waiting: number
  /** Since the start. */
  refused: number
}

export interface GateOptions {
  atOnce: number
  clock: Pick<Clock, 'monotonic' | 'sleep'>
  /** How late the event loop is: nobody joins the line while it alone makes everyone late. */
  lagMs?: () => number
}

export const burstMs = 100
export const standingMs = 20
/** Whoever was let into the line and waits so many times as long has to go: all goes slower than it did. */
export const overrun = 2
const lagMaxMs = 100
// The weight of the newest in the mean of how long a place is held, and what is believed before the first.
const newest = 0.1
const firstMeanMs = 5

// Those who are refused together shall not come back together. Made once: to make one, with its stack, was a tenth of what refusing cost.
const refusals = [1, 2, 3].map(
  (retryAfterS) => new Refusal('unavailable', 'More is asked than can be answered now.', { code: 'overloaded', retryAfterS }),
)

interface Waiter {
  /** Whoever is still in line then was promised too much. */
  overdueMs: number
  enter: () => void
  refuse: () => void
}

export function openGate({ atOnce, clock, lagMs = () => 0 }: GateOptions): Gate {
  // Whenever a place is free, the line is empty.
  let line: Waiter[] = []
  let running = 0
  let refused = 0
  let meanMs = firstMeanMs
  let lineSinceMs = 0
  let watching = false

  const no = () => refusals[++refused % refusals.length] as Refusal

  /** Also when no place comes free, nobody waits longer than was promised. */
  const watch = async () => {
    watching = true
    while (line.length > 0) {
      await clock.sleep(Math.max(1, Math.ceil(Math.min(...line.map(({ overdueMs }) => overdueMs)) - clock.monotonic())))
      const nowMs = clock.monotonic()
      const overdue = line.filter(({ overdueMs }) => nowMs >= overdueMs)
      line = line.filter(({ overdueMs }) => nowMs < overdueMs)
      for (const { refuse } of overdue) refuse()
    }
    watching = false
  }

  const patienceMs = () => (line.length > 0 && clock.monotonic() - lineSinceMs > burstMs ? standingMs : burstMs)
  const isTurnNear = () => ((line.length + 1) * meanMs) / atOnce <= patienceMs() && lagMs() <= lagMaxMs
  const turnAway = () => (running < atOnce || isTurnNear() ? null : no())

  const turn = () =>
    new Promise<void>((resolve, reject) => {
      const nowMs = clock.monotonic()
      const overdueMs = nowMs + overrun * patienceMs()
      if (line.length === 0) lineSinceMs = nowMs
      line.push({ overdueMs, enter: resolve, refuse: () => reject(no()) })
      if (!watching) void watch()
    })

  const leave = (heldMs: number) => {
    meanMs += (heldMs - meanMs) * newest
    const next = line.shift()
    if (next === undefined) running -= 1
    else next.enter()
  }

  return {
    load: () => ({ running, waiting: line.length, refused }),
    turnAway,
    async run(work) {
      const refusal = turnAway()
      if (refusal !== null) throw refusal
      if (running < atOnce) running += 1
      else await turn()
      const sinceMs = clock.monotonic()
      try {
        return await work()
      } finally {
        leave(clock.monotonic() - sinceMs)
      }
    },
  }
}

export interface Lag {
  ms(): number
  run(signal: AbortSignal): Promise<void>
}

const lagEveryMs = 20

/** How late the event loop is, in the mean of the last second or so: one stall is no overload, and whoever came in it is served. */
export function openLag(clock: Pick<Clock, 'monotonic' | 'sleep'>): Lag {
  let lagMs = 0
  return {
    ms: () => lagMs,
    async run(signal) {
      while (!signal.aborted) {
        const askedMs = clock.monotonic()
        await clock.sleep(lagEveryMs, signal)
        if (!signal.aborted) lagMs += (Math.max(0, clock.monotonic() - askedMs - lagEveryMs) - lagMs) * newest
      }
    },
  }
}
