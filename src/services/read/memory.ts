// The memory of the edge for a wire whose questions have no address (gRPC): kept, purged and given again by the same rules.
import { comparePositions, type Position } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Answer } from '../../kit/operation.ts'
import type { TaggedCache } from '../../kit/tagged-cache.ts'
import { agesOf } from './ages.ts'
import { type Copy, sizeOf } from './copy.ts'
import type { Outcomes } from './edge.ts'
import type { Follower } from './tail.ts'

/** What is given again. */
export interface Kept {
  body: Uint8Array
  headers: Headers
  stalenessS: number | null
}

export interface Memory {
  /** The answer to this very question, where it still stands and is not older than that. */
  find(key: string, atLeast: Position | null): Kept | null
  /** `askedMs`: monotonic time before the answer was read. What a purge has overtaken is not kept. */
  keep(key: string, kept: Pick<Kept, 'body' | 'headers'>, answer: Answer, askedMs: number): void
}

export interface MemoryParts {
  cache: TaggedCache<Copy>
  tail: Pick<Follower, 'position' | 'confirmedMs' | 'stalenessS'>
  clock: Clock
  outcomes: Outcomes
}

export function openMemory({ cache, tail, clock, outcomes }: MemoryParts): Memory {
  const ages = agesOf(tail, clock)
  return {
    find(key, atLeast) {
      const copy = cache.get(key)
      if (copy === undefined || !ages.isFresh(copy)) return null
      // An answer says which position it shows, so one that is older than the token is asked for anew.
      if (atLeast !== null && comparePositions(copy.position, atLeast) < 0) return null
      const { body, headers } = copy.identity
      if (body instanceof Blob) return null // an answer of REST: their keys differ
      outcomes.hit += 1
      return { body, headers, stalenessS: tail.stalenessS() }
    },
    keep(key, { body, headers }, { position, tags = [], borrowed = false }, askedMs) {
      if (position === undefined) return
      // The message may lie in a larger piece of memory.
      const identity = { etag: null, body: new Uint8Array(body), headers }
      const sizeBytes = sizeOf(key, identity)
      const of = { key, tags, position, borrowed, filledMs: askedMs, requestId: '', state: 'good' as const, coded: {} }
      if (cache.put({ ...of, status: 200, etag: null, identity, sizeBytes }, sizeBytes)) outcomes.fill += 1
    },
  }
}
