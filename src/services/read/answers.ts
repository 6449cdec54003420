// From what the port shows to an answer: as fresh as the caller's token, with its tags, its hash and its distance from the master.
import { hash } from 'node:crypto'
import { comparePositions } from '../../domain/change.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import { thatShows } from '../../kit/shown.ts'
import type { Content, Shown } from '../../ports/content.ts'
import type { Follower } from './tail.ts'

const behind = () => new Refusal('unavailable', 'This region does not have that position yet.', { code: 'replica-behind', retryAfterS: 1 })

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
      const { atLeast, signal } = call
      const isThere = ({ position }: Shown) => atLeast === null || comparePositions(position, atLeast) >= 0
      const shown = await ask()
      if (atLeast === null || isThere(shown)) return shown
      const fault = await tail.reach(atLeast, signal).catch((error: unknown) => error)
      if (fault === undefined) {
        const again = await ask()
        if (isThere(again)) return again
        // The tail has looked at another replica meanwhile than the one that answers this request.
      }
      // Those who are too many to wait here are too many for another region as well.
      if (tail.isCrowded() || !(await content.further?.(atLeast, signal))) throw fault ?? behind()
      const further = await ask()
      if (isThere(further)) return further
      throw behind()
    },
    of: (shown, bodyText, version) => ({
      ...basis(shown),
      bodyText,
      hash: hash('sha256', bodyText, 'base64url').slice(0, 11),
      ...(version !== undefined && { version }),
    }),
    missing: (shown, message, code = 'missing') => thatShows(new Refusal('missing', message, { code }), basis(shown)),
    moved: (shown, location) => ({ ...basis(shown), status: 301, location }),
  }
}
