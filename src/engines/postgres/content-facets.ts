// Counts of reviews by dimension: from the counters where nothing is filtered, else over the newest that match.
import { type Dimension, dimensions, listTag } from '../../domain/tags.ts'
import type { Facets, ReviewFilters } from '../../ports/content.ts'
import { countOf, filtering, leaderId, parameters, publication, source, tagsOf } from './content-filters.ts'
import type { Asked } from './content-live.ts'
import { type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

/** Reviews that are looked at for counts and for ranking. More is not worth its time: 2,000 took four times as long. */
export const windowSize = 500

const valuesShown = 20

// How a counted value is shown: in filters it may be given by the same text.
const labels: Record<Dimension, { join: string; value: string; label: string }> = {
  brand: { join: 'left join build.brand b on b.slug = f.value', value: 'f.value', label: 'coalesce(b.name, f.value)' },
  camera: { join: 'join build.camera b on b.id = f.value::uuid', value: 'b.slug', label: 'b.name' },
  lens: { join: 'join build.lens b on b.id = f.value::uuid', value: 'b.slug', label: 'b.name' },
  editor: { join: 'join build.editor b on b.id = f.value::uuid', value: 'b.slug', label: 'b.byline' },
  mount: { join: '', value: 'f.value', label: 'f.value' },
  tag: { join: '', value: 'f.value', label: 'f.value' },
  language: { join: '', value: 'f.value', label: 'f.value' },
}

/** JSON of `{ dimension: [{ value, label, reviews }] }`, most first; `counts` is a subquery of (value, reviews). */
export const countsOf = (counts: Partial<Record<Dimension, string>>): string =>
  `json_build_object(${dimensions
    .filter((dimension) => counts[dimension] !== undefined)
    .map((dimension) => {
      const { join, value, label } = labels[dimension]
      return `'${dimension}', (select coalesce(json_agg(json_build_object('value', ${value}, 'label', ${label}, 'reviews', f.reviews)
      order by f.reviews desc, ${value}), '[]') from (select * from (${counts[dimension]}) n(value, reviews) order by reviews desc, value limit ${valuesShown}) f ${join})`
    })
    .join(',\n    ')})`

/** Over a materialized set of rows with these columns. */
export const countsOver = (rows: string, which: readonly Dimension[]): string => {
  const column = { brand: 'brand', camera: 'camera_id', lens: 'lens_id', editor: 'editor_id', mount: 'mount', language: 'language' }
  return countsOf(
    Object.fromEntries(
      which.map((dimension) => [
        dimension,
        dimension === 'tag'
          ? `select tag, count(*) from (select unnest(r.tags) as tag from ${rows} r) t group by tag`
          : `select ${column[dimension]}::text, count(*) from ${rows} r where ${column[dimension]} is not null group by 1`,
      ]),
    ),
  )
}

export interface FacetsRow extends SnapshotRow {
  data: string
  counted: number
  more: boolean
  leader: string | null
}

export function facetsStatement(filters: ReviewFilters): Asked {
  const by = parameters()
  const filter = filtering(filters, by)
  if (countOf(filter) === 0) {
    const counts = Object.fromEntries(
      dimensions.map((dimension) => [dimension, `select value, reviews from build.facet where dimension = '${dimension}' and reviews > 0`]),
    )
    return {
      prepared: true,
      values: [],
      text: `select ${snapshot}, null::text as leader, false as more, ${countsOf(counts)}::text as data,
  (select coalesce(sum(reviews), 0)::int from build.facet where dimension = 'language') as counted
from build.applied a`,
    }
  }
  const { at, id } = publication(filter)
  return {
    values: by.values,
    text: `with newest as materialized (
  select r.brand, r.camera_id, r.lens_id, r.editor_id, r.mount, r.language, r.tags, row_number() over (order by ${at} desc, ${id} desc) as n
  ${source(filter)} order by ${at} desc, ${id} desc limit ${windowSize + 1}),
counted as materialized (select * from newest where n <= ${windowSize})
select ${snapshot}, ${leaderId(filter)} as leader, exists (select from newest where n > ${windowSize}) as more,
  (select count(*)::int from counted) as counted, ${countsOver('counted', dimensions)}::text as data
from build.applied a`,
  }
}

export const facetsOf = (row: FacetsRow, filters: ReviewFilters): Facets => ({
  ...snapshotOf(row),
  text: row.data,
  counted: row.counted,
  complete: !row.more,
  // `listTag()` comes by with every change of a name too, and names are the labels.
  tags: [...new Set([listTag(), ...tagsOf(filters, row.leader, null)])],
})
