// From what the port shows to an answer: as fresh as the caller's token, with its tags, its hash and its distance from the master.
import { createHash } from 'node:crypto'
import { comparePositions } from '../../domain/change.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import { thatShows } from '../../kit/shown.ts'
import type { Content, Shown } from '../../ports/content.ts'
import type { Follower } from './tail.ts'

export interface Answers {
  /** Asks at once; where the replica is behind the caller's token, again when it has caught up, else another region's. */
  fresh<S extends Shown>(call: Call, ask: () => Promise<S>): Promise<S>
  /** JSON text as an answer. */
  of(shown: Shown, bodyText: string, version?: number): Answer
  /** A refusal that caches may keep until one of its tags comes by. */
  missing(shown: Shown, message: string, code?: string): Refusal
  moved(shown: Shown, location: string): Answer
}

export function openAnswers(tail: Follower, content: Pick<Content, 'further'> = {}): Answers {
  const basis = ({ position, tags, borrowed }: Shown) => ({ position, tags, ...staleness(), ...(borrowed && { borrowed }) })
  const staleness = () => {
    const stalenessS = tail.stalenessS()
    return stalenessS === null ? {} : { stalenessS }
  }
  return {
    async fresh(call, ask) {
      const shown = await ask()
      const { atLeast, signal } = call
      if (atLeast === null || comparePositions(shown.position, atLeast) >= 0) return shown
      await tail.reach(atLeast, signal).catch(async (behind: unknown) => {
        // Those who are too many to wait here are too many for another region as well.
        if (tail.isCrowded() || !(await content.further?.(atLeast, signal))) throw behind
      })
      const again = await ask()
      if (comparePositions(again.position, atLeast) >= 0) return again
      throw new Refusal('unavailable', 'This region does not have that position yet.', { code: 'replica-behind', retryAfterS: 1 })
    },
    of: (shown, bodyText, version) => ({
      ...basis(shown),
      bodyText,
      hash: createHash('sha256').update(bodyText).digest('base64url').slice(0, 11),
      ...(version !== undefined && { version }),
    }),
    missing: (shown, message, code = 'missing') => thatShows(new Refusal('missing', message, { code }), basis(shown)),
    moved: (shown, location) => ({ ...basis(shown), status: 301, location }),
  }
}
