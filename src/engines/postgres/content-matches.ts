// Which reviews a search ranks: the newest 500 that match. The index knows words, filters and months, and is asked for the newest months
// in which the vocabulary's counts promise so many; where matches are denser than that, the newest reviews are read one after the other.
// Where that finds fewer, the index is asked for all. So the vocabulary decides what an answer costs, and not what it is, but for words in
// more reviews than are ever fetched that the newest hardly have. To fetch a match or to read past a review takes 3 µs, and more where its
// page is not in memory. That no month is missing from the counts is trusted: they are projected with the reviews.
import type { Language } from '../../domain/review.ts'
import type { Search } from '../../ports/content.ts'
import { windowSize } from './content-facets.ts'
import {
  countOf,
  type Filtering,
  filed,
  filtering,
  leadOf,
  type Parameters,
  passedBy,
  publication,
  tablesOf,
  whereOf,
} from './content-filters.ts'

// So many matches are hoped for in the months that are chosen; where no more than twice so many are to be expected at all, none are chosen.
const hoped = 1.5 * windowSize
// How many have all the words is guessed between what it would be were these independent within a language (0), and always together (1).
// Too few means to fetch more months than need be, too many to ask again for all.
const together = 0.25
// Each is an entry of the index to look at. More cost more than the matches that they spare.
const monthsMax = 48
// What it costs to look at a review of these months in the index, of what it costs to fetch one (two frequent words, a million reviews).
const lookedAt = 0.25
// More than these are not fetched, whatever the vocabulary promised: these come in no order, so that the newest are walked for as well.
const fetchMax = 20_000
// So far one walks through the newest. Where nothing can be looked up (exclusions alone, or beside what one language takes for a stop
// word), that has to do.
const walkMax = 10_000
// Of all words that begin so, the commonest.
const openingsMax = 24

const languages = ['es', 'pt', 'en'] as const

// As values, not as a joined row: joined, the walk lost its order and went to the end each time (50 ms instead of 9).
/** The question in the language of the review. Needs `q`. */
export const queryFor = (row: string) =>
  `(case ${row}.language when 'es' then (select es from q) when 'pt' then (select pt from q) else (select en from q) end)`

const all = `(select coalesce(sum(reviews), 0) from build.facet where dimension = 'language')`

/**
 * Expressions for a `with`: `newest` (place, id, published_at, n from 1) are the reviews to rank, at most `windowSize`, `found` (total, exact) says how
 * many there are. Beside them `asked`, `stems` and `openings`, which are about the words, and `q`.
 */
export function matchesOf({ question, filters, from }: Omit<Search, 'limit'>, by: Parameters): { text: string; filter: Filtering } {
  const filter = filtering(filters, by)
  const first = from && { at: `${by.add(from.newest[0])}::timestamptz`, id: `${by.add(from.newest[1])}::uuid` }
  const notAfter = (at: string, id: string) => (first === null ? [] : [`(${at}, ${id}) <= (${first.at}, ${first.id})`])
  const asked = filters.language === undefined ? languages : languages.filter((language) => language === filters.language)
  // Fenced: whatever else is asked, the index brings the rows.
  const fetch = (when: string, ...more: string[]) => {
    const checks = whereOf([...filter.dated('r.published_at'), ...notAfter('r.published_at', 'r.id')])
    const inOne = (language: Language) => `select * from (select r.ctid as place, r.id, r.published_at from build.review r
    where ${[when, `r.language = '${language}'`, `r.search @@ (select ${language} from q)`, ...filter.filed, ...more].join(' and ')} offset 0) r${checks}`
    return `${asked.map(inOne).join('\n  union all ')} limit ${fetchMax}`
  }
  const text = `${wordsOf(question, asked, by)},
q as materialized (select *, querytree(${asked.join(' || ')}) <> 'T' as indexable
  from (select ${languages.map((language) => `${queryOf(question, language, by)} as ${language}`).join(', ')}) q),
${spanOf(filter, first?.at ?? null)},
${walkOf('walk', '(select walks from span)', filter, notAfter)},
walked as materialized (
  select w.*, s.walks and (w.finds >= ${windowSize} or w.complete or not q.indexable) as enough from walk_seen w, q, span s),
recent as materialized (${fetch('(select q.indexable and s.chosen and not w.enough from q, span s, walked w)', `${filed} && (select months from span)`)}),
recently as materialized (
  select f.finds, not w.enough and s.chosen and f.finds < ${fetchMax} and (s.complete or f.finds >= ${windowSize}) as enough, s.complete, f.finds * s.scale as total
  from span s, walked w, (select count(*)::int as finds from recent) f),
whole as materialized (${fetch('(select not w.enough and not r.enough from walked w, recently r)')}),
brought as materialized (select count(*)::int as finds, count(*) = ${fetchMax} as cut from whole),
${walkOf('rewalk', '(select cut from brought)', filter, notAfter)},
found as materialized (
  select case when f.exact then f.finds else greatest(f.finds, ${countedTotal(question, countOf(filter))}) end as total, f.exact
  from q, size z, (
    select w.finds, w.total, w.complete as exact from walked w where w.enough
    union all select r.finds, r.total, r.complete from recently r where r.enough
    union all select b.finds, a.total, not b.cut from walked w, recently r, brought b, rewalk_seen a where not w.enough and not r.enough) f),
newest as materialized (
  select * from (select *, row_number() over (order by published_at desc, id desc) as n from (
    select * from walk where (select enough from walked) union all select * from recent where (select enough from recently)
    union all (select * from whole union select * from rewalk)) f) f
  where n <= ${windowSize})`
  return { text, filter }
}

