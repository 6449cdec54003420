// A circuit breaker: after some failures in a row it lets nobody in, and then one at a time, to find out whether that is over.
//
//   closed ──failures in a row──▶ open ──after openMs──▶ half-open ──successes in a row──▶ closed
//                                  ▲                        │
//                                  └───────a failure────────┘
import type { Clock } from './clock.ts'

export interface BreakerPolicy {
  failures: number
  openMs: number
  successes: number
}

export type BreakerState = 'closed' | 'half-open' | 'open'

/** Of one who was let in. What becomes of a call that was let in before the last change of state says nothing of the time after it. */
export interface Pass {
  answered(): void
  /** The other side is in trouble. */
  failed(): void
  /** Whoever asked has gone: nothing is known of the other side. */
  left(): void
}

export interface Breaker {
  /** Null: it is left alone. Each pass must be handed back by one of its three. */
  enter(): Pass | null
  state(): BreakerState
}

export function breaker(
  { failures, openMs, successes }: BreakerPolicy,
  clock: Pick<Clock, 'monotonic'>,
  changed: (to: BreakerState, from: BreakerState) => void = () => {},
): Breaker {
  let state: BreakerState = 'closed'
  let inARow = 0
  let openedMs = 0
  let probing = false
  let changes = 0

  const to = (next: BreakerState) => {
    const before = state
    state = next
    inARow = 0
    probing = false
    changes += 1
    if (next === 'open') openedMs = clock.monotonic()
    changed(next, before)
  }
  const failed = () => {
    inARow += 1
    if (state === 'half-open' || inARow >= failures) to('open')
  }
  const answered = () => {
    if (state === 'closed') inARow = 0
    else if (++inARow >= successes) to('closed')
  }
  return {
    state: () => state,
    enter() {
      if (state === 'open' && clock.monotonic() - openedMs >= openMs) to('half-open')
      if (state === 'open' || probing) return null
      probing = state === 'half-open'
      const since = changes
      const back = (tell: () => void) => () => {
        if (since !== changes) return
        probing = false
        tell()
      }
      return { answered: back(answered), failed: back(failed), left: back(() => {}) }
    },
  }
}
