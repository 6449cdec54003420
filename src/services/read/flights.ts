// Asking behind the cache: once for all who want the same at the same time, and in order with the purges.
import type { Clock } from '../../kit/clock.ts'
import { shownBy } from '../../kit/shown.ts'
import type { TaggedCache } from '../../kit/tagged-cache.ts'
import { type Copy, copyOf } from './copy.ts'

export interface Received {
  address: string
}
export type Handler = (request: Request, received: Received) => Promise<Response> | Response

/** The answer to a question that would be refused for want of room behind the cache, at once. Null: it may be asked. */
export type TurnAway = (key: string, requestId: string) => Response | null

export interface Flights {
  /** The answer for a key, stored where that is allowed. */
  fill(key: string, received: Received, requestId: string): Promise<Filled>
  /** Whether somebody waits for this key. */
  has(key: string): boolean
  /** The database was away at the last try: stale copies go out at once, so that one that hangs does not slow every reader. */
  areFailing(): boolean
  /** Whether to ask behind a reader's back: always while all is well, else once a second. */
  mayProbe(): boolean
}

export interface Filled {
  copy: Copy
  stored: boolean
  joined: boolean
}

const probeEveryMs = 1000
// A query that lost the race against a purge is asked again, against the replica that has the change already.
const attempts = 3

interface FlightParts {
  cache: Pick<TaggedCache<Copy>, 'put'>
  clock: Clock
  outcomes: { fill: number; joined: number }
}

/** What failed is told to those who waited, and forgotten. */
export function openFlights({ cache, clock, outcomes }: FlightParts, next: Handler): Flights {
  const flights = new Map<string, Promise<Filled>>()
  let failing = false
  let probedMs = Number.NEGATIVE_INFINITY

  const fill = async (key: string, received: Received, requestId: string): Promise<Filled> => {
    outcomes.fill += 1
    for (let attempt = 1; ; attempt++) {
      const filledMs = clock.monotonic()
      // Nothing of the caller's request goes in, so nothing of it can come out in somebody else's answer.
      const response = await next(new Request(`http://localhost/api/v1${key}`, { headers: { 'x-request-id': requestId } }), received)
      const { position, tags = [], borrowed = false } = shownBy(response)?.answer ?? {}
      const copy = await copyOf(response, { key, tags, position: position ?? { epoch: '', seq: 0 }, filledMs, requestId, borrowed })
      if (copy.status === 503) failing = true
      else if (position !== undefined) failing = false
      if (position === undefined || ![200, 301, 404].includes(copy.status)) return { copy, stored: false, joined: false }
      if (cache.put(copy, copy.sizeBytes)) return { copy, stored: true, joined: false }
      if (attempt === attempts) return { copy, stored: false, joined: false }
    }
  }
  return {
    has: (key) => flights.has(key),
    areFailing: () => failing,
    mayProbe() {
      if (!failing) return true
      if (clock.monotonic() - probedMs < probeEveryMs) return false
      probedMs = clock.monotonic()
      return true
    },
    async fill(key: string, received: Received, requestId: string): Promise<Filled> {
      for (let flying = flights.get(key); flying !== undefined; flying = flights.get(key)) {
        outcomes.joined += 1
        const filled = await flying
        // Who asked too often was somebody else.
        if (filled.copy.status !== 429) return { ...filled, joined: true }
      }
      const flight = fill(key, received, requestId).finally(() => flights.delete(key))
      flights.set(key, flight)
      return flight
    },
  }
}
