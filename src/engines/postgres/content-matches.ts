// Which reviews a search ranks: the newest 500 that match. The index knows words, filters, days and months, so it is asked for the newest
// reviews alone, for as many as should have enough matches by the vocabulary's counts, and again for more where these had too few, or for
// fewer where they had more than are fetched. So the counts decide what an answer costs, and not what it is, but for exclusions alone. To
// fetch a match takes 3 µs, and more where its page is not in memory. That no day or month is missing from the counts is trusted: they are
// projected with the reviews.
import type { Language } from '../../domain/review.ts'
import type { Search } from '../../ports/content.ts'
import { windowSize } from './content-facets.ts'
import { countOf, type Filtering, filtering, marks, type Parameters, passedBy, whereOf } from './content-filters.ts'

// So many matches are hoped for; where no more than twice so many are to be expected in all, all are asked for.
const hoped = 1.5 * windowSize
// Where too few match, so many times as many reviews are asked for next, at most: a few say little of how many there are. Where too few
// match again, all may be asked for.
const growth = 16
// How many have all the words is guessed between what it would be were these independent within a language (0), and always together (1).
const together = 0.25
// More than these are not fetched at once: they come in no order, so that the newest would not be among them. Only where one day alone has
// more, these have to do, beside those of the days that are newer.
const fetchMax = 20_000
// Where nothing can be looked up (exclusions alone, or beside what one language takes for a stop word) what passes the filters is looked
// at: about so many reviews, counted as if the filters knew nothing of each other and of time, or all where one filter, the languages or
// the dates alone let no more than five times so many pass.
const lookMax = 10_000
// Of all words that begin so, the commonest.
const openingsMax = 24

const languages = ['es', 'pt', 'en'] as const

/** The question in the language of the review. Needs `q`. */
export const queryFor = (row: string) =>
  `(case ${row}.language when 'es' then (select es from q) when 'pt' then (select pt from q) else (select en from q) end)`

// Null: none.
const counted = `(select nullif(sum(reviews), 0)::float from build.facet where dimension = 'language')`

/**
 * Expressions for a `with recursive`: `newest` (place, id, published_at, n from 1) are the reviews to rank, at most `windowSize`, `found`
 * (total, exact) says how many there are. Beside them `asked`, `stems` and `openings`, which are about the words, and `q`.
 */
export function matchesOf({ question, filters, from }: Omit<Search, 'limit'>, by: Parameters): { text: string; filter: Filtering } {
  const { language: only, ...others } = filters
  const asked = only === undefined ? languages : languages.filter((language) => language === only)
  const filter = filtering(others, by)
  const first = from && { at: `${by.add(from.newest[0])}::timestamptz`, id: `${by.add(from.newest[1])}::uuid` }
  const bounds = [...filter.dated, ...(first === null ? [] : [{ operator: '<=', time: first.at }])]
  const checks = whereOf([
    ...filter.dated.map(({ operator, time }) => `r.published_at ${operator} ${time}`),
    ...(first === null ? [] : [`(r.published_at, r.id) <= (${first.at}, ${first.id})`]),
  ])
  // Fenced: whatever else is asked, the index brings the rows.
  const fetch = (matching: (language: Language) => string, ...when: string[]) =>
    asked.map(
      (language) => `select * from (select r.ctid as place, r.id, r.published_at from build.review r
      where ${[`r.language = '${language}'`, matching(language), ...filter.marked, ...when].join(' and ')} offset 0) r${checks}`,
    )
  const lookedUp = (language: Language) => `r.search @@ (select ${language} from q)`
  // Of each review by itself: the index would read all of its words to know what lacks one (10 s at 1,000,000 reviews).
  const lookedAt = (language: Language) => `(${lookedUp(language)}) is true`
  const inMarks = `${marks} && n.marks`
  const fetched = [
    ...fetch(lookedUp, inMarks, 'c.indexable and not n.whole'),
    ...fetch(lookedUp, 'n.whole'),
    ...fetch(lookedAt, inMarks, 'not c.indexable'),
  ]
  const text = `${wordsOf(question, asked, by)},
q as materialized (select *, querytree(${asked.join(' || ')}) <> 'T' as indexable
  from (select ${languages.map((language) => `${queryOf(question, language, by)} as ${language}`).join(', ')}) q),
${monthsOf(bounds)},
${scopeOf(filter, asked)},
${asksOf(fetched, marksOf('a.wanted', bounds), filter.dated.length > 0)},
matches as materialized (select * from ask where enough),
found as materialized (
  select case when f.exact then f.finds else greatest(f.found, ${countedTotal(question, countOf(filter))}) end as total, f.exact
  from q, size z, (
    select m.finds, (select max(finds) from ask) as found, m.finds * c.everything / nullif(m.seen, 0) as total, m.seen = c.everything and not m.cut as exact from matches m, scope c) f),
newest as materialized (
  select * from (select f.*, row_number() over (order by published_at desc, id desc) as n from (
    select f.* from matches m, ${broughtBy('m')} where not m.cut
    union all select distinct f.* from ask a, ${broughtBy('a')} where (select cut from matches) and (a.enough or not a.cut)) f) f
  where n <= ${windowSize})`
  return { text, filter }
}

const broughtBy = (ask: string): string => `unnest(${ask}.places, ${ask}.ids, ${ask}.times) f (place, id, published_at)`

