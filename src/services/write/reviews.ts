// Writing, changing and deleting reviews.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { draft, publish, type Review, ReviewDocument, ReviewFields, revise } from '../../domain/review.ts'
import { slugFrom } from '../../domain/slug.ts'
import { instant } from '../../kit/clock.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { patchOf } from '../../kit/merge-patch.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { isSameContent, patched } from '../../kit/patching.ts'
import { callerOf, type DeskParts, desk, reviewPlan, standing } from './reviewing.ts'
import type { Plan } from './saving.ts'

const byId = z.strictObject({ id: Id })
const reviewPatch = patchOf(ReviewFields).meta({ id: 'ReviewPatch' })
const newReview = ReviewFields.extend({
  status: z.enum(['draft', 'published']).default('draft').describe('`published` lets readers see it at once.'),
}).meta({ id: 'NewReview' })

const example = {
  title: 'Canon EOS R5: a year in Patagonia',
  summary: 'Wind, dust and 45 megapixels.',
  body: 'It has been out in **every** weather …',
  verdict: 'Still the one to take along.',
  pros: ['Autofocus'],
  cons: ['Heat in 8K'],
  language: 'en',
  tags: ['landscape'],
  cameraId: '01941f29-7c00-7000-8000-000000000001',
  status: 'published',
}

/** What an edit makes of the review as it stands. */
type Edit = (review: Review, attempt: number) => Promise<Review>

export function reviewOperations(parts: DeskParts): Operation[] {
  return [create(parts), replace(parts), change(parts), remove(parts)]
}

function create({ master, clock, newId, saver, slugs }: DeskParts): Operation {
  return operation({
    name: 'createReview',
    kind: 'command',
    summary: 'Writes a new review: a draft, or at once published.',
    description:
      'Without `slug` one is made from the title, with a suffix where it is taken; a given one that is taken is refused (`slug-taken`). ' +
      'The author is the caller. Drafts are seen by their author and by admins only.',
    tag: 'reviews',
    rest: { method: 'POST', path: '/reviews' },
    access: desk,
    input: { body: newReview },
    output: ReviewDocument,
    status: 201,
    refusals: ['conflict', 'too-large'],
    examples: [{ summary: 'A review that readers see at once', input: { body: example } }],
    run({ body: { status, ...fields } }, call) {
      const id = newId()
      return saver.save(call, async (attempt) => {
        const now = instant(clock)
        const slug = fields.slug ?? (await slugs.suggest('review', slugFrom(fields.title), id, attempt))
        const written = draft(fields, { id, slug, editorId: callerOf(call).accountId, now })
        const review = status === 'published' ? publish(written, now) : written
        return reviewPlan({ master, slugs }, null, review, { attempt, id, expected: 0, status: 201, location: `/reviews/${id}` })
      })
    },
  })
}

const editing = {
  kind: 'command',
  tag: 'reviews',
  access: desk,
  output: ReviewDocument,
  status: 200,
  conditional: true,
  refusals: ['missing', 'conflict', 'stale', 'unconditional', 'too-large'],
} as const

const addresses =
  'A new slug is free to choose until the first publication; from then on the old address goes on leading here. ' +
  'Where nothing differs the review is answered as it stands, without a new version.'

function replace(parts: DeskParts): Operation {
  return operation({
    ...editing,
    name: 'replaceReview',
    summary: 'Replaces what an editor wrote. Its status stays.',
    description: `Members that are absent get their defaults; an absent \`slug\` stays as it is. ${addresses}`,
    rest: { method: 'PUT', path: '/reviews/{id}' },
    input: { path: byId, body: ReviewFields.meta({ id: 'ReviewInput' }) },
    run: ({ path, body }, call) =>
      parts.saver.save(
        call,
        edit(parts, call, path.id, async (review) => revise(review, body)),
      ),
  })
}

function change(parts: DeskParts): Operation {
  return operation({
    ...editing,
    name: 'changeReview',
    summary: 'Changes some members of a review by JSON Merge Patch. Its status stays.',
    description: `\`null\` resets a member to its default; \`"slug": null\` makes a new one from the title. ${addresses}`,
    rest: { method: 'PATCH', path: '/reviews/{id}' },
    input: { path: byId, body: reviewPatch },
    mediaType: 'application/merge-patch+json',
    run: ({ path, body }, call) =>
      parts.saver.save(
        call,
        edit(parts, call, path.id, async (review, attempt) => {
          const fields = patched(ReviewFields, review, body)
          const slug = fields.slug ?? (await parts.slugs.suggest('review', slugFrom(fields.title), review.id, attempt))
          return revise(review, { ...fields, slug })
        }),
      ),
  })
}

const edit =
  (parts: DeskParts, call: Call, id: string, make: Edit) =>
  async (attempt: number): Promise<Plan> => {
    const review = await standing(parts.master, call, id)
    demandMatch(call, review.version)
    const revised = await make(review, attempt)
    const how = { id, expected: review.version, status: 200 } as const
    if (isSameContent(ReviewFields, review, revised)) return { ...how, kind: 'review', document: 'same' }
    return reviewPlan(parts, review, revised, { ...how, attempt })
  }

function remove(parts: DeskParts): Operation {
  return operation({
    name: 'deleteReview',
    kind: 'command',
    summary: 'Deletes a review and frees its addresses.',
    description: 'Its history stays with its author and with admins, who can restore a version of it as a draft.',
    tag: 'reviews',
    rest: { method: 'DELETE', path: '/reviews/{id}' },
    access: desk,
    input: { path: byId },
    status: 204,
    conditional: true,
    refusals: ['missing', 'stale', 'unconditional'],
    run: ({ path: { id } }, call) =>
      parts.saver.save(call, async (attempt) => {
        const review = await standing(parts.master, call, id)
        demandMatch(call, review.version)
        return reviewPlan(parts, review, null, { attempt, id, expected: review.version, status: 204 })
      }),
  })
}
