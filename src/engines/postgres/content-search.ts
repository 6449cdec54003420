// Search: the newest 500 matches are ranked, never all. Frequent words are looked for by walking the newest reviews, rare ones
// through the index; the vocabulary's counts decide, inside the one statement.
import { listTag } from '../../domain/tags.ts'
import type { Search, SearchPage } from '../../ports/content.ts'
import { countsOver, windowSize } from './content-facets.ts'
import {
  checksOf,
  type Filtering,
  filtering,
  leaderId,
  leadOf,
  type Parameters,
  parameters,
  publication,
  tablesOf,
  tagsOf,
  whereOf,
} from './content-filters.ts'
import { highlighted, textOf, wanted, wantedShown } from './content-highlights.ts'
import type { Asked } from './content-live.ts'
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

// Words in more reviews than this are looked for by walking. Below, all matches are fetched, through an index for each language: with one
// for all of them half of what it found for some questions was in another language than the word, and read in vain.
const frequent = 5000
// Without filters the newest few tell how dense the matches lie. Walking reads 500 rows for every one in so many that matches, fetching
// reads each that matches: whichever is less. Of 10,000 reviews all words in more than 2,236 are walked for.
const probed = 200
// How far a walk goes, and with how many finds it is content before the end.
const walkMax = 10_000
const walkFinds = 100
// A guard against words that the vocabulary does not count: the index brings no more than this.
const fetchMax = 20_000

// Of all words that begin so, the commonest.
const openingsMax = 24

const languages = ['es', 'pt', 'en'] as const

// As values, not as a joined row: joined, the walk lost its order and went to the end each time (50 ms instead of 9).
const queryFor = (row: string) =>
  `(case ${row}.language when 'es' then (select es from q) when 'pt' then (select pt from q) else (select en from q) end)`

export function searchStatement({ question, filters, from, limit }: Search): Asked {
  const by = parameters()
  const filter = filtering(filters, by)
  const { at, id } = publication(filter)
  const newest = from && `(${by.add(from.newest[0])}::timestamptz, ${by.add(from.newest[1])}::uuid)`
  const notAfter = (at: string, id: string) => (newest === null ? [] : [`(${at}, ${id}) <= ${newest}`])
  const asked = filters.language === undefined ? languages : languages.filter((language) => language === filters.language)
  const lead = `from ${tablesOf(filter)}${whereOf([...leadOf(filter), ...notAfter(at, id)])}`
  const newestFirst = `order by ${at} desc, ${id} desc`
  const matches = `r.search @@ ${queryFor('r')}`
  const offset = by.add(from?.offset ?? 0)
  const shown = by.add(limit)
  const filterCount = filter.conditions.length + (filter.counted === null ? 0 : 1)
  // Nor another word, nor an exclusion: of those the counts of the vocabulary know nothing.
  const isOneWord = filterCount === 0 && question.words.length === 1 && question.text === question.words[0]?.word
  const all = `(select coalesce(sum(reviews), 0) from build.facet where dimension = 'language')`
  const dense = `(select count(*) from (select r.language, r.search ${lead} ${newestFirst} limit ${probed}) r where ${matches})`
  const isDense = `(s.estimate ^ 2 > ${windowSize} * ${all} and (${dense} * ${all} / ${probed}) ^ 2 > ${windowSize} * ${all})`
  // To take a column out of a row takes as long as to find it.
  const checked = filterCount === 0 ? '' : ', r.language, r.brand, r.mount, r.camera_id, r.lens_id, r.editor_id, r.tags'
  // Fenced: whatever else is asked, the index of the words brings the rows.
  const fetch = (language: string) =>
    `select r.id, r.published_at from (select r.id, r.published_at${checked} from build.review r
    where (select indexed from choice) and r.language = '${language}' and r.search @@ (select ${language} from q) offset 0) r${whereOf([...checksOf(filter), ...notAfter('r.published_at', 'r.id')])}`
  const text = `with ${wordsOf(question, asked, by)},
q as materialized (select *, ${asked.join(' || ')} as asked from (select ${languages.map((language) => `${queryOf(question, language, by)} as ${language}`).join(', ')}) q),
known as materialized (select s.estimate, querytree(q.asked) <> 'T' as indexable,
  ${filter.narrow ? 'true' : `s.estimate > ${frequent} or querytree(q.asked) = 'T'${filterCount === 0 ? ` or ${isDense}` : ''}`} as walks from size s, q),
walk as materialized (
  select r.id, r.published_at from (
    select r.id, r.published_at, r.language, r.brand, r.mount, r.camera_id, r.lens_id, r.editor_id, r.search ${lead} ${newestFirst} limit ${walkMax}) r
  where (select walks from known) and ${[matches, ...filter.conditions].join(' and ')} order by r.published_at desc, r.id desc limit ${windowSize}),
walked as materialized (select finds, (select walks from known) and finds < ${windowSize}
    and not exists (select ${lead} ${newestFirst} offset ${walkMax} limit 1) as whole
  from (select count(*)::int as finds from walk) w),
choice as materialized (select not k.walks or (w.finds < ${walkFinds} and not w.whole and k.indexable and ${
    filterCount === 0 ? 'true' : `k.estimate <= ${10 * frequent}`
  }) as indexed from known k, walked w),
fetched as materialized (
  ${asked.map(fetch).join('\n  union all ')} limit ${fetchMax}),
brought as materialized (select count(*)::int as finds from fetched),
newest as materialized (
  select id, published_at from walk where not (select indexed from choice)
  union all (select id, published_at from fetched order by published_at desc, id desc limit ${windowSize})),
ranked as materialized (
  select r.id, r.n, ts_rank('{0.05, 0.2, 0.4, 1}', v.search, ${queryFor('v')}, 1)
    * (1.1 - 0.1 * r.n / ${windowSize}) as score, v.brand, v.camera_id, v.mount, v.language, v.tags
  from (select *, row_number() over (order by published_at desc, id desc) as n from newest) r join build.review v on v.id = r.id),
page as materialized (select id, row_number() over (order by score desc, n) as place from ranked order by score desc, n offset ${offset} limit ${shown}),
shown as materialized (select r.*, p.place from page p join build.review r on r.id = p.id),
${wanted}
select ${snapshot}, ${leaderId(filter)} as leader,
  (select coalesce(json_agg(${cardWith(textOf)} order by r.place), '[]')::text from shown r ${besides}) as data, ${wantedShown} as wanted,
  ${countsOver('ranked', ['brand', 'camera', 'language', 'tag', 'mount'])}::text as facets,
  (select count(*)::int from ranked) as ranked,
  case when f.indexed then b.finds when w.whole then w.finds else ${isOneWord && question.open === null ? `least(k.estimate, ${all})::int` : estimateOf(filter, lead, at, id, isOneWord)} end as total,
  case when f.indexed then b.finds < ${fetchMax} else w.whole end as exact,
  (select n.published_at::text from newest n order by n.published_at desc, n.id desc limit 1) as newest_at,
  (select n.id::text from newest n order by n.published_at desc, n.id desc limit 1) as newest_id
from build.applied a, choice f, walked w, known k, brought b`
  // A plan takes 1.1 MB of each connection that has it: kept are those of one filter and a language.
  return { text, values: by.values, prepared: filterCount - (filters.language === undefined ? 0 : 1) <= 1 }
}

