// Follows the log for the shop: tells readers how many are left of what was bought, and customers who listen how their orders go.
//
// The stock that readers see is a document of its own, written here a moment after the counter has moved: however many buy, a product
// is told of at most a few times a second, and buying itself touches nothing but its counter.
import type { Order } from '../../domain/order.ts'
import { stockCounter } from '../../domain/product.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { rounds } from '../../kit/rounds.ts'
import type { Master, Write } from '../../ports/master.ts'

const waitMs = 1_000
const tellEveryMs = 250
const feedLimit = 1_000
const pageLimit = 100
const mostListeners = 500
/** Small documents all: well within what a commit may hold. */
const toldAtOnce = 50

export interface Following {
  run(signal: AbortSignal): Promise<void>
  /** Called with every order that changes from now on. The function returned ends it. */
  listen(listener: (order: Order) => void): () => void
}

export interface FollowingNeeds {
  master: Master
  clock: Clock
  log: Log
}

export function openFollowing({ master, clock, log }: FollowingNeeds): Following {
  const listeners = new Set<(order: Order) => void>()
  const moved = new Set<string>()
  let seq: number | null = null

  /** From the head on; what had moved before that is found by looking at every product. */
  async function begin(): Promise<number> {
    const head = await master.head()
    let page: { after?: string } | null = {}
    while (page !== null) {
      const { documents, next }: Awaited<ReturnType<typeof master.list<'products'>>> = await master.list('products', '*', {
        limit: pageLimit,
        ...page,
      })
      for (const { id } of documents) moved.add(id)
      page = next === null ? null : { after: next }
    }
    return head.seq
  }

  async function follow(after: number): Promise<number> {
    const changes = await master.feed(after, feedLimit)
    for (const { kind, document } of changes) {
      if (kind !== 'order' || document === null) continue
      for (const { product } of document.items) moved.add(product.id)
      for (const listener of listeners) listener(document)
    }
    return changes.at(-1)?.seq ?? after
  }

  /** What readers are to be told; null where they know it. */
  async function telling(id: string): Promise<Write | null> {
    const [counted, told] = await Promise.all([master.counter(stockCounter(id)), master.read('stock', id)])
    const available = Math.max(0, counted)
    if (told?.available === available) return null
    return { kind: 'stock', id, expected: told?.version ?? (await master.versionOf('stock', id)), document: { id, available } }
  }

  /** In one commit, without what stands in its way: a product that is gone, one that somebody else told of at the same time. */
  async function tell(ids: readonly string[]): Promise<void> {
    const all = await Promise.all(ids.map(telling))
    for (const [at, id] of ids.entries()) if (all[at] === null) moved.delete(id)
    let writes = all.flatMap((one) => one ?? [])
    while (writes.length > 0) {
      const require = writes.map(({ id }) => ({ kind: 'product' as const, id }))
      const outcome = await master.commit({ at: instant(clock), by: null, writes, require })
      if (outcome.committed) for (const { id } of writes) moved.delete(id)
      else if (outcome.because === 'required') moved.delete(outcome.id)
      else if (outcome.because !== 'version') throw new Error(`telling of stocks: ${outcome.because}`)
      writes = outcome.committed ? [] : writes.filter(({ id }) => id !== outcome.id)
    }
  }

  async function round(signal: AbortSignal): Promise<number> {
    seq ??= await begin()
    await master.wait(seq, waitMs, signal)
    seq = await follow(seq)
    const ids = [...moved]
    for (let from = 0; from < ids.length && !signal.aborted; from += toldAtOnce) await tell(ids.slice(from, from + toldAtOnce))
    return tellEveryMs
  }

  return {
    run: (signal) => rounds({ what: 'shop', round: () => round(signal), clock, log }, signal),
    listen(listener) {
      if (listeners.size >= mostListeners) throw new Refusal('too-many', 'Too many listen to orders.', { retryAfterS: 10 })
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
