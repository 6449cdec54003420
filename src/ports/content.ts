// The read side of the relational model: what readers ask, each answered from one snapshot of the live build.
//
// Promises of every engine, checked by `tests/contracts/content.test.ts`:
// - Every method is one statement on one replica: rows, position and heartbeat belong together. `text` members are finished
//   JSON, as the API shows it.
// - It follows the live build of its fingerprint by itself; a build that vanished is looked up again and asked once more.
// - A filter value that does not exist matches nothing; it is not a fault.
// - `tags` (domain/tags.ts) name every change that could alter the answer: an answer is good until one of them comes by.
// - Time-outs are refusals (`late`), a database that is away, behind its start or without a build is `unavailable`.
import type { Camera } from '../domain/camera.ts'
import type { Position } from '../domain/change.ts'
import type { Language } from '../domain/review.ts'
import type { Dimension } from '../domain/tags.ts'

export interface Snapshot {
  position: Position
  /** At this time the log held nothing after the position. Null until the first such moment. RFC 3339. */
  caughtUpAt: string | null
  /** From another region's replica, whose changes nobody here follows. */
  borrowed?: true
}

export interface Shown extends Snapshot {
  tags: readonly string[]
}

/** Each matches exactly; camera, lens and editor by slug or id. */
export type ReviewFilters = { [Name in Dimension]?: string | undefined } & {
  /** Inclusive, RFC 3339. */
  publishedAfter?: string | undefined
  /** Exclusive, RFC 3339. */
  publishedBefore?: string | undefined
}

export const reviewSorts = ['newest', 'oldest', 'title'] as const
export type ReviewSort = (typeof reviewSorts)[number]

/** Where a page ended: its last sort key and id. Meaningful for the same sort and filters only. */
export type Place = readonly [key: string, id: string]

export interface Page extends Shown {
  /** A JSON array. */
  text: string
  /** Null on the last page. */
  next: Place | null
}

export type ReviewBySlug = Shown &
  ({ found: 'here'; text: string; version: number } | { found: 'moved'; slug: string } | { found: 'nowhere' })

export type One = Shown & ({ found: true; text: string; version: number } | { found: false })

/** A search text, taken apart by `services/read/question.ts`. */
export interface Question {
  /** In the syntax of web searches: words, "phrases", or, -without. */
  text: string
  /** When the last word may be the beginning of one: the text before it, and the word. */
  open: { before: string; word: string } | null
  /** The wanted words, with the number of the alternative they stand in. */
  words: readonly { word: string; group: number }[]
}

/** The newest review of a frozen window, and how many of its results were shown. */
export interface Shelf {
  newest: Place
  offset: number
}

export interface Search {
  question: Question
  filters: ReviewFilters
  from: Shelf | null
  limit: number
}

export interface SearchPage extends Shown {
  /** A JSON array of cards with `highlights`, best first. */
  text: string
  /** JSON: counts by dimension over the window. */
  facetsText: string
  /** Ranked: at most 500, the newest that match. */
  window: number
  total: number
  exact: boolean
  next: Shelf | null
}

/** A word of the vocabulary, and in how many reviews it stands. */
export interface Likely {
  asked: string
  word: string
  /** Without accents. */
  plain: string
  reviews: number
}

export interface Facets extends Shown {
  /** JSON: counts by dimension. */
  text: string
  counted: number
  /** False: only the newest were counted. */
  complete: boolean
}

/** Null stands for a key that leads nowhere. In the order of the keys. */
export interface Compared extends Shown {
  items: readonly (ComparedItem | null)[]
}

export interface ComparedItem {
  camera: Camera
  /** When reviews were asked. */
  review: { id: string; slug: string; title: string; verdict: string; pros: string[]; cons: string[]; language: Language } | null
}

export interface CatalogueFilters {
  brand?: string | undefined
  mount?: string | undefined
  /** Cameras only. */
  type?: string | undefined
}

export type CatalogueKind = 'camera' | 'lens'

export const productSorts = ['created', 'price', 'name'] as const

/** Products go by pages that are counted: a shop has few, and its customers want to know how many. */
export interface ProductQuery {
  /** By slug or id. */
  category?: string | undefined
  /** Inclusive, as shown. */
  priceMin?: number | undefined
  priceMax?: number | undefined
  sort: (typeof productSorts)[number]
  order: 'asc' | 'desc'
  /** From 1. */
  page: number
  limit: number
}

export interface ProductPage extends Shown {
  text: string
  total: number
  /** False: there is no such category. */
  hasCategory: boolean
}

/** One change that became visible. */
export interface Seen {
  seq: number
  kind: string
  id: string
  /** published, revised, withdrawn, changed, deleted */
  act: string
  at: string
  tags: readonly string[]
}

export interface Tail extends Snapshot {
  /** Names the build that was read; another name than before means: everything may be different. */
  build: string
  /** In order, seq > after, and all of them up to `upTo`. */
  changes: readonly Seen[]
  /** The position's seq, or that of the last change where there are more than fit. */
  upTo: number
  /** Changes after `after` are no longer kept: everything may be different. */
  gap: boolean
}

export interface Content {
  list(query: { filters: ReviewFilters; sort: ReviewSort; after: Place | null; limit: number }, signal?: AbortSignal): Promise<Page>
  /** A review by its present slug, or where a former one leads. */
  review(slug: string, signal?: AbortSignal): Promise<ReviewBySlug>
  /** Never ranks more than the newest 500 matches. A page lies within its window, whatever is published meanwhile. */
  search(search: Search, signal?: AbortSignal): Promise<SearchPage>
  /** For each word that no review contains: words of the vocabulary that it may be a slip of. At most 20 each. */
  likely(words: readonly string[], language: Language | null, signal?: AbortSignal): Promise<Likely[]>
  /** Reviews, cameras, lenses and words that begin so: a JSON array of at most `limit`. */
  suggest(beginning: string, limit: number, signal?: AbortSignal): Promise<Shown & { text: string }>
  /** Counts by dimension: all of them without filters, else over the newest 500 that match. */
  facets(filters: ReviewFilters, signal?: AbortSignal): Promise<Facets>
  /** Cameras, or reviews with their cameras, by slugs or ids. */
  compare(by: 'cameras' | 'reviews', keys: readonly string[], signal?: AbortSignal): Promise<Compared>
  /** By slug. */
  catalogue(
    kind: CatalogueKind,
    query: { filters: CatalogueFilters; after: string | null; limit: number },
    signal?: AbortSignal,
  ): Promise<Shown & { text: string; next: string | null }>
  /** One camera or lens by slug or id. */
  item(kind: CatalogueKind, key: string, signal?: AbortSignal): Promise<One>
  products(query: ProductQuery, signal?: AbortSignal): Promise<ProductPage>
  /** By slug or id. */
  product(key: string, signal?: AbortSignal): Promise<One>
  /** By name, all there are. */
  categories(signal?: AbortSignal): Promise<Shown & { text: string }>
  /** By slug or id, with its newest products. */
  category(key: string, signal?: AbortSignal): Promise<One>
  applied(): Promise<Snapshot>
  /**
   * Where there are several replicas: whether another one has come this far. It then answers whatever is asked with this signal, which
   * stands for one request: what that asks is asked of one replica, unless it fails.
   */
  further?(atLeast: Position, signal: AbortSignal): Promise<boolean>
  /** What became visible after a seq (null: nothing but the present position). Looks at the live build anew. */
  tail(after: number | null): Promise<Tail>
  /** Connects, where nobody has asked for a while, so that the next question need not wait for that. */
  warm(): Promise<void>
  close(): Promise<void>
}
