// What all that is done to a review has in common: whose it is, what it refers to, and the commit that keeps both true.
import { referenceMoves } from '../../domain/reference.ts'
import { isPublic, type Review, slugsOf } from '../../domain/review.ts'
import { slugClaim } from '../../domain/slug.ts'
import type { Clock } from '../../kit/clock.ts'
import type { NewId } from '../../kit/id.ts'
import type { Call, Principal } from '../../kit/operation.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Plan, Saver } from './saving.ts'
import type { Slugs } from './slugs.ts'

/** What the operations of the desk work with. */
export interface DeskParts {
  master: Master
  clock: Clock
  newId: NewId
  saver: Saver
  slugs: Slugs
}

/** The roles that work here. */
export const desk = ['editor', 'admin'] as const

export function callerOf(call: Call): Principal {
  if (call.principal === null) throw new Error('an operation of the desk ran for nobody')
  return call.principal
}

export const isAdmin = (principal: Principal): boolean => principal.roles.includes('admin')

/**
 * Only its author and admins work on a review. To all other editors one that readers see is forbidden, and one that they do not
 * see does not exist: neither its status nor its existence leaks.
 */
export function demandAuthor(call: Call, review: Review): void {
  const caller = callerOf(call)
  if (review.editorId === caller.accountId || isAdmin(caller)) return
  throw isPublic(review) ? new Refusal('forbidden', 'Only its author or an admin may do this with a review.') : noReview()
}

export const noReview = (): Refusal => new Refusal('missing', 'There is no such review.')

/** The review as it stands, for its author. */
export async function standing(master: Master, call: Call, id: string): Promise<Review> {
  const review = await master.read('review', id)
  if (review === null) throw noReview()
  demandAuthor(call, review)
  return review
}

/** How a plan is committed: `expected` is the version that was judged; `attempt` counts from 1. */
export interface Planning extends Pick<Plan, 'id' | 'expected' | 'status' | 'location'> {
  attempt: number
}

/**
 * Takes a review from `before` to `after` (null: not there). The commit judges addresses and references, hence they are not looked up
 * for a first attempt; what it refused for is looked up before the second, to be named.
 */
export async function reviewPlan(
  parts: { master: Master; slugs: Slugs },
  before: Review | null,
  after: Review | null,
  { attempt, ...how }: Planning,
): Promise<Plan> {
  const held = before === null ? [] : slugsOf(before)
  const wanted = after === null ? [] : slugsOf(after)
  const fresh = wanted.filter((slug) => !held.includes(slug))
  const references = after === null ? [] : referencesOf(after)
  if (attempt > 1) {
    for (const slug of fresh) await parts.slugs.demandFree('review', slug, how.id)
    await demandReferences(parts.master, references)
  }
  const claim = (slug: string) => ({ name: slugClaim('review', slug), owner: how.id })
  return {
    ...how,
    kind: 'review',
    document: after,
    require: references,
    claims: { take: fresh.map(claim), release: held.filter((slug) => !wanted.includes(slug)).map(claim) },
    adjust: referenceMoves(before, after),
  }
}

type Reference = { kind: 'camera' | 'lens' | 'editor'; id: string }

const referencesOf = (review: Review): Reference[] => [
  { kind: 'camera', id: review.cameraId },
  ...(review.lensId === null ? [] : [{ kind: 'lens' as const, id: review.lensId }]),
  { kind: 'editor', id: review.editorId },
]

/** Every missing one gets its name. */
async function demandReferences(master: Master, references: readonly Reference[]): Promise<void> {
  const found = await Promise.all(references.map(({ kind, id }) => master.read(kind, id)))
  const missing = references.filter((_, at) => found[at] === null).map(({ kind }) => kind)
  const faults = missing
    .filter((kind) => kind !== 'editor')
    .map((kind): Fault => ({ pointer: `#/${kind}Id`, code: `unknown_${kind}`, detail: `There is no such ${kind}.` }))
  if (faults.length > 0) throw new Refusal('invalid', 'The review refers to something that does not exist.', { faults })
  if (missing.length > 0)
    throw new Refusal('conflict', 'Reviews need a byline; it comes a moment after an account becomes an editor.', { code: 'no-byline' })
}
