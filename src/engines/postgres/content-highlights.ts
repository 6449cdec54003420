// Extracts of what was found, with the hits marked. PostgreSQL says which words of the vocabulary have a stem that was asked for, and they
// are looked for here: its own `ts_headline` gives each word of a text to the dictionaries again, 160 µs for 1,000 characters
// (2026-11-21), and twenty extracts took as long as finding what they show. One pattern for all words: a millisecond for twenty.
import { anyOf } from './words.ts'

/** What is shown of a review, and the body, of which only extracts are. */
export interface Found {
  title: string
  summary: string
  verdict: string
  body: string
  language: string
}

/** A part of a text without markup: a portal shows it without trusting any. */
export interface Piece {
  text: string
  hit: boolean
}

/** In one language. */
interface Wanted {
  /** Any of the words. */
  pattern: RegExp
  /** The place in the question of the word that each, in lower case, is a hit for. */
  places: ReadonlyMap<string, number>
}

interface Hit {
  from: number
  to: number
  place: number
}

const bodyMax = 8000
// A pattern of 100 words costs what one of six does, one of 1,000 twenty times as much. What was asked first stays, and what is common.
const wordsMax = 200
const fragmentLength = 160
// Those of a text that are looked at, and those that one fragment may hold: short words over and over cost no more.
const hitsMax = 300
const fragmentHits = 40
// So much of it is before the first hit.
const lead = 40

/** A column of the card of r. To cut what is short enough counts its characters, a quarter of what a card costs. */
export const textOf = `case when octet_length(r.body) <= ${bodyMax} then r.body else left(r.body, ${bodyMax}) end as body`

/** Words of the vocabulary that are hits: single letters and digits are parts of names, as in `f/2.8`. Needs `asked`, `stems` and `openings`, which stand for the last word. */
export const wanted = `wanted as materialized (
  select v.language, v.word, min(s.n) as n
  from (select language, stem, n from stems union all select language, stem, (select max(n) from asked) from openings) s
  join build.word v on v.language = s.language and v.stem = s.stem
  where length(v.word) > 1 or not exists (select from asked where length(word) > 1)
  group by v.language, v.word order by min(s.n), max(v.reviews) desc limit ${wordsMax})`

export const wantedShown = `(select coalesce(json_agg(json_build_array(w.language, w.word, w.n)), '[]')::text from wanted w)`

/** The cards, of which the text is a JSON array with the body in each, with `highlights` in place of the body. */
export function highlighted(cards: string, wanted: string): string {
  const byLanguage = wantedOf(JSON.parse(wanted) as [string, string, number][])
  const found = JSON.parse(cards) as Found[]
  return JSON.stringify(
    found.map(({ body, ...card }) => ({ ...card, highlights: highlightsOf({ ...card, body }, byLanguage.get(card.language)) })),
  )
}

function wantedOf(rows: readonly [language: string, word: string, place: number][]): Map<string, Wanted> {
  const byLanguage = Map.groupBy(rows, ([language]) => language)
  return new Map(
    [...byLanguage].map(([language, rows]) => {
      const places = new Map(rows.map(([, word, place]) => [word, place]))
      return [language, { pattern: anyOf(places.keys()), places }]
    }),
  )
}

function highlightsOf({ title, summary, verdict, body }: Found, wanted: Wanted | undefined): { title: Piece[]; text: Piece[] } {
  const heading = composed(title)
  const text = composed([summary, verdict, body].filter((part) => part !== '').join(' — '))
  return { title: pieces(partsOf(heading, hitsIn(heading, wanted))), text: pieces(extractOf(text, hitsIn(text, wanted))) }
}

// The vocabulary is.
const composed = (text: string): string => text.normalize('NFC')

function hitsIn(text: string, wanted: Wanted | undefined): Hit[] {
  if (wanted === undefined) return []
  const found = text.matchAll(wanted.pattern).take(hitsMax)
  return Array.from(found, ({ 0: word, index: from }) => {
    return { from, to: from + word.length, place: wanted.places.get(word.toLowerCase()) ?? 0 }
  })
}

/** The fragment with the most of what was asked, and another where that has what this one lacks. */
function extractOf(text: string, hits: readonly Hit[]): string[] {
  const first = bestFragment(text, hits)
  const shown = new Set(hits.filter(({ from, to }) => from >= first.from && to <= first.to).map(({ place }) => place))
  const missed = hits.filter(({ place }) => !shown.has(place))
  if (missed.length === 0) return partsOf(text, hits, first)
  const [one, other] = [first, bestFragment(text, missed)].sort((a, b) => a.from - b.from) as [Fragment, Fragment]
  if (other.from <= one.to) return partsOf(text, hits, { from: one.from, to: other.to })
  const [before, after] = [partsOf(text, hits, one), partsOf(text, hits, other)]
  return [...before.slice(0, -1), `${before.at(-1)} … ${after[0]}`, ...after.slice(1)]
}

interface Fragment {
  from: number
  to: number
}

/** Around the hits for the most different words, side by side as they were asked before scattered, early before late. */
function bestFragment(text: string, hits: readonly Hit[]): Fragment {
  let best = fragmentAt(text, 0)
  let most = 0
  for (const [n, { from }] of hits.entries()) {
    const fragment = fragmentAt(text, from)
    const inside = hits.slice(n, n + fragmentHits).filter(({ to }) => to <= fragment.to)
    const pairs = inside.filter(({ from, place }, at) => inside[at - 1]?.place === place - 1 && from - (inside[at - 1]?.to ?? 0) <= 2)
    const score = new Set(inside.map(({ place }) => place)).size * fragmentLength + pairs.length
    if (score > most) [best, most] = [fragment, score]
  }
  return best
}

/** Whole words around the one at a place. */
function fragmentAt(text: string, at: number): Fragment {
  const early = Math.max(0, Math.min(at - lead, text.length - fragmentLength))
  const space = text.indexOf(' ', early)
  const from = early === 0 ? 0 : space >= 0 && space < at ? space + 1 : at
  const most = from + fragmentLength
  if (most >= text.length) return { from, to: text.length }
  const end = text.lastIndexOf(' ', most)
  return { from, to: end > at ? end : isSecondHalf(text, most) ? most + 1 : most }
}

const isSecondHalf = (text: string, at: number) => /[\udc00-\udfff]/.test(text.charAt(at))

/** Plain, hit, plain, hit and so on to the last, which is plain. */
function partsOf(text: string, hits: readonly Hit[], { from, to }: Fragment = { from: 0, to: text.length }): string[] {
  const parts: string[] = []
  let at = from
  for (const hit of hits) {
    if (hit.from < from || hit.to > to) continue
    parts.push(text.slice(at, hit.from), text.slice(hit.from, hit.to))
    at = hit.to
  }
  return [...parts, text.slice(at, to)]
}

const pieces = (parts: readonly string[]): Piece[] => parts.map((text, n) => ({ text, hit: n % 2 === 1 })).filter(({ text }) => text !== '')
