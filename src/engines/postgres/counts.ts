// How many reviews a filter value has and a word: what a batch adds to the counts. Part of the mapping: see `mappingVersion`.
import type { Dimension } from '../../domain/tags.ts'
import type { AnyReview } from './rows.ts'
import { wordsOf } from './words.ts'

export interface FacetDelta {
  /** `month` and `day`: of publication, in UTC; for searching, which begins with the newest. */
  dimension: Dimension | 'month' | 'day'
  value: string
  delta: number
}

export interface WordDelta {
  language: string
  word: string
  delta: number
}

/** Which review stood before, and which stands after the batch. */
export type Move = readonly [AnyReview | undefined, AnyReview | undefined]

/** The values by which a review is filtered, counted and tagged. */
export function facetsOf(review: AnyReview): [Dimension, string][] {
  const { brand, camera_id, lens_id, mount, editor_id, tags, language } = review
  const single: [Dimension, string | null][] = [
    ['brand', brand || null],
    ['camera', camera_id],
    ['lens', lens_id],
    ['mount', mount],
    ['editor', editor_id],
    ['language', language],
  ]
  return [
    ...single.filter((facet): facet is [Dimension, string] => facet[1] !== null),
    ...tags.map((tag): [Dimension, string] => ['tag', tag]),
  ]
}

function countedOf(review: AnyReview): [FacetDelta['dimension'], string][] {
  const day = dayOf(review)
  return [...facetsOf(review), ['month', day.slice(0, 7)], ['day', day]]
}

/** As `content.day` says it. */
function dayOf({ published_at }: AnyReview): string {
  return new Date(published_at ?? Number.NaN).toISOString().slice(0, 10) // throws where there is none
}

export const facetDeltas = (moves: readonly Move[]): FacetDelta[] =>
  deltas(moves, countedOf).map(([dimension, value, delta]) => ({ dimension, value, delta }))

export function wordDeltas(moves: readonly Move[]): WordDelta[] {
  const words = wordCounter()
  words.move(moves)
  return words.counts()
}

/** What a review adds to the vocabulary is a function of these alone. */
export type Worded = Pick<AnyReview, 'language' | 'title' | 'summary' | 'verdict' | 'body' | 'keywords'>

const vocabulary = ({ title, summary, verdict, body, keywords }: Worded): Set<string> => wordsOf([title, summary, verdict, body, keywords])

/** Counts the words of reviews that come a few at a time. Without a pair for each word: there are hundreds in a review. */
export function wordCounter() {
  const languages = new Map<string, Map<string, number>>()
  const add = (review: Worded, by: 1 | -1 = 1) => {
    const counts = languages.get(review.language) ?? new Map<string, number>()
    languages.set(review.language, counts)
    for (const word of vocabulary(review)) counts.set(word, (counts.get(word) ?? 0) + by)
  }
  return {
    add,
    move(moves: readonly Move[]) {
      for (const [before, after] of moves) {
        if (before) add(before, -1)
        if (after) add(after)
      }
    },
    counts: (): WordDelta[] =>
      [...languages].flatMap(([language, counts]) =>
        [...counts].filter(([, delta]) => delta !== 0).map(([word, delta]) => ({ language, word, delta })),
      ),
  }
}

function deltas<A extends string>(moves: readonly Move[], pairsOf: (review: AnyReview) => [A, string][]): [A, string, number][] {
  const sums = tally<A>()
  for (const [before, after] of moves) {
    if (before) sums.add(pairsOf(before), -1)
    if (after) sums.add(pairsOf(after), 1)
  }
  return sums.list()
}

/** Sums for pairs; those that come out at nothing are left away. */
function tally<A extends string>() {
  const sums = new Map<A, Map<string, number>>()
  return {
    add(pairs: readonly [A, string][], by: number) {
      for (const [a, b] of pairs) {
        const inner = sums.get(a) ?? new Map<string, number>()
        sums.set(a, inner.set(b, (inner.get(b) ?? 0) + by))
      }
    },
    list: () =>
      [...sums].flatMap(([a, inner]) => [...inner].filter(([, sum]) => sum !== 0).map(([b, sum]): [A, string, number] => [a, b, sum])),
  }
}
