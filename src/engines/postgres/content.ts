// What readers ask, answered by PostgreSQL: see `ports/content.ts` for what it promises.
import type { Log } from '../../kit/log.ts'
import type { Content } from '../../ports/content.ts'
import { type Database, openPool } from './connect.ts'
import { type FacetsRow, facetsOf, facetsStatement } from './content-facets.ts'
import { type ListRow, listStatement, pageOf } from './content-list.ts'
import { type Asked, followLive } from './content-live.ts'
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
import { appliedStatement, type TailRow, tailOf, tailStatement } from './content-tail.ts'
import { type LikelyRow, likelyStatement, type SuggestRow, suggestedOf, suggestStatement } from './content-words.ts'
import { fingerprint as ownFingerprint } from './fingerprint.ts'

export interface ContentOptions {
  /** A replica, or the primary. */
  url: string
  log: Log
  /** Connections for lists and documents; searches have half as many of their own, so that they never make the others wait. */
  max?: number
  /** Of the read model; another one than this code's own in tests only. */
  fingerprint?: string
}

const readTimeoutMs = 800
const searchTimeoutMs = 500

// Pages of the read model are in memory. Without sorting, a walk in order of publication keeps its order (see content-search.ts).
const readSettings = { jit: 'off', random_page_cost: '1.1', default_transaction_read_only: 'on' }
const searchSettings = { ...readSettings, enable_sort: 'off', 'pg_trgm.similarity_threshold': '0.3' }

export function openContent({ url, log, max = 8, fingerprint = ownFingerprint }: ContentOptions): Content {
  const reads = openPool({ url, role: 'rcr_read', max, log, timeoutMs: readTimeoutMs, settings: readSettings })
  const searches = openPool({
    url,
    role: 'rcr_read',
    max: Math.max(2, max >> 1),
    log,
    timeoutMs: searchTimeoutMs,
    settings: searchSettings,
  })
  // The tail must be heard while every other connection is busy.
  const tails = openPool({ url, role: 'rcr_read', max: 2, log, timeoutMs: readTimeoutMs, settings: readSettings })
  const live = followLive(fingerprint)
  const one = <R extends object>(asked: Asked, signal: AbortSignal | undefined, on: Database = reads): Promise<R> => {
    signal?.throwIfAborted()
    return live.one<R>(asked, on)
  }
  return {
    list: async (query, signal) => pageOf(await one<ListRow>(listStatement(query), signal), query.filters),
    review: async (slug, signal) => reviewOf(await one<ReviewRow>(reviewStatement(slug), signal), slug),
    search: async (search, signal) => searchPageOf(await one<SearchRow>(searchStatement(search), signal, searches), search),
    async likely(words, language, signal) {
      signal?.throwIfAborted()
      return live.all<LikelyRow>(likelyStatement(words, language), searches)
    },
    suggest: async (beginning, limit, signal) => suggestedOf(await one<SuggestRow>(suggestStatement(beginning, limit), signal, searches)),
    facets: async (filters, signal) => facetsOf(await one<FacetsRow>(facetsStatement(filters), signal, searches), filters),
    compare: async (by, keys, signal) => comparedOf(await one<ComparedRow>(compareStatement(by, keys), signal), by, keys),
    catalogue: async (kind, query, signal) => catalogueOf(await one<CatalogueRow>(catalogueStatement(kind, query), signal), kind),
    item: async (kind, key, signal) => itemOf(await one<ItemRow>(itemStatement(kind, key), signal), kind, key),
    applied: async () => snapshotOf(await one<SnapshotRow>(appliedStatement, undefined, tails)),
    async tail(after) {
      const read = await live.schema(tails)
      const row = await one<TailRow>(tailStatement(fingerprint, after), undefined, tails)
      if (row.live === read) return tailOf(row, read, after)
      live.follow(row.live)
      return tailOf(await one<TailRow>(tailStatement(fingerprint, null), undefined, tails), row.live, null)
    },
    async close() {
      await Promise.all([reads.close(), searches.close(), tails.close()])
    },
  }
}
