// What editors read of their own, straight from the master: drafts too, and always the newest.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { type Review, ReviewDocument, statuses } from '../../domain/review.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { type Operation, operation } from '../../kit/operation.ts'
import { paged, pageOf, pageQuery, placeOf } from '../../kit/page.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { callerOf, desk, isAdmin, standing } from './reviewing.ts'

// A page of whole reviews could have 12 MB.
const ReviewEntry = ReviewDocument.omit({ body: true, verdict: true, pros: true, cons: true, images: true, formerSlugs: true })
  .extend({ overdue: z.boolean().describe('Its time to be published has passed and it is not out: something is in trouble.') })
  .meta({ id: 'ReviewEntry' })

export function readingOperations({ master, clock }: { master: Master; clock: Clock }): Operation[] {
  return [list(master, clock), read(master)]
}

function read(master: Master): Operation {
  return operation({
    name: 'readReview',
    kind: 'query',
    summary: 'A review of one’s own as it stands in the master, whatever its status.',
    description: 'Another editor’s review is answered 403 while readers see it and 404 while they do not.',
    tag: 'reviews',
    rest: { method: 'GET', path: '/reviews/{id}' },
    access: desk,
    input: { path: z.strictObject({ id: Id }) },
    output: ReviewDocument,
    status: 200,
    refusals: ['missing'],
    async run({ path }, call) {
      const review = await standing(master, call, path.id)
      return { body: review, version: review.version, position: await master.head() }
    },
  })
}

function list(master: Master, clock: Clock): Operation {
  return operation({
    name: 'listReviews',
    kind: 'query',
    summary: 'One’s own reviews, newest first; for admins those of any editor or of all.',
    tag: 'reviews',
    rest: { method: 'GET', path: '/reviews' },
    access: desk,
    input: {
      query: z.strictObject({
        ...pageQuery,
        editor: z
          .union([z.literal('*'), Id])
          .optional()
          .describe('Admins: an editor’s id, or `*` for all. Absent: one’s own.'),
        status: z.enum(statuses).optional(),
      }),
    },
    output: pageOf(ReviewEntry).meta({ id: 'ReviewEntries' }),
    status: 200,
    async run({ query }, call) {
      const caller = callerOf(call)
      const whose = query.editor ?? caller.accountId
      if (whose !== caller.accountId && !isAdmin(caller)) throw new Refusal('forbidden', 'Only admins list the reviews of others.')
      const partition = query.status === undefined ? whose : `${whose}/${query.status}`
      const { documents, next } = await master.list('reviews', partition, placeOf(query))
      const now = instant(clock)
      const entries = documents.map((review) => entryOf(review, now))
      return { ...paged(entries, next, query), position: await master.head() }
    },
  })
}

/** The loop that publishes looks every second: more is trouble. */
const overdueAfterMs = 5_000

export const isOverdue = ({ status, publishAt }: Review, now: string): boolean =>
  status === 'scheduled' && publishAt !== null && Date.parse(now) - Date.parse(publishAt) > overdueAfterMs

function entryOf(review: Review, now: string): z.output<typeof ReviewEntry> {
  const { body: _body, verdict: _verdict, pros: _pros, cons: _cons, images: _images, formerSlugs: _formerSlugs, ...entry } = review
  return { ...entry, overdue: isOverdue(review, now) }
}