/**
 * What the vocabulary knows of the words. `openings`: the commonest words that begin as the last one does (stems are shorter than
 * words, so the index cannot find beginnings by itself). `size`: at most so many reviews match, from the rarest word of each
 * alternative in each language, and about so many are likely to.
 */
function wordsOf({ words, open }: Search['question'], asked: readonly Language[], by: Parameters): string {
  const begins = by.add(open?.word ?? null)
  const among = by.add(words.map(({ word }) => word))
  const alternatives = by.add(words.map(({ group }) => group))
  const stems = asked.map(
    (language) =>
      `select w.*, '${language}' as language, stem from asked w, unnest(tsvector_to_array(to_tsvector('content.app_${language}', w.word))) stem`,
  )
  return `openings as materialized (
  select v.language, v.stem, sum(v.reviews)::int as reviews, max(v.reviews) as commonest from build.word v, (select lower(public.unaccent(${begins}::text)) as low) p
  where v.plain ~>=~ p.low and v.plain ~<~ (p.low || U&'\\+10FFFF') and v.language in (${asked.map((language) => `'${language}'`).join(', ')})
  group by v.language, v.stem order by 3 desc, v.stem limit ${openingsMax}),
asked as materialized (select word, alternative, n, n = ${by.add(words.length)} as last
  from unnest(${among}::text[], ${alternatives}::int[]) with ordinality as w(word, alternative, n)),
stems as (${stems.join('\n  union all ')}),
size as materialized (
  select coalesce(sum(most), 0)::int as most, coalesce(sum(likely), 0)::float as likely from (
    select min(least(n.most, f.reviews)) as most, case when min(n.least) > 0 then
      f.reviews * exp(greatest(-100, ${1 - together} * sum(ln(n.share)) + ${together} * min(ln(n.share)))) end as likely
    from build.facet f join lateral (select n.*, least(nullif(n.least, 0), f.reviews)::float / f.reviews as share from (
      select s.language, s.alternative, greatest(s.reviews, o.most) as most, greatest(s.reviews, o.commonest) as least from (
        select s.language, s.alternative, s.stem, bool_or(s.last) as last,
          (select coalesce(sum(v.reviews), 0) from build.word v where v.language = s.language and v.stem = s.stem) as reviews
        from stems s group by 1, 2, 3) s
      left join (select language, sum(reviews) as most, max(reviews) as commonest from openings group by 1) o on s.last and o.language = s.language
      where s.language = f.value) n) n on true
    where f.dimension = 'language' group by n.language, n.alternative, f.reviews) c)`
}

/** The text in one language's words; its last word also as the beginning of others. */
function queryOf({ text, open }: Search['question'], language: Language, by: Parameters): string {
  const config = `'content.app_${language}'`
  const whole = `websearch_to_tsquery(${config}, ${by.add(text)})`
  if (open === null) return whole
  const before = `websearch_to_tsquery(${config}, ${by.add(open.before)})`
  const opened = `(select string_agg(quote_literal(stem), ' | ')::tsquery from openings where language = '${language}')`
  return `${whole} || coalesce(case when numnode(${before}) = 0 then ${opened} else ${before} && ${opened} end, '')`
}

/**
 * How to come by the newest. `walks`: from one to the next, since matches are dense, or fewer reviews lie between the dates than
 * match, or there is no other way. Else the newest months that should hold enough of them: `chosen`, if to ask for these is worth it;
 * `complete`, if nothing is asked for that is not in them; `scale`, reviews of all months that are asked for, for each one of these;
 * `part`, of all reviews those of the months that are asked for.
 */
