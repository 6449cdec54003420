// A circuit breaker: after some failures in a row it refuses at once, and lets one call at a time find out whether that is over.
//
//   closed ──failures in a row──▶ open ──after openMs──▶ half-open ──successes in a row──▶ closed
//                                  ▲                        │
//                                  └───────a failure────────┘
import type { Clock } from './clock.ts'

export interface BreakerOptions {
  failures: number
  openMs: number
  successes: number
  clock: Pick<Clock, 'monotonic'>
  /** Whether what was thrown means that the other side is in trouble. All else counts as an answer. */
  isFailure: (error: unknown) => boolean
  /** What is thrown without asking. */
  refusal: () => Error
}

export interface Breaker {
  run<T>(work: () => Promise<T>): Promise<T>
  state(): 'closed' | 'open' | 'half-open'
}

export function breaker({ failures, openMs, successes, clock, isFailure, refusal }: BreakerOptions): Breaker {
  let state: 'closed' | 'open' | 'half-open' = 'closed'
  let inARow = 0
  let openedMs = 0
  let probing = false

  const to = (next: typeof state) => {
    state = next
    inARow = 0
    if (next === 'open') openedMs = clock.monotonic()
  }
  const failed = () => {
    inARow += 1
    if (state === 'half-open' || (state === 'closed' && inARow >= failures)) to('open')
  }
  const succeeded = () => {
    if (state === 'closed') inARow = 0
    else if (state === 'half-open' && ++inARow >= successes) to('closed')
  }
  return {
    state: () => state,
    async run(work) {
      if (state === 'open' && clock.monotonic() - openedMs >= openMs) to('half-open')
      if (state === 'open' || (state === 'half-open' && probing)) throw refusal()
      const probes = state === 'half-open'
      probing ||= probes
      try {
        const result = await work()
        succeeded()
        return result
      } catch (error) {
        if (isFailure(error)) failed()
        else succeeded()
        throw error
      } finally {
        if (probes) probing = false
      }
    },
  }
}
