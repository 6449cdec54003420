// The history of a review: what stood when, by whom, and back to it.
import { z } from 'zod'
import type { Change } from '../../domain/change.ts'
import { Id } from '../../domain/document.ts'
import { type Review, ReviewDocument, ReviewFields, revise, statuses } from '../../domain/review.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { paged, pageOf, pageQuery, placeOf } from '../../kit/page.ts'
import { isSameContent, patched } from '../../kit/patching.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { type DeskParts, demandAuthor, desk, noReview, reviewPlan } from './reviewing.ts'

const version = z.coerce.number<number | string>().int().min(1).max(999_999_999)

const ReviewVersion = z
  .strictObject({
    version: z.int(),
    at: z.iso.datetime(),
    by: Id.nullable().describe('The account; null where the system did it, as the schedule does.'),
    title: z.string().nullable().describe('Null, as slug and status, where this version is the deletion.'),
    slug: z.string().nullable(),
    status: z.enum(statuses).nullable(),
  })
  .meta({ id: 'ReviewVersion' })

const ReviewAt = ReviewVersion.extend({ review: ReviewDocument.nullable() }).meta({ id: 'ReviewAt' })

const versionOf = ({ version, at, by, document }: Change<'review'>): z.output<typeof ReviewVersion> => ({
  version,
  at,
  by,
  title: document?.title ?? null,
  slug: document?.slug ?? null,
  status: document?.status ?? null,
})

/** A review that is or was, for its author. */
interface Past {
  /** The version that stands; of a deleted review that of the deletion. */
  version: number
  /** Null: deleted. */
  standing: Review | null
}

async function pastOf(master: Master, call: Call, id: string): Promise<Past> {
  const version = await master.versionOf('review', id)
  const newest = version === 0 ? null : await master.change('review', id, version)
  if (newest === null) throw noReview()
  const last = newest.document ?? (await master.change('review', id, version - 1))?.document
  if (last === undefined || last === null) throw noReview()
  // A deleted review is nobody's to see but its author's, even if readers saw its last version.
  demandAuthor(call, newest.document ?? { ...last, status: 'draft' })
  return { version, standing: newest.document }
}

async function changeOf(master: Master, id: string, version: number): Promise<Change<'review'>> {
  const change = await master.change('review', id, version)
  if (change === null) throw new Refusal('missing', 'The review has no such version.')
  return change
}

const reading = { kind: 'query', tag: 'reviews', access: desk, status: 200, refusals: ['missing'] } as const

export function historyOperations(parts: DeskParts): Operation[] {
  const { master } = parts
  return [
    operation({
      ...reading,
      name: 'listReviewHistory',
      summary: 'The versions of a review, newest first; also of a deleted one.',
      rest: { method: 'GET', path: '/reviews/{id}/history' },
      input: { path: z.strictObject({ id: Id }), query: z.strictObject(pageQuery) },
      output: pageOf(ReviewVersion).meta({ id: 'ReviewVersions' }),
      async run({ path, query }, call) {
        await pastOf(master, call, path.id)
        const { changes, next } = await master.history('review', path.id, placeOf(query))
        return { ...paged(changes.map(versionOf), next, query), position: await master.head() }
      },
    }),
    operation({
      ...reading,
      name: 'readReviewVersion',
      summary: 'A review as it once was.',
      rest: { method: 'GET', path: '/reviews/{id}/history/{version}' },
      input: { path: z.strictObject({ id: Id, version }) },
      output: ReviewAt,
      async run({ path }, call) {
        await pastOf(master, call, path.id)
        const change = await changeOf(master, path.id, path.version)
        return { body: { ...versionOf(change), review: change.document }, version: change.version, position: await master.head() }
      },
    }),
    restore(parts),
  ]
}

function restore(parts: DeskParts): Operation {
  const { master, saver, slugs } = parts
  return operation({
    name: 'restoreReviewVersion',
    kind: 'command',
    summary: 'Brings back what an editor wrote in an earlier version, as a new version.',
    description:
      'Status and address stay as they are now. A deleted review comes back as a draft, at its last address or, where that is taken, ' +
      'at a new one; If-Match then names the version of its deletion.',
    tag: 'reviews',
    rest: { method: 'POST', path: '/reviews/{id}/history/{version}/restore' },
    access: desk,
    input: { path: z.strictObject({ id: Id, version }) },
    output: ReviewDocument,
    status: 200,
    conditional: true,
    refusals: ['missing', 'conflict', 'stale', 'unconditional'],
    run: ({ path: { id, version } }, call) =>
      saver.save(call, async (attempt) => {
        const past = await pastOf(master, call, id)
        demandMatch(call, past.version)
        const { document } = await changeOf(master, id, version)
        if (document === null)
          throw new Refusal('conflict', 'This version is the deletion; restore the one before it.', { code: 'nothing-to-restore' })
        const { slug: _slug, ...content } = patched(ReviewFields, document, {})
        const how = { id, expected: past.version, status: 200 } as const
        if (past.standing === null) {
          const slug = await slugs.suggest('review', document.slug, id, attempt)
          return reviewPlan(parts, null, { ...reborn(document), ...content, slug }, { ...how, attempt })
        }
        const restored = revise(past.standing, content)
        if (isSameContent(ReviewFields, past.standing, restored)) return { ...how, kind: 'review', document: 'same' }
        return reviewPlan(parts, past.standing, restored, { ...how, attempt })
      }),
  })
}

/** The deletion freed all addresses, so it starts with one; when it was first published remains a fact. */
const reborn = (review: Review): Review => ({ ...review, status: 'draft', publishAt: null, formerSlugs: [] })