function spanOf({ facets, months }: Filtering, first: string | null): string {
  const within = whereOf([`dimension = 'month'`, ...months, ...(first === null ? [] : [`value::int <= content.month(${first})`])])
  // The words are counted in the languages asked.
  const passing = facets.filter(({ dimension }) => dimension !== 'language').map((facet) => `${passedBy(facet)} / nullif(${all}, 0)::float`)
  const matching = ['likely', ...passing].join(' * ')
  return `span as materialized (
  select s.months, s.complete, s.scale, s.part, w.walks, coalesce(s.chosen, false) as chosen
  from q, (
    select array_agg(m.filed) filter (where m.within) as months, coalesce(bool_and(m.within), true) as complete,
      sum(m.reviews)::float / nullif(sum(m.reviews) filter (where m.within), 0) as scale,
      coalesce(sum(m.reviews) / m.everything, 0) as part,
      m.matching > ${2 * hoped} and (bool_and(m.within) or sum(m.reviews) filter (where m.within) >= m.needed) as chosen,
      sum(m.reviews) filter (where m.within) * (m.matching / m.everything + ${lookedAt}) as fetching, ${windowSize} * m.everything / nullif(m.likely, 0) as walking,
      m.matching, m.everything
    from (
      select 'month:' || m.value as filed, m.reviews, z.*,
        sum(m.reviews) over newer - m.reviews < z.needed and row_number() over newer <= ${monthsMax} as within
      from (select *, ${hoped} * z.everything / nullif(z.matching, 0) as needed from (select likely, ${matching} as matching, nullif(${all}, 0)::float as everything from size) z) z
      left join (select value, reviews from build.facet${within}) m on true
      window newer as (order by m.value::int desc rows unbounded preceding)) m
    group by m.matching, m.needed, m.likely, m.everything) s,
  lateral (select not q.indexable or coalesce(s.chosen and s.walking < least(s.fetching, ${walkMax / 2}), false)
    or coalesce(s.part * s.everything < least(s.matching, ${walkMax}), false) as walks) w)`
}

/**
 * One word without filters stands in as many reviews as the vocabulary says. Else matches are as dense in all months as in the newest,
 * but no more than the words stand in; of words that begin as one alone does, never fewer than the commonest stands in.
 */
function countedTotal({ words, text, open }: Search['question'], filterCount: number): string {
  // Nor an exclusion beside it: of that the vocabulary knows nothing.
  const isOneWord = filterCount === 0 && words.length === 1 && text === words[0]?.word
  if (isOneWord && open === null) return 'z.most'
  return `${isOneWord ? '(select max(commonest) from openings), ' : ''}least(case when q.indexable then z.most end, f.total)::int`
}

/** The newest that pass the filters are read until enough of them match; `<name>_seen` says how many that were, and of how many in all. */
function walkOf(name: string, when: string, filter: Filtering, notAfter: (at: string, id: string) => string[]): string {
  const { at, id } = publication(filter)
  const lead = [...leadOf(filter), ...filter.dated(at), ...notAfter(at, id)]
  const passed = filter.facets[0] === undefined ? all : passedBy(filter.facets[0])
  const inOrder = (columns: string) => `select ${columns} from ${tablesOf(filter)}${whereOf(lead)} order by ${at} desc, ${id} desc`
  const last = (column: string) => `(select l.${column} from ${name} l order by l.published_at, l.id limit 1)`
  const read = `(select count(*) from ${tablesOf(filter)}${whereOf([...lead, `(${at}, ${id}) >= (${last('published_at')}, ${last('id')})`])})`
  const columns = `r.ctid as place, ${id} as id, ${at} as published_at, r.language, r.brand, r.mount, r.camera_id, r.lens_id, r.editor_id, r.search`
  return `${name} as materialized (
  select r.place, r.id, r.published_at from (${inOrder(columns)} limit ${walkMax}) r
  where ${[when, `r.search @@ ${queryFor('r')}`, ...filter.conditions].join(' and ')}
  order by r.published_at desc, r.id desc limit ${windowSize}),
${name}_seen as materialized (
  select w.finds, ${when} and w.finds < ${windowSize} and not exists (${inOrder('')} offset ${walkMax} limit 1) as complete,
    case when w.finds > 0 then ${passed}::float * s.part * w.finds / case when w.finds < ${windowSize} then ${walkMax} else ${read} end else 0 end as total
  from span s, (select count(*)::int as finds from ${name}) w)`
}
