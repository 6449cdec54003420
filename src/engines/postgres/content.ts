// What readers ask, answered by PostgreSQL: see `ports/content.ts` for what it promises.
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import type { Content } from '../../ports/content.ts'
import { type Database, openPool, type Queryable } from './connect.ts'
import { type FacetsRow, facetsOf, facetsStatement } from './content-facets.ts'
import { type ListRow, listStatement, pageOf } from './content-list.ts'
import { type Asked, followLive, isPassing } from './content-live.ts'
import {
  type CatalogueRow,
  type ComparedRow,
  catalogueOf,
  catalogueStatement,
  comparedOf,
  compareStatement,
  type ItemRow,
  itemOf,
  itemStatement,
  type ReviewRow,
  reviewOf,
  reviewStatement,
} from './content-one.ts'
import { type SearchRow, searchPageOf, searchStatement } from './content-search.ts'
import { type SnapshotRow, snapshotOf } from './content-shapes.ts'
import {
  type CategoriesRow,
  categoriesOf,
  categoriesStatement,
  categoryStatement,
  type ProductsRow,
  productStatement,
  productsOf,
  productsStatement,
  type ShopItemRow,
  shopItemOf,
} from './content-shop.ts'
import { appliedStatement, type TailRow, tailOf, tailStatement } from './content-tail.ts'
import { type LikelyRow, likelyStatement, type SuggestRow, suggestedOf, suggestStatement } from './content-words.ts'
import { fingerprint as ownFingerprint } from './fingerprint.ts'
import { readerOf } from './in-use.ts'
import { isDriversPatience, isOutage, Resting } from './translate.ts'

export interface ContentOptions {
  /** A replica, or the primary. */
  url: string
  log: Log
  dependency: OpenDependency
  /** Connections for lists and documents; searches have half as many of their own, so that they never make the others wait. */
  max?: number
  /** Of the read model; another one than this code's own in tests only. */
  fingerprint?: string
}

const searchTimeoutMs = 500
// Waiting for a connection, asking and asking again: all of it within the time of one statement, and a little.
const littleMs = 100
// The driver's clock runs on while this process stands still, so that of `dependency` decides, well before it.
const giveUpMs = (timeoutMs: number) => 2 * timeoutMs

// Whoever has gone is noticed while a statement runs, and the statement is given up.
const lookAfterClients = { client_connection_check_interval: '40' }
// Pages of the read model are in memory.
const readSettings = { jit: 'off', random_page_cost: '1.1', default_transaction_read_only: 'on', ...lookAfterClients }
// Without sorting, a walk in order of publication keeps its order (content-facets.ts). What a search reads hangs on no value, by its fences, and
// to plan it takes 4 to 10 ms, as long as most searches: once for each connection and shape.
const searchSettings = {
  ...readSettings,
  enable_sort: 'off',
  plan_cache_mode: 'force_generic_plan',
  'pg_trgm.similarity_threshold': '0.3',
}

/** What is asked through it ends with the signal. */
const until = (on: Database, signal: AbortSignal): Queryable => ({
  query: (statement, values) => on.query(statement, values, signal),
})

export function openContent({ url, log, dependency, max = 8, fingerprint = ownFingerprint }: ContentOptions): Content {
  const label = readerOf(fingerprint)
  const traits = { isFailure: isOutage, isPassing, isStray: isPassing, isSilent: isDriversPatience }
  const database = dependency({ ...traits, resting: () => new Resting(...away), late: () => new Refusal(...away) })
  const readTimeoutMs = (database.policy.tryMs ?? 0) - littleMs
  const pool = (max: number, timeoutMs: number, settings: Readonly<Record<string, string>>) =>
    openPool({ url, role: 'rcr_read', label, max, log, timeoutMs, giveUpMs: giveUpMs(timeoutMs), settings })
  const reads = pool(max, readTimeoutMs, readSettings)
  const searches = pool(Math.max(2, max >> 1), searchTimeoutMs, searchSettings)
  const tails = pool(2, readTimeoutMs, readSettings)
  const live = followLive(fingerprint)
  const search = { tryMs: searchTimeoutMs + littleMs }
  const guarded = <T>(signal: AbortSignal | undefined, on: Database, work: (wanted: Queryable) => Promise<T>): Promise<T> =>
    database.ask((cut) => work(until(on, cut)), on === searches ? { ...search, signal } : { signal })
  const one = <R extends object>(asked: Asked, signal: AbortSignal | undefined, on: Database = reads): Promise<R> =>
    guarded(signal, on, (wanted) => live.one<R>(asked, wanted, on))
  const unguarded = <T>(on: Database, work: (wanted: Queryable) => Promise<T>): Promise<T> =>
    database.ask((cut) => work(until(on, cut)), { isUnguarded: true })
  // The tail must be heard while every other connection is busy, and while readers have the database left alone: purges hang on it.
  const heard = <T>(work: (wanted: Queryable) => Promise<T>): Promise<T> => unguarded(tails, work)
  return {
    list: async (query, signal) => pageOf(await one<ListRow>(listStatement(query), signal), query.filters),
    review: async (slug, signal) => reviewOf(await one<ReviewRow>(reviewStatement(slug), signal), slug),
    search: async (search, signal) => searchPageOf(await one<SearchRow>(searchStatement(search), signal, searches), search),
    likely: async (words, language, signal) =>
      guarded(signal, searches, (wanted) => live.all<LikelyRow>(likelyStatement(words, language), wanted, searches)),
    suggest: async (beginning, limit, signal) => suggestedOf(await one<SuggestRow>(suggestStatement(beginning, limit), signal, searches)),
    facets: async (filters, signal) => facetsOf(await one<FacetsRow>(facetsStatement(filters), signal, searches), filters),
    compare: async (by, keys, signal) => comparedOf(await one<ComparedRow>(compareStatement(by, keys), signal), by, keys),
    catalogue: async (kind, query, signal) => catalogueOf(await one<CatalogueRow>(catalogueStatement(kind, query), signal), kind),
    item: async (kind, key, signal) => itemOf(await one<ItemRow>(itemStatement(kind, key), signal), kind, key),
    products: async (query, signal) => productsOf(await one<ProductsRow>(productsStatement(query), signal), query),
    product: async (key, signal) => shopItemOf(await one<ShopItemRow>(productStatement(key), signal), 'product', key),
    categories: async (signal) => categoriesOf(await one<CategoriesRow>(categoriesStatement, signal)),
    category: async (key, signal) => shopItemOf(await one<ShopItemRow>(categoryStatement(key), signal), 'category', key),
    applied: async () => snapshotOf(await heard((wanted) => live.one<SnapshotRow>(appliedStatement, wanted, tails))),
    tail: (after) =>
      heard(async (wanted) => {
        const read = await live.schema(tails)
        const row = await live.one<TailRow>(tailStatement(fingerprint, after), wanted, tails)
        if (row.live === read) return tailOf(row, read, after)
        live.follow(row.live)
        return tailOf(await live.one<TailRow>(tailStatement(fingerprint, null), wanted, tails), row.live, null)
      }),
    async warm() {
      await Promise.all([reads, searches, tails].map((on) => unguarded(on, (wanted) => wanted.query('select'))))
    },
    async close() {
      await Promise.all([reads.close(), searches.close(), tails.close()])
    },
  }
}

// A replica that hangs costs five readers their patience, not all of them. Slow statements, a build that is not ready and a standstill
// of this process say nothing of its health.
const away = ['unavailable', 'The database of this region does not answer now.', { retryAfterS: 1 }] as const
