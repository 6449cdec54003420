// Single documents: a review by slug, a camera or lens by slug or id, several of them to compare.
import type { Camera } from '../../domain/camera.ts'
import type { Language } from '../../domain/review.ts'
import { catalogueTag, documentTag, slugTag } from '../../domain/tags.ts'
import type { CatalogueFilters, CatalogueKind, Compared, ComparedItem, One, ReviewBySlug } from '../../ports/content.ts'
import { isId, parameters } from './content-filters.ts'
import type { Asked } from './content-live.ts'
import { besides, fullReview, type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

export interface ReviewRow extends SnapshotRow {
  data: string | null
  version: number | null
  id: string | null
  camera_id: string | null
  lens_id: string | null
  editor_id: string | null
  moved_to: string | null
  moved_id: string | null
}

export const reviewStatement = (slug: string): Asked => ({
  prepared: true,
  values: [slug],
  text: `select ${snapshot}, r.id, r.version, r.camera_id, r.lens_id, r.editor_id, moved.slug as moved_to, moved.id as moved_id,
  case when r.id is not null then ${fullReview}::text end as data
from build.applied a
left join build.review r on r.slug = $1
${besides}
left join lateral (select m.id, m.slug from build.former_slug f join build.review m on m.id = f.review_id
  where f.slug = $1 and r.id is null limit 1) moved on true`, // with its limit it is looked for only where there is no review
})

export function reviewOf(row: ReviewRow, slug: string): ReviewBySlug {
  const shown = { ...snapshotOf(row), tags: [slugTag(slug)] }
  if (row.data === null || row.id === null || row.version === null) {
    if (row.moved_to === null || row.moved_id === null) return { ...shown, found: 'nowhere' }
    return { ...shown, tags: [...shown.tags, documentTag('review', row.moved_id)], found: 'moved', slug: row.moved_to }
  }
  const shows = { review: row.id, camera: row.camera_id, lens: row.lens_id, editor: row.editor_id }
  const tags = Object.entries(shows).flatMap(([kind, id]) => (id === null ? [] : [documentTag(kind, id)]))
  return { ...shown, tags: [...shown.tags, ...tags], found: 'here', text: row.data, version: row.version }
}

export interface ItemRow extends SnapshotRow {
  id: string | null
  version: number | null
  data: string | null
}

export const itemStatement = (kind: CatalogueKind, key: string): Asked => ({
  prepared: true,
  values: [key],
  text: `select ${snapshot}, i.id, i.version, i.document::text as data
from build.applied a left join build.${kind} i on ${isId(key) ? 'i.id = $1::uuid' : 'i.slug = $1'}`,
})

export function itemOf(row: ItemRow, kind: CatalogueKind, key: string): One {
  const asked = isId(key) ? documentTag(kind, key) : slugTag(key)
  if (row.data === null || row.id === null || row.version === null) return { ...snapshotOf(row), tags: [asked], found: false }
  return { ...snapshotOf(row), tags: [...new Set([asked, documentTag(kind, row.id)])], found: true, text: row.data, version: row.version }
}

export interface CatalogueRow extends SnapshotRow {
  data: string
  next: string | null
}

export function catalogueStatement(
  kind: CatalogueKind,
  { filters, after, limit }: { filters: CatalogueFilters; after: string | null; limit: number },
): Asked {
  const by = parameters()
  const where = [
    ...(filters.brand === undefined ? [] : [`i.brand = ${by.add(filters.brand)}`]),
    ...(filters.mount === undefined ? [] : [`i.mount = ${by.add(filters.mount)}`]),
    ...(filters.type === undefined ? [] : [`i.document->>'type' = ${by.add(filters.type)}`]),
    ...(after === null ? [] : [`i.slug > ${by.add(after)}`]),
  ]
  const shown = by.add(limit)
  return {
    values: by.values,
    prepared: true,
    text: `with page as materialized (
  select i.slug, i.document from build.${kind} i${where.length === 0 ? '' : ` where ${where.join(' and ')}`} order by i.slug limit ${shown} + 1),
shown as materialized (select * from page order by slug limit ${shown})
select ${snapshot}, (select coalesce(json_agg(document order by slug), '[]')::text from shown) as data,
  (select max(slug) from shown where (select count(*) from page) > ${shown}) as next
from build.applied a`,
  }
}

export const catalogueOf = (row: CatalogueRow, kind: CatalogueKind) => ({
  ...snapshotOf(row),
  text: row.data,
  next: row.next,
  tags: [catalogueTag(kind)],
})

export interface ComparedRow extends SnapshotRow {
  items: { camera: Camera | null; review: (ComparedItem['review'] & { language: Language }) | null }[]
}

/** One row, in the order of the keys. */
export function compareStatement(by: 'cameras' | 'reviews', keys: readonly string[]): Asked {
  const subject = by === 'cameras' ? 'camera' : 'review'
  const join = `left join build.${subject} s on s.id = (select f.id from build.${subject} f where f.id = k.id or f.slug = k.slug order by f.id = k.id desc nulls last limit 1)`
  return {
    prepared: true,
    values: [keys.map((key) => (isId(key) ? key : null)), keys.map((key) => (isId(key) ? null : key))],
    text: `select ${snapshot}, (
  select json_agg(json_build_object('camera', ${by === 'cameras' ? 's.document' : 'c.document'}, 'review', ${
    by === 'cameras'
      ? 'null::json'
      : `case when s.id is null then null else json_build_object('id', s.id, 'slug', s.slug, 'title', s.title, 'verdict', s.verdict,
      'pros', s.pros, 'cons', s.cons, 'language', s.language) end`
  }) order by k.n)
  from unnest($1::uuid[], $2::text[]) with ordinality as k(id, slug, n) ${join}
  ${by === 'cameras' ? '' : 'left join build.camera c on c.id = s.camera_id'}) as items
from build.applied a`,
  }
}

export function comparedOf(row: ComparedRow, by: 'cameras' | 'reviews', keys: readonly string[]): Compared {
  const tags = new Set(keys.map((key) => (isId(key) ? documentTag(by === 'cameras' ? 'camera' : 'review', key) : slugTag(key))))
  for (const { camera, review } of row.items) {
    if (camera !== null) tags.add(documentTag('camera', camera.id))
    if (review !== null) tags.add(documentTag('review', review.id))
  }
  return {
    ...snapshotOf(row),
    tags: [...tags],
    items: row.items.map(({ camera, review }) => (camera === null ? null : { camera, review })),
  }
}