/**
 * `ask`: one row for each time that the index was asked, after a first one that says how many are `wanted`; the last is `enough`. Asked are the
 * newest reviews, about as many as were wanted, in truth `seen`; whoever wants `less` leaves out the last part of them. `few`: of so many
 * there were too few matches; `cut`: of `many` there were more than are fetched. `whole`: all that match, without looking at when; of those
 * between dates only where few do beside them. Ends, since each time few and many come nearer to each other, or no part lies between them.
 */
function asksOf(fetched: readonly string[], inOrder: string, isDated: boolean): string {
  return `ask as (
  select c.first as wanted, 0::float as few, null::float as many, false as enough, false as cut, 0::float as seen, 0 as finds,
    null::tid[] as places, null::uuid[] as ids, null::timestamptz[] as times from scope c
  union all
  select case
      when f.cut then least(a.few + (n.seen - a.few) / 4, n.less)
      when a.many is not null then n.seen + (a.many - n.seen) / 4
      when a.few > 0 and f.finds * c.everything <= ${2 * hoped} * n.seen then c.most
      else least(n.seen * least(${growth}, greatest(2, ${hoped}::float / greatest(f.finds, 1))), c.most) end,
    case when f.cut then a.few else n.seen end, case when f.cut then n.seen else a.many end,
    case when f.cut then coalesce(n.less <= a.few, true) else f.finds >= ${windowSize} or n.seen >= c.most end,
    f.cut, n.seen, f.finds, f.places, f.ids, f.times
  from ask a, scope c,
    lateral (select *, c.indexable and seen = c.everything${isDated ? ' and c.rare' : ''} as whole from (
      select array_agg(t.mark) as marks, max(t.less)::float as less, least(greatest(max(t.upto), a.wanted), c.everything)::float as seen
      from (${inOrder}) t) t) n,
    lateral (select count(*)::int as finds, count(*) > ${fetchMax} as cut, array_agg(f.place) as places, array_agg(f.id) as ids,
      array_agg(f.published_at) as times from (
      ${fetched.join('\n      union all ')} limit ${fetchMax + 1}) f) f
  where not a.enough)`
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

type Bounds = Filtering['dated']

/** Letters: those of a month or of a day. */
const within = (column: string, bounds: Bounds, letters: 7 | 10): string[] =>
  bounds.map(({ operator, time }) => `${column} ${operator === '<' ? '<=' : operator} left(content.day(${time}), ${letters})`)

const daysOf = (month: string, bounds: Bounds): string =>
  `build.facet f where ${[`f.dimension = 'day'`, `f.value >= ${month}`, `f.value < ${month} || '~'`, ...within('f.value', bounds, 10)].join(' and ')}`

/** `months` that lie between the dates, `upto` so many reviews of the newest; `partial`: not all of its days do. */
function monthsOf(bounds: Bounds): string {
  const partial = bounds.length === 0 ? 'false' : `m.value in (${bounds.map(({ time }) => `left(content.day(${time}), 7)`).join(', ')})`
  return `months as materialized (
  select *, sum(reviews) over (order by month desc rows unbounded preceding) as upto from (
    select m.value as month, ${partial} as partial, case when ${partial} then (select coalesce(sum(f.reviews), 0) from ${daysOf('m.value', bounds)}) else m.reviews end as reviews
    from build.facet m${whereOf([`m.dimension = 'month'`, ...within('m.value', bounds, 7)])}) m)`
}

/** What holds about the newest `wanted` reviews: months, and of the last of them as many days as are needed. */
const marksOf = (wanted: string, bounds: Bounds): string => `
  select 'month:' || m.month as mark, m.upto, m.upto - 1 as less from months m where m.upto <= ${wanted} and not m.partial
  union all
  select d.mark, d.upto, d.upto - d.reviews from months m, lateral (
    select 'day:' || f.value as mark, f.reviews, m.upto - m.reviews + sum(f.reviews) over (order by f.value desc rows unbounded preceding) as upto
    from ${daysOf('m.month', bounds)}) d
  where m.upto - m.reviews < ${wanted} and (m.partial or m.upto > ${wanted}) and d.upto - d.reviews < ${wanted}`

/**
 * `everything`: so many reviews lie between the dates. Of these the newest are asked for, of `first` so many as should have enough
 * matches, at `most` so many. `rare`: few match, whatever the dates.
 */
function scopeOf({ facets }: Filtering, asked: readonly Language[]): string {
  const isOfCamera = facets.some(({ dimension }) => dimension === 'camera') // which has one brand and one mount
  const telling = facets.filter(({ dimension }) => !isOfCamera || (dimension !== 'brand' && dimension !== 'mount')).map(passedBy)
  const inLanguages = `(select sum(reviews) from build.facet where dimension = 'language' and value in (${asked.map((language) => `'${language}'`).join(', ')}))`
  return `scope as materialized (
  select e.indexable, e.everything, e.most, coalesce(e.matching <= ${2 * hoped}, true) as rare, coalesce(case when e.matching * e.everything > ${2 * hoped} * e.counted
    then least(${hoped} * e.counted / e.matching, e.most) end, e.most) as first
  from (
    select p.indexable, t.everything, p.counted, p.likely * p.passing as matching,
      case when p.indexable or least(t.everything, ${['p.likely', ...telling].join(', ')}) <= ${5 * lookMax} then t.everything
        else least(t.everything, ${lookMax} * p.counted / nullif(p.likely * p.passing, 0)) end as most
    from (select coalesce(max(upto), 0)::float as everything from months) t, (
      select q.indexable, case when q.indexable then z.likely else ${inLanguages} end as likely, ${counted} as counted,
        ${['1::float', ...telling.map((passed) => `${passed} / ${counted}`)].join(' * ')} as passing from q, size z) p) e)`
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
