// Brings orders to what the payment house says of them: at once after the commit, and again and again where it did not answer.
//
// Whoever settles first commits, on the version that was judged; all others find that it is done. So any number of processes may.
import { isUnsettled, type Order, step, stockMoves } from '../../domain/order.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import { rounds } from '../../kit/rounds.ts'
import type { Master } from '../../ports/master.ts'
import type { Charge, Payments } from '../../ports/payment.ts'

/** How long a customer waits for the house. */
const patienceMs = 3_000
/** More than so many waiting customers would take the places of all other commands: the others are answered at once, and settled next. */
const mostWaiting = 32
/** What is beyond that is left to the rounds. */
const mostQueued = 1_000
const roundMs = 1_000
/** Younger ones are in the hands of the request that made them. */
const leftAfterMs = 5_000
const atOnce = 4

export interface SettlingStatus {
  /** Orders that the last look found waiting for the payment house. */
  unsettled: number
  oldestSince: string | null
}

export interface Settler {
  /** Resolves when the order is settled, and after 3 seconds at most; at once where many wait. Never rejects. */
  soon(order: Order): Promise<void>
  run(signal: AbortSignal): Promise<void>
  status(): SettlingStatus
}

export interface SettlingNeeds {
  master: Master
  payments: Payments
  clock: Clock
  log: Log
  metrics: Metrics
}

export function openSettler({ master, payments, clock, log, metrics }: SettlingNeeds): Settler {
  const status: SettlingStatus = { unsettled: 0, oldestSince: null }
  const steps = metrics.counter('rcr_shop_settled_total', 'Orders that the payment house has had its say on.', ['status'])
  metrics.gauge('rcr_shop_unsettled', 'Orders left waiting for the payment house.', [], () => status.unsettled)
  const settling = new Map<string, Promise<void>>()
  const queue: Order[] = []

  /** From the order as it was read: where another has settled it meanwhile, the commit finds it so and does nothing. */
  async function settle(order: Order): Promise<void> {
    const { id } = order
    const after = step(order, await wordOf(order))
    const outcome = await master.commit({
      at: instant(clock),
      by: null,
      writes: [{ kind: 'order', id, expected: order.version, document: after }],
      adjust: stockMoves(after),
    })
    if (outcome.committed) steps.labels(after.status).inc()
  }

  async function wordOf(order: Order): Promise<Order['status']> {
    const charge: Charge = { key: order.id, amountMinor: order.totalMinor, currency: order.currency, token: order.paymentToken }
    if (order.status === 'placed') return (await payments.charge(charge)) === 'charged' ? 'paid' : 'cancelled'
    await payments.refund(charge)
    return 'refunded'
  }

  /** Once for all who want it at the same time. */
  function once(order: Order): Promise<void> {
    const { id } = order
    const known = settling.get(id)
    if (known !== undefined) return known
    const work = settle(order).finally(() => {
      settling.delete(id)
      const next = queue.shift()
      if (next !== undefined) void attempt(next)
    })
    settling.set(id, work)
    return work
  }

  const attempt = (order: Order) => once(order).catch((error: unknown) => log.info('order left unsettled for now', { id: order.id, error }))

  async function soon(order: Order): Promise<void> {
    if (!isUnsettled(order)) return
    if (settling.size >= mostWaiting) {
      if (queue.length < mostQueued) queue.push(order)
      return
    }
    const over = new AbortController()
    await Promise.race([attempt(order), clock.sleep(patienceMs, over.signal)])
    over.abort()
  }

  /** All that were left; a house that rests is not asked for each of them. The next pause is longer only where none was settled. */
  async function round(): Promise<number> {
    const upTo = new Date(clock.now() - leftAfterMs).toISOString()
    let [stuck, done] = [0, 0]
    let oldestSince: string | null = null
    let cause: unknown
    for await (const some of leftBehind(master, upTo)) {
      const outcomes = isResting(cause)
        ? some.map(() => cause)
        : await Promise.all(some.map((order) => once(order).catch((error: unknown) => error)))
      const left = some.filter((_, at) => outcomes[at] !== undefined)
      stuck += left.length
      done += some.length - left.length
      oldestSince ??= left[0]?.updatedAt ?? null
      cause = outcomes.find(isResting) ?? outcomes.find((outcome) => outcome !== undefined) ?? cause
    }
    Object.assign(status, { unsettled: stuck, oldestSince })
    if (stuck > 0 && done === 0) throw new Error(`${stuck} orders wait for the payment house`, { cause })
    return roundMs
  }

  return { soon, status: () => ({ ...status }), run: (signal) => rounds({ what: 'settling', round, clock, log }, signal) }
}

const isResting = (error: unknown): boolean => error instanceof Refusal && error.code === 'payment-house-resting'

/** In order of age, so many at once. */
async function* leftBehind(master: Master, upTo: string): AsyncIterable<Order[]> {
  let page: { after?: string } | null = {}
  while (page !== null) {
    const { documents, next }: Awaited<ReturnType<typeof master.list<'unsettled'>>> = await master.list('unsettled', '*', {
      limit: atOnce,
      upTo,
      ...page,
    })
    if (documents.length > 0) yield documents
    page = next === null ? null : { after: next }
  }
}
