// Extracts of what was found, with the hits marked: made for the reviews of one page, as SQL.
import { object } from './content-shapes.ts'

// As values, not as a joined row: joined, the walk lost its order and went to the end each time (50 ms instead of 9).
export const queryFor = (row: string): string => inLanguage(row, '(select es from q)', '(select pt from q)', '(select en from q)')

const inLanguage = (row: string, es: string, pt: string, en: string) =>
  `(case ${row}.language when 'es' then ${es} when 'pt' then ${pt} else ${en} end)`

// Of letters that the index takes for one.
const alike = ['aáàâãä', 'eéèêë', 'iíìîï', 'oóòôõö', 'uúùûü', 'cç', 'nñ']

/** A stem as a pattern: with or without accents; its last `i` may have been a `y`. */
const patternOf = (stem: string) =>
  alike.reduce(
    (sql, letters) => `replace(${sql}, '${letters[0]}', '[${letters}]')`,
    String.raw`regexp_replace(regexp_replace(${stem}, '(...)i$', '\1'), '([^[:alnum:]])', '\\\1', 'g')`,
  )

const oneOf = (column: string, from: string) =>
  String.raw`(select '\m(?:' || string_agg(distinct ${patternOf(column)}, '|') || ')' from ${from})`

/** Where in a text to look first: at words that begin like one that was asked, else, by language, like a stem. */
export const nearby = `nearby as materialized (select ${oneOf('lower(public.unaccent(word))', 'asked')} as said,
  ${['es', 'pt', 'en'].map((language) => `${oneOf('stem', `stems where language = '${language}'`)} as ${language}`).join(',\n  ')})`

// An extract costs 160 µs for every 1,000 characters it is looked for in, and a pattern 10 (2026-11-21): so the summary and the
// verdict where they have all the words, else the neighbourhood of what looks like a hit, and all only where that was none.
const before = 120
const neighbourhood = 500
const bodyMax = 8000

const firstOf = (pattern: string) => `nullif(regexp_instr(left(r.body, ${bodyMax}), ${pattern}, 1, 1, 0, 'i'), 0)`

const first = `coalesce(${firstOf('(select said from nearby)')}, ${firstOf(inLanguage('r', '(select es from nearby)', '(select pt from nearby)', '(select en from nearby)'))})`

const opening = `nullif(concat_ws(' — ', nullif(r.summary, ''), nullif(r.verdict, '')), '')`

const whole = (bodyLength: number) => `concat_ws(' — ', ${opening}, left(r.body, ${bodyLength}))`

const near = (at: string) =>
  `case when ${at} > ${before} then regexp_replace(substr(r.body, ${at} - ${before}, ${neighbourhood}), '^\\S*\\s', '') else ${whole(neighbourhood)} end`

const marked = (text: string, options: string) => `ts_headline(
      ${inLanguage('r', "'content.app_es'::regconfig", "'content.app_pt'::regconfig", "'content.app_en'::regconfig")},
      translate(${text}, U&'\\0002\\0003', ''), ${queryFor('r')}, U&'StartSel=\\0002, StopSel=\\0003, ${options}')`

const extract = (text: string) => marked(text, 'MaxFragments=2, MaxWords=22, MinWords=8, FragmentDelimiter=" … "')

const hasHits = (text: string) => `(case when strpos(${text}, U&'\\0002') > 0 then ${text} end)`

const text = `coalesce(
      case when ts_filter(r.search, '{b}') @@ ${queryFor('r')} then ${extract(opening)} end,
      (select ${hasHits('h')} from (select ${extract(near('w'))} as h from (select ${first} as w offset 0) w where w > 0 offset 0) h),
      ${extract(whole(bodyMax))})`

// U+0002 and U+0003 mark the hits and are taken out of the text before; the pieces between alternate, plain first. So a portal
// shows them without trusting any markup.
const piecesOf = (headline: string) => `(select coalesce(json_agg(${object('piece as text, n % 2 = 0 as hit')} order by n), '[]')
    from regexp_split_to_table(${headline}, '[\\x02\\x03]') with ordinality as p(piece, n) where piece <> '')`

/** A column of the card of r; needs `q` and `nearby`. */
export const highlights = `${object(`${piecesOf(marked('r.title', 'HighlightAll=true'))} as title, ${piecesOf(text)} as text`)} as highlights`