/**
 * What the vocabulary knows of the words. `openings`: the commonest words that begin as the last one does (stems are shorter than
 * words, so the index cannot find beginnings by itself). `size`: at most so many reviews match, from the rarest word of each
 * alternative, over the languages asked.
 */
function wordsOf({ words, open }: Search['question'], asked: readonly string[], by: Parameters): string {
  const begins = by.add(open?.word ?? null)
  const among = by.add(words.map(({ word }) => word))
  const alternatives = by.add(words.map(({ group }) => group))
  const stems = asked.map(
    (language) =>
      `select w.*, '${language}' as language, stem from asked w, unnest(tsvector_to_array(to_tsvector('content.app_${language}', w.word))) stem`,
  )
  return `openings as materialized (
  select v.language, v.stem, sum(v.reviews)::int as reviews, max(v.reviews) as fewest from build.word v, (select lower(public.unaccent(${begins}::text)) as low) p
  where v.plain ~>=~ p.low and v.plain ~<~ (p.low || U&'\\+10FFFF') and v.language in (${asked.map((language) => `'${language}'`).join(', ')})
  group by v.language, v.stem order by 3 desc, v.stem limit ${openingsMax}),
asked as materialized (select word, alternative, n, n = ${by.add(words.length)} as last
  from unnest(${among}::text[], ${alternatives}::int[]) with ordinality as w(word, alternative, n)),
stems as (${stems.join('\n  union all ')}),
size as materialized (
  select coalesce(sum(fewest), 0)::int as estimate from (
    select alternative, min(greatest(reviews, case when last then (select sum(reviews) from openings) end)) as fewest from (
      select word, alternative, last, sum(reviews) as reviews from (
        select s.word, s.alternative, s.last, s.language,
          min((select coalesce(sum(v.reviews), 0) from build.word v where v.language = s.language and v.stem = s.stem)) as reviews
        from stems s group by 1, 2, 3, 4) c group by 1, 2, 3) c group by 1) c)`
}

/** The text in one language's words; its last word also as the beginning of others. */
function queryOf({ text, open }: Search['question'], language: string, by: Parameters): string {
  const config = `'content.app_${language}'`
  const whole = `websearch_to_tsquery(${config}, ${by.add(text)})`
  if (open === null) return whole
  const before = `websearch_to_tsquery(${config}, ${by.add(open.before)})`
  const opened = `(select string_agg(quote_literal(stem), ' | ')::tsquery from openings where language = '${language}')`
  return `${whole} || coalesce(case when numnode(${before}) = 0 then ${opened} else ${before} && ${opened} end, '')`
}

/**
 * One word without filters stands in as many reviews as the vocabulary says. Else as dense beyond the window as within it, over all
 * reviews that the leading filter names; never more than the words stand in. Of words that begin as one alone does, which may stand
 * in the same reviews, never fewer than the commonest stands in.
 */
function estimateOf({ counted }: Filtering, lead: string, at: string, id: string, isOneWord: boolean): string {
  const all =
    counted === null
      ? `(select sum(reviews) from build.facet where dimension = 'language')`
      : `(select reviews from build.facet where dimension = '${counted.dimension}' and value = (${counted.value})::text)`
  const last = (column: string) => `(select l.${column} from walk l order by l.published_at, l.id limit 1)`
  const far = `(select count(*) ${lead}${/ where /.test(lead) ? ' and' : ' where'} (${at}, ${id}) >= (${last('published_at')}, ${last('id')}))`
  return `greatest(w.finds, ${isOneWord ? '(select max(fewest) from openings)' : 'null'}, least(case when k.indexable then k.estimate end,
    coalesce(${all}, 0) * w.finds / case when w.finds < ${windowSize} then ${walkMax} else ${far} end)::int)`
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
