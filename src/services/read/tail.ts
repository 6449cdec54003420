// Follows the replica: purges what changed, knows how far it came and how fresh that is, wakes readers who wait for a position.
import { comparePositions, type Position } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Content, Tail } from '../../ports/content.ts'

export interface Purgeable {
  purge(tags: readonly string[], seq: number, remove: boolean): void
  clear(from: Position): void
}

export interface Follower {
  /** Until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>
  /** The replica has more: looks at once. */
  wake(): void
  /** Everything up to here was purged. Null before the first look. */
  position(): Position | null
  /** Monotonic time of the last look that found nothing left to purge. */
  confirmedMs(): number
  /** Seconds since the read model held everything, null while unknown. */
  stalenessS(): number | null
  /** Resolves when the replica has come this far; refuses (`replica-behind`) when that takes too long or too many wait. */
  reach(position: Position, signal: AbortSignal): Promise<void>
  /** As many wait as may. */
  isCrowded(): boolean
}

const quickestMs = 10
// A replica cannot tell that it has more (there is no LISTEN there), so a change after a quiet while is seen half of this later. A look
// costs a process that does nothing else 1 ms, and PostgreSQL 0.6.
const slowestMs = 100
const backoffMaxMs = 2000
const waitMs = 500
const waitersMax = 200

interface Waiter {
  position: Position
  settle: (reached: boolean) => void
}

export function openTail({ content, cache, clock, log }: { content: Content; cache: Purgeable; clock: Clock; log: Log }): Follower {
  let position: Position | null = null
  let build: string | null = null
  let caughtUpMs: number | null = null
  let confirmedMs = Number.NEGATIVE_INFINITY
  let hurry = new AbortController()
  const waiting = openWaiting(clock)

  const take = (tail: Tail, askedMs: number) => {
    const known = position
    const here = { epoch: tail.position.epoch, seq: tail.upTo }
    if (known === null || tail.build !== build || known.epoch !== here.epoch || tail.gap) cache.clear(here)
    else for (const { tags, seq, act } of tail.changes) cache.purge(tags, seq, act === 'withdrawn' || act === 'deleted')
    position = here
    build = tail.build
    caughtUpMs = tail.caughtUpAt === null ? null : Date.parse(tail.caughtUpAt)
    if (tail.upTo === tail.position.seq) confirmedMs = askedMs
    waiting.reached(here)
    return known === null || here.seq !== known.seq
  }

  const run = async (signal: AbortSignal) => {
    let pauseMs = quickestMs
    let failures = 0
    const stop = () => hurry.abort()
    signal.addEventListener('abort', stop)
    while (!signal.aborted) {
      const woken = hurry.signal.aborted
      if (woken) hurry = new AbortController()
      try {
        const askedMs = clock.monotonic() // before the look: what changes during it may be missed
        const moved = take(await content.tail(position?.seq ?? null), askedMs)
        if (failures > 0) log.info('tail recovered', { failures })
        failures = 0
        // Whoever woke us will do so again: only changes that we were not told of are a reason to look more often.
        const hurries = waiting.size() > 0 || (moved && !woken)
        pauseMs = hurries ? quickestMs : Math.min(slowestMs, pauseMs * 1.3)
      } catch (error) {
        failures += 1
        if (failures === 1) tellOf(error, log)
        pauseMs = Math.min(backoffMaxMs, 50 * 2 ** Math.min(failures, 6))
      }
      await clock.sleep(pauseMs, failures === 0 ? hurry.signal : signal)
    }
    signal.removeEventListener('abort', stop)
  }

  const reach = async (wanted: Position, signal: AbortSignal) => {
    if (position !== null && comparePositions(position, wanted) >= 0) return
    if (waiting.isCrowded()) throw behind('Too many readers wait for this region to catch up.')
    const reached = waiting.until(wanted, signal)
    hurry.abort()
    if (!(await reached)) throw behind('This region does not have that position yet.')
  }

  return {
    run,
    wake: () => hurry.abort(),
    reach,
    isCrowded: waiting.isCrowded,
    position: () => position,
    confirmedMs: () => confirmedMs,
    stalenessS: () => (caughtUpMs === null ? null : Math.max(0, (clock.now() - caughtUpMs) / 1000)),
  }
}

/** Readers who wait for a position. */
function openWaiting(clock: Clock) {
  const waiters = new Set<Waiter>()
  return {
    size: () => waiters.size,
    isCrowded: () => waiters.size >= waitersMax,
    reached(here: Position) {
      for (const waiter of waiters) if (comparePositions(here, waiter.position) >= 0) waiter.settle(true)
    },
    /** False when it takes too long, or the reader has gone. */
    until: (position: Position, signal: AbortSignal) =>
      new Promise<boolean>((resolve) => {
        const over = new AbortController()
        const settle = (reached: boolean) => {
          if (!waiters.delete(waiter)) return
          over.abort()
          signal.removeEventListener('abort', leave)
          resolve(reached)
        }
        const leave = () => settle(false)
        const waiter = { position, settle }
        waiters.add(waiter)
        signal.addEventListener('abort', leave)
        void clock.sleep(waitMs, over.signal).then(leave)
      }),
  }
}

const behind = (message: string) => new Refusal('unavailable', message, { code: 'replica-behind', retryAfterS: 1 })

function tellOf(error: unknown, log: Log): void {
  if (error instanceof Refusal && error.code === 'not-built') log.info('no read model yet, waiting for it')
  else log.warn('tail lost the database', { error })
}
