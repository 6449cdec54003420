// What readers may ask with and what they get, as schemas: the same words in every protocol.
import { z } from 'zod'
import { CameraDocument, cameraTypes } from '../../domain/camera.ts'
import { Id, Instant, line } from '../../domain/document.ts'
import { LensDocument } from '../../domain/lens.ts'
import { Language } from '../../domain/review.ts'
import { Slug, slugFrom } from '../../domain/slug.ts'
import { reviewSorts } from '../../ports/content.ts'

const key = z.union([Id, Slug])
const brand = line(60).transform(slugFrom)

/** What lists, search and facets are narrowed by. */
export const filters = {
  brand: brand.optional().describe('A brand by its name or slug: `canon`.'),
  camera: key.optional().describe('A camera by its slug or id.'),
  lens: key.optional().describe('A lens by its slug or id.'),
  mount: line(40).optional().describe('A lens mount by its name: `Canon RF`.'),
  editor: key.optional().describe('An editor by slug or id.'),
  tag: line(40).toLowerCase().optional(),
  language: Language.optional(),
  publishedAfter: Instant.optional().describe('First published at this time or later, RFC 3339.'),
  publishedBefore: Instant.optional().describe('First published before this time, RFC 3339.'),
}

const paging = {
  cursor: z.string().min(1).max(2048).optional().describe('The `nextCursor` of the page before, with the same other parameters.'),
  limit: z.coerce.number<number | string>().int().min(1).max(100).default(20),
}

export const ListQuery = z.strictObject({ ...filters, sort: z.enum(reviewSorts).default('newest'), ...paging })
export const SearchQuery = z.strictObject({
  q: line(200).describe('Words, "phrases", or, -without. The last word may be the beginning of one.'),
  ...filters,
  ...paging,
})
export const SuggestQuery = z.strictObject({
  q: line(50).describe('The beginning of a title, a name or a word.'),
  limit: z.coerce.number<number | string>().int().min(1).max(10).default(10),
})
export const FacetsQuery = z.strictObject(filters)
export const SlugPath = z.strictObject({ slug: z.string().min(1).max(200) })
export const KeyPath = z.strictObject({ id: z.string().min(1).max(200).describe('Slug or id.') })
export const CatalogueQuery = z.strictObject({ brand: filters.brand, mount: filters.mount, ...paging })
export const CamerasQuery = CatalogueQuery.extend({ type: z.enum(cameraTypes).optional() })

const keys = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .pipe(z.array(key).min(2, { message: 'Name two at least.' }).max(6, { message: 'Name six at most.' }))
  .refine((keys) => new Set(keys).size === keys.length, { message: 'Name each once.' })
  .optional()

export const CompareQuery = z
  .strictObject({
    cameras: keys.describe('Two to six cameras by slug or id, separated by commas.'),
    reviews: keys.describe('Two to six reviews by slug or id, separated by commas: their cameras are compared.'),
  })
  .refine(({ cameras, reviews }) => (cameras === undefined) !== (reviews === undefined), {
    path: ['cameras'],
    message: 'Give either cameras or reviews.',
  })

const CameraRef = z.strictObject({ id: Id, slug: z.string(), brand: z.string(), model: z.string() }).meta({ id: 'CameraRef' })
const LensRef = z.strictObject({ id: Id, slug: z.string(), brand: z.string(), model: z.string() }).meta({ id: 'LensRef' })
const EditorRef = z.strictObject({ id: Id, byline: z.string(), slug: z.string() }).meta({ id: 'EditorRef' })

const cardMembers = {
  id: Id,
  version: z.int().min(1),
  slug: z.string(),
  title: z.string(),
  summary: z.string(),
  verdict: z.string(),
  language: Language,
  tags: z.array(z.string()),
  image: z.string().nullable().describe('The first picture.'),
  camera: CameraRef.nullable(),
  lens: LensRef.nullable(),
  editor: EditorRef.nullable(),
  publishedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}

export const ReviewCard = z.strictObject(cardMembers).meta({ id: 'ReviewCard' })
export const PublishedReview = z
  .strictObject({
    ...cardMembers,
    body: z.string().describe('Markdown.'),
    pros: z.array(z.string()),
    cons: z.array(z.string()),
    images: z.array(z.string()),
  })
  .meta({ id: 'PublishedReview' })

