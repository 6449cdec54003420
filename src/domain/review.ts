// A review: what it holds and which steps its life allows.
//
//   draft ──publish──▶ published ──withdraw──▶ withdrawn ──publish──▶ published
//   draft, withdrawn ──schedule──▶ scheduled ──its time, or publish──▶ published
//   scheduled ──withdraw──▶ draft when it was never out, else withdrawn
import { z } from 'zod'
import { Refusal } from '../kit/refusal.ts'
import { envelope, Id, Link, line, text } from './document.ts'
import { Slug } from './slug.ts'

export const languages = ['es', 'pt', 'en'] as const
export const Language = z.enum(languages)
export type Language = z.infer<typeof Language>

export const statuses = ['draft', 'scheduled', 'published', 'withdrawn'] as const
export type Status = (typeof statuses)[number]

/** Tags are lower-case words; case and outer space of the input do not matter. */
export const Tag = line(40).toLowerCase()

/** What an editor may write. Markdown in `body`, plain text elsewhere. */
export const ReviewFields = z.strictObject({
  title: line(160),
  /** Absent: made from the title. */
  slug: Slug.optional(),
  summary: text(500, 0).default(''),
  body: text(100_000),
  verdict: text(1000, 0).default(''),
  pros: z.array(line(200)).max(20).default([]),
  cons: z.array(line(200)).max(20).default([]),
  images: z.array(Link).max(40).default([]),
  language: Language,
  tags: z
    .array(Tag)
    .max(20)
    .transform((tags) => [...new Set(tags)])
    .default([]),
  cameraId: Id,
  lensId: Id.nullable().default(null),
})
export type ReviewFields = z.infer<typeof ReviewFields>

/** As it is stored and answered. */
export const ReviewDocument = z
  .strictObject({
    ...envelope,
    ...ReviewFields.shape,
    slug: Slug,
    tags: z.array(Tag),
    editorId: Id,
    status: z.enum(statuses),
    /** When a scheduled review goes out. Null in every other status. */
    publishAt: z.iso.datetime().nullable(),
    /** First publication; stays through withdrawal and republication. */
    publishedAt: z.iso.datetime().nullable(),
    /** Addresses that led here before; each is answered by a redirect. At most 20, oldest first, oldest dropped. */
    formerSlugs: z.array(Slug),
  })
  .meta({ id: 'Review' })
export type Review = z.infer<typeof ReviewDocument>

const formerSlugsMost = 20

/** Readers see it: the only question that decides whether it is in the read model. */
export const isPublic = (review: Pick<Review, 'status'>): boolean => review.status === 'published'

type Step = 'publish' | 'schedule' | 'withdraw'

const allowed: Record<Step, readonly Status[]> = {
  publish: ['draft', 'scheduled', 'withdrawn'],
  schedule: ['draft', 'scheduled', 'withdrawn'],
  withdraw: ['published', 'scheduled'],
}

/** Refuses a step that the present status does not allow. */
function demand(review: Review, step: Step): void {
  if (allowed[step].includes(review.status)) return
  throw new Refusal(
    'conflict',
    `A ${review.status} review cannot be ${{ publish: 'published', schedule: 'scheduled', withdraw: 'withdrawn' }[step]}.`,
    {
      code: 'wrong-status',
      facts: { reviewStatus: review.status },
    },
  )
}

export function publish(review: Review, now: string): Review {
  demand(review, 'publish')
  return { ...review, status: 'published', publishAt: null, publishedAt: review.publishedAt ?? now }
}

/** `publishAt` must lie in the future and within a year. */
export function schedule(review: Review, publishAt: string, now: string): Review {
  demand(review, 'schedule')
  const aheadMs = Date.parse(publishAt) - Date.parse(now)
  if (aheadMs <= 0 || aheadMs > 366 * 86_400_000)
    throw new Refusal('invalid', 'publishAt must lie in the future, at most one year ahead.', {
      faults: [{ pointer: '#/publishAt', code: 'out_of_range', detail: 'Must lie in the future, at most one year ahead.' }],
    })
  return { ...review, status: 'scheduled', publishAt }
}

export function withdraw(review: Review): Review {
  demand(review, 'withdraw')
  return { ...review, status: review.publishedAt === null ? 'draft' : 'withdrawn', publishAt: null }
}

/** A new review that nobody but its author sees. The engine numbers and dates it. */
export function draft(
  fields: ReviewFields,
  { id, slug, editorId, now }: { id: string; slug: string; editorId: string; now: string },
): Review {
  const stamps = { id, version: 0, createdAt: now, updatedAt: now }
  return { ...stamps, ...fields, slug, editorId, status: 'draft', publishAt: null, publishedAt: null, formerSlugs: [] }
}

/** The same review with another text. Its address changes only where another one is given. */
export function revise(review: Review, { slug, ...fields }: ReviewFields): Review {
  return readdress({ ...review, ...fields }, slug ?? review.slug)
}

/** Once it was out, an address that is given up goes on leading here; before, it is free again. */
function readdress(review: Review, slug: string): Review {
  if (slug === review.slug || review.publishedAt === null) return { ...review, slug }
  const formerSlugs = [...review.formerSlugs.filter((former) => former !== slug), review.slug].slice(-formerSlugsMost)
  return { ...review, slug, formerSlugs }
}

/** Every address that it holds. */
export const slugsOf = (review: Review): string[] => [review.slug, ...review.formerSlugs]
