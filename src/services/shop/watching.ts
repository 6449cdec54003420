// Orders as they change, for whoever goes on listening.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { type Order, OrderDocument, shownOrder } from '../../domain/order.ts'
import type { Answer } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import { type Stream, stream } from '../../kit/stream.ts'
import type { Master } from '../../ports/master.ts'
import type { Following } from './following.ts'
import { callerOf } from './parts.ts'

/** What is told of at once, newest first: what was ordered before these hardly changes any more. */
const present = 100

export function streamOrders(master: Master, following: Following): Stream {
  return stream({
    name: 'streamOrders',
    summary: 'One’s own orders: the newest 100 as they are, then each as it changes. For admins those of any customer or of all.',
    tag: 'orders',
    access: 'signed-in',
    input: {
      query: z.strictObject({
        customer: z
          .union([z.literal('*'), Id])
          .optional()
          .describe('Admins: a customer’s id, or `*` for all. Absent: one’s own.'),
      }),
    },
    output: OrderDocument,
    run({ query }, call) {
      const { accountId, roles } = callerOf(call)
      const whose = query.customer ?? accountId
      if (whose !== accountId && !roles.includes('admin')) throw new Refusal('forbidden', 'Only admins follow the orders of others.')
      return watch(master, following, whose, call.signal)
    },
  })
}

/** Each version at most once and never an older one after a newer; whoever listens slowly is told of the latest only. */
async function* watch(master: Master, following: Following, whose: string, signal: AbortSignal): AsyncGenerator<Answer> {
  const waiting = new Map<string, Order>()
  const told = new Map<string, number>()
  let wake = Promise.withResolvers<void>()
  const over = () => wake.resolve()
  const end = following.listen((order) => {
    if (whose !== '*' && order.customerId !== whose) return
    waiting.set(order.id, order)
    wake.resolve()
  })
  signal.addEventListener('abort', over)
  try {
    const { documents } = await master.list('orders', whose, { limit: present })
    for (const order of documents) if (!waiting.has(order.id)) waiting.set(order.id, order)
    while (!signal.aborted) {
      for (const [id, order] of waiting) {
        waiting.delete(id)
        if (order.version <= (told.get(id) ?? 0)) continue
        told.set(id, order.version)
        yield { body: shownOrder(order) }
      }
      if (waiting.size > 0) continue
      wake = Promise.withResolvers()
      if (!signal.aborted) await wake.promise
    }
  } finally {
    signal.removeEventListener('abort', over)
    end()
  }
}