const Piece = z
  .strictObject({ text: z.string(), hit: z.boolean() })
  .meta({ id: 'HighlightPiece', description: 'Plain text, never markup.' })
const FoundReview = z
  .strictObject({ ...cardMembers, highlights: z.strictObject({ title: z.array(Piece), text: z.array(Piece) }) })
  .meta({ id: 'FoundReview' })

const FacetValue = z
  .strictObject({ value: z.string().describe('As the filter takes it.'), label: z.string(), reviews: z.int() })
  .meta({ id: 'FacetValue' })
const facet = z.array(FacetValue)
const searchFacets = { brand: facet, camera: facet, language: facet, tag: facet, mount: facet }

const links = z
  .strictObject({ self: z.string(), next: z.string().nullable() })
  .meta({ id: 'PageLinks', description: 'Relative to the address that was asked.' })
const pageMetadata = { limit: z.int(), nextCursor: z.string().nullable() }
const pageOf = (entry: z.ZodType) => z.strictObject({ data: z.array(entry), metadata: z.strictObject(pageMetadata), links })

export const ReviewPage = pageOf(ReviewCard).meta({ id: 'ReviewPage' })
export const CameraPage = pageOf(CameraDocument).meta({ id: 'CameraPage' })
export const LensPage = pageOf(LensDocument).meta({ id: 'LensPage' })
export { CameraDocument, LensDocument }

export const SearchResult = z
  .strictObject({
    data: z.array(FoundReview),
    metadata: z.strictObject({
      ...pageMetadata,
      total: z.int().describe('How many reviews match.'),
      totalIs: z.enum(['exact', 'estimate']),
      window: z.int().describe('How many of them, the newest, were ranked and can be paged through: 500 at most.'),
      correctedQuery: z.string().nullable().describe('What was searched for instead, where hardly anything was found.'),
      facets: z.strictObject(searchFacets).describe('Counts over the window.'),
    }),
    links,
  })
  .meta({ id: 'SearchResult' })

export const Suggestions = z
  .strictObject({
    data: z.array(
      z
        .strictObject({ kind: z.enum(['camera', 'lens', 'review', 'word']), text: z.string(), slug: z.string().nullable() })
        .meta({ id: 'Suggestion' }),
    ),
  })
  .meta({ id: 'Suggestions' })

export const FacetCounts = z
  .strictObject({
    data: z.strictObject({ ...searchFacets, lens: facet, editor: facet }).describe('At most 20 values of each, most reviews first.'),
    metadata: z.strictObject({
      counted: z.int().describe('How many reviews were counted.'),
      countedAre: z.enum(['all', 'newest']).describe('`newest`: more than 500 match, and the newest 500 were counted.'),
    }),
  })
  .meta({ id: 'FacetCounts' })

const Cell = z.union([z.string(), z.number(), z.boolean()]).nullable()
const indexes = z.array(z.int())
const ComparedRow = z
  .strictObject({
    key: z.string(),
    label: z.string(),
    unit: z.string().nullable(),
    values: z.array(Cell).describe('In the order of the subjects; null is unknown.'),
    missing: indexes.describe('Places of the unknown values.'),
    differs: z.boolean(),
    better: z.enum(['higher', 'lower']).nullable(),
    best: indexes.describe('Places of the best values; none where nothing differs or it is a matter of taste.'),
    why: z.string().nullable().describe('A sentence for the reader, in English.'),
  })
  .meta({ id: 'ComparisonRow' })

export const Comparison = z
  .strictObject({
    subjects: z
      .array(
        z.strictObject({
          name: z.string(),
          camera: CameraRef,
          review: z
            .strictObject({
              id: Id,
              slug: z.string(),
              title: z.string(),
              verdict: z.string(),
              pros: z.array(z.string()),
              cons: z.array(z.string()),
              language: Language,
            })
            .meta({ id: 'ComparedReview' })
            .nullable(),
        }),
      )
      .describe('In the order asked.'),
    groups: z.array(z.strictObject({ key: z.string(), label: z.string(), rows: z.array(ComparedRow) }).meta({ id: 'ComparisonGroup' })),
  })
  .meta({ id: 'Comparison' })
