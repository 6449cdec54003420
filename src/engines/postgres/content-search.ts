// Search: what matches is ranked by its words and a little by its age, a page of it shown, and all of it counted by dimension.
import { listTag } from '../../domain/tags.ts'
import type { Search, SearchPage } from '../../ports/content.ts'
import { countsOver, windowSize } from './content-facets.ts'
import { countOf, leaderId, parameters, tagsOf } from './content-filters.ts'
import { highlighted, textOf, wanted, wantedShown } from './content-highlights.ts'
import type { Asked } from './content-live.ts'
import { matchesOf, queryFor } from './content-matches.ts'
import { besides, cardWith, type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

export interface SearchRow extends SnapshotRow {
  data: string
  wanted: string
  facets: string
  leader: string | null
  ranked: number
  total: number
  exact: boolean
  newest_at: string | null
  newest_id: string | null
}

export function searchStatement({ limit, ...search }: Search): Asked {
  const by = parameters()
  const { text: matches, filter } = matchesOf(search, by)
  const text = `with recursive ${matches},
ranked as materialized (
  select r.place, r.n, ts_rank('{0.05, 0.2, 0.4, 1}', v.search, ${queryFor('v')}, 1)
    * (1.1 - 0.1 * r.n / ${windowSize}) as score, v.brand, v.camera_id, v.mount, v.language, v.tags
  from newest r join build.review v on v.ctid = r.place),
page as materialized (
  select place, row_number() over (order by score desc, n) as n from ranked order by score desc, n
  offset ${by.add(search.from?.offset ?? 0)} limit ${by.add(limit)}),
shown as materialized (select r.*, p.n from page p join build.review r on r.ctid = p.place),
${wanted}
select ${snapshot}, ${leaderId(filter)} as leader,
  (select coalesce(json_agg(${cardWith(textOf)} order by r.n), '[]')::text from shown r ${besides}) as data, ${wantedShown} as wanted,
  ${countsOver('ranked', ['brand', 'camera', 'language', 'tag', 'mount'])}::text as facets,
  (select count(*)::int from ranked) as ranked, f.total, f.exact,
  n.published_at::text as newest_at, n.id::text as newest_id
from build.applied a, found f left join newest n on n.n = 1`
  // A plan takes 1.3 to 2.1 MB of each connection that has it: kept are those of one filter and a language.
  return { text, values: by.values, prepared: countOf(filter) <= 1 }
}

export function searchPageOf(row: SearchRow, { filters, from, limit }: Search): SearchPage {
  const newest = from?.newest ?? (row.newest_at === null || row.newest_id === null ? null : ([row.newest_at, row.newest_id] as const))
  const offset = (from?.offset ?? 0) + limit
  return {
    ...snapshotOf(row),
    text: highlighted(row.data, row.wanted),
    facetsText: row.facets,
    window: row.ranked,
    total: row.total,
    exact: row.exact,
    next: newest !== null && offset < row.ranked ? { newest, offset } : null,
    // The vocabulary and the facets are of all reviews: any publication may alter them.
    tags: [...new Set([listTag(), ...tagsOf(filters, row.leader, null)])],
  }
}
