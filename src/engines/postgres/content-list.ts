// Lists of reviews: each shape of filters walks its index from the cursor on, so a page costs the same at any depth and size.
import type { Page, Place, ReviewFilters, ReviewSort } from '../../ports/content.ts'
import { countOf, filtering, leaderId, parameters, publication, source, tagsOf } from './content-filters.ts'
import type { Asked } from './content-live.ts'
import { besides, card, type SnapshotRow, showsOf, snapshot, snapshotOf } from './content-shapes.ts'

interface ListRow extends SnapshotRow {
  data: string
  next_key: string | null
  next_id: string | null
  shows: string | null
  leader: string | null
}

interface Query {
  filters: ReviewFilters
  sort: ReviewSort
  after: Place | null
  limit: number
}

// The limit stands in the text, since a plan for any limit expects a tenth of the table and sorts it all. Few sizes, few plans.
const sizes = [20, 50, 100]

export function listStatement({ filters, sort, after, limit }: Query): Asked {
  const by = parameters()
  const filter = filtering(filters, by)
  const published = publication(filter)
  const title = sort === 'title'
  const [key, id] = title ? ['r.title_key', 'r.id'] : [published.at, published.id]
  const type = title ? 'text' : 'timestamptz'
  const direction = sort === 'newest' ? 'desc' : 'asc'
  const beyond = sort === 'newest' ? '<' : '>'
  const from = source(filter, after === null ? [] : [`(${key}, ${id}) ${beyond} (${by.add(after[0])}::${type}, ${by.add(after[1])}::uuid)`])
  const most = sizes.find((size) => size >= limit) ?? limit
  const shown = by.add(limit)
  const order = (of: string) => `${of}.key ${direction}, ${of}.id ${direction}`
  // The key keeps its microseconds: a cursor cut to milliseconds would show a row twice, or never.
  const text = `with page as materialized (
  select ${key} as key, r.id, r.version, r.slug, r.title, r.summary, r.verdict, r.language, r.tags, r.images, r.camera_id, r.lens_id,
    r.editor_id, r.published_at, r.updated_at
  ${from} order by ${key} ${direction}, ${id} ${direction} limit ${most + 1}),
shown as materialized (select * from page order by key ${direction}, id ${direction} limit ${shown}),
last as (select key::text, id::text from shown r where (select count(*) from page) > ${shown}
  order by r.key ${direction === 'desc' ? 'asc' : 'desc'}, r.id ${direction === 'desc' ? 'asc' : 'desc'} limit 1)
select ${snapshot}, ${leaderId(filter)} as leader,
  (select coalesce(json_agg(${card} order by ${order('r')}), '[]')::text from shown r ${besides}) as data,
  (select ${showsOf} from shown r) as shows,
  (select key from last) as next_key, (select id from last) as next_id
from build.applied a`
  // With two filters, or one against the order of another index, the best plan depends on how common the values are: planned anew.
  return { text, values: by.values, prepared: countOf(filter) + (title ? 1 : 0) <= 1 }
}

export const pageOf = (row: ListRow, filters: ReviewFilters): Page => ({
  ...snapshotOf(row),
  text: row.data,
  next: row.next_key === null || row.next_id === null ? null : [row.next_key, row.next_id],
  tags: tagsOf(filters, row.leader, row.shows),
})
export type { ListRow }
