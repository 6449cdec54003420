// What readers must see at a position of the log, said a second time and without cleverness: the last state of each document, and
// everything else counted from those.
import type { Camera } from '../../src/domain/camera.ts'
import type { Change, PublicDocuments, PublicKind } from '../../src/domain/change.ts'
import type { Editor } from '../../src/domain/editor.ts'
import type { Lens } from '../../src/domain/lens.ts'
import type { Review } from '../../src/domain/review.ts'
import { slugFrom } from '../../src/domain/slug.ts'

type Row = Record<string, unknown>
export type Tables = Record<string, Row[]>

/** Stands in a document that no table can hold. */
export const poison = '\u0000'
const isPoison = (document: object): boolean => JSON.stringify(document).includes('\\u0000')

/** The content tables, in no order. */
export function expected(changes: Iterable<Change>): Tables {
  const last = new Map<string, Change>()
  for (const change of changes) last.set(`${change.kind} ${change.id}`, change)
  const shown = <K extends PublicKind>(wanted: K) =>
    [...last.values()].flatMap(({ kind, document }) =>
      kind === wanted && document && !isPoison(document) ? [document] : [],
    ) as PublicDocuments[K][]
  const [cameras, lenses] = [shown('camera'), shown('lens')]
  const reviews = shown('review')
    .filter(({ status }) => status === 'published')
    .map((review) => reviewRow(review, cameras, lenses))
  const document = ({ id, version, slug, brand, mount, model, ...more }: Camera | Lens): Row => ({
    id,
    version,
    slug,
    brand: slugFrom(brand),
    mount,
    name: `${brand} ${model}`,
    document: { id, version, slug, brand, mount, model, ...more },
  })
  return {
    brand: brandsOf([...cameras, ...lenses].map(({ brand }) => brand)),
    camera: cameras.map(document),
    lens: lenses.map(document),
    editor: shown('editor').map(({ id, version, slug, byline }: Editor) => ({ id, version, slug, byline })),
    review: reviews.map(({ former_slugs, ...row }) => row),
    review_tag: reviews.flatMap(({ id, tags, published_at }) => tags.map((tag) => ({ tag, review_id: id, published_at }))),
    former_slug: reviews.flatMap(({ id, former_slugs }) => former_slugs.map((slug) => ({ slug, review_id: id }))),
    facet: tally(reviews.flatMap(facetsOf)).map(([[dimension, value], count]) => ({ dimension, value, reviews: count })),
    word: tally(reviews.flatMap(wordsOf)).map(([[language, word], count]) => ({ language, word, reviews: count })),
  }
}

function reviewRow(review: Review, cameras: Camera[], lenses: Lens[]) {
  const camera = cameras.find(({ id }) => id === review.cameraId)
  const lens = lenses.find(({ id }) => id === review.lensId)
  const { id, version, slug, title, summary, body, verdict, pros, cons, images, tags, language } = review
  return {
    ...{ id, version, slug, title, summary, body, verdict, pros, cons, images, tags, language },
    camera_id: review.cameraId,
    lens_id: review.lensId,
    editor_id: review.editorId,
    brand: camera ? slugFrom(camera.brand) : '',
    mount: camera?.mount ?? null,
    keywords: [camera, lens].flatMap((thing) => (thing ? [`${thing.brand} ${thing.model}`] : [])).join(' '),
    published_at: review.publishedAt,
    created_at: review.createdAt,
    updated_at: review.updatedAt,
    former_slugs: review.formerSlugs,
  }
}
type ReviewRow = ReturnType<typeof reviewRow>

function brandsOf(names: string[]): Row[] {
  const first = new Map<string, string>()
  for (const name of names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    if (!first.has(slugFrom(name))) first.set(slugFrom(name), name)
  return [...first].map(([slug, name]) => ({ slug, name }))
}

const facetsOf = ({ brand, camera_id, lens_id, mount, editor_id, language, tags, published_at }: ReviewRow): [string, string][] => [
  ...Object.entries({ brand: brand || null, camera: camera_id, lens: lens_id, mount, editor: editor_id, language }).filter(
    (facet): facet is [string, string] => facet[1] !== null,
  ),
  ...tags.map((tag): [string, string] => ['tag', tag]),
  ['month', new Date(published_at ?? '').toISOString().slice(0, 7)],
  ['day', new Date(published_at ?? '').toISOString().slice(0, 10)],
]

const wordsOf = ({ language, title, summary, body, verdict, keywords }: ReviewRow): [string, string][] => {
  const text = [title, summary, verdict, body, keywords]
    .join(' ')
    .replaceAll(/https?:\S+/g, ' ')
    .toLowerCase()
  return [...new Set(text.split(/[^\p{Script=Latin}\p{Nd}]+/u))].filter((word) => word !== '').map((word) => [language, word])
}

function tally(pairs: [string, string][]): [[string, string], number][] {
  const sums = new Map<string, [[string, string], number]>()
  for (const pair of pairs) {
    const key = pair.join('\n')
    sums.set(key, [pair, (sums.get(key)?.[1] ?? 0) + 1])
  }
  return [...sums.values()]
}
