// An order: what was bought at which price, and which steps its life allows.
//
//   placed ──charged──▶ paid ──refund asked──▶ refunding ──paid back──▶ refunded (stock back)
//   placed ──declined──▶ cancelled (stock back)
//
// Only the word of the payment house leads out of placed and refunding: an unanswered charge leaves the order where it is.
import { z } from 'zod'
import { Refusal } from '../kit/refusal.ts'
import { type Envelope, envelope, Id } from './document.ts'
import { Currency, decimalOf } from './money.ts'
import { type Product, stockCounter } from './product.ts'

export const orderStatuses = ['placed', 'paid', 'cancelled', 'refunding', 'refunded'] as const
export type OrderStatus = (typeof orderStatuses)[number]

/** What a customer asks for. */
export const OrderFields = z.strictObject({
  items: z
    .array(z.strictObject({ productId: Id, quantity: z.int().min(1).max(1000) }).meta({ id: 'OrderedItem' }))
    .min(1)
    .max(50)
    .refine((items) => new Set(items.map(({ productId }) => productId)).size === items.length, { message: 'Name each product once.' }),
  paymentToken: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/)
    .nullable()
    .default(null)
    .describe('What the payment house gave for the means of payment. Absent: the one that it has on file.'),
})
export type OrderFields = z.infer<typeof OrderFields>

/** The product as it was bought, whatever becomes of it. */
export interface Item {
  product: { id: string; name: string; slug: string }
  priceMinor: number
  quantity: number
}

/** As it is stored. */
export interface Order extends Envelope {
  customerId: string
  items: readonly Item[]
  currency: string
  totalMinor: number
  status: OrderStatus
  /** Of the means of payment; never shown. */
  paymentToken: string | null
}

/** Price and total are ours to say. */
export function place(
  given: readonly { product: Product; quantity: number }[],
  { paymentToken, ...of }: { id: string; customerId: string; currency: string; now: string; paymentToken: string | null },
): Order {
  const items = given.map(({ product: { id, name, slug, priceMinor }, quantity }): Item => {
    return { product: { id, name, slug }, priceMinor, quantity }
  })
  const totalMinor = items.reduce((sum, { priceMinor, quantity }) => sum + priceMinor * quantity, 0)
  const { id, customerId, currency, now } = of
  return { id, version: 0, createdAt: now, updatedAt: now, customerId, items, currency, totalMinor, status: 'placed', paymentToken }
}

const steps: Record<OrderStatus, readonly OrderStatus[]> = {
  placed: ['paid', 'cancelled'],
  paid: ['refunding'],
  refunding: ['refunded'],
  cancelled: [],
  refunded: [],
}

/** The order after a step that its status allows. */
export function step(order: Order, status: OrderStatus): Order {
  if (steps[order.status].includes(status)) return { ...order, status }
  throw new Refusal('conflict', `An order that is ${order.status} cannot become ${status}.`, {
    code: 'wrong-status',
    facts: { orderStatus: order.status },
  })
}

/** The payment house still has to say something. */
export const isUnsettled = ({ status }: Pick<Order, 'status'>): boolean => status === 'placed' || status === 'refunding'

/** How the counters move when an order comes to this status. */
export function stockMoves({ items, status }: Pick<Order, 'items' | 'status'>): { counter: string; by: number; floor?: number }[] {
  const back = status === 'cancelled' || status === 'refunded'
  if (!back && status !== 'placed') return []
  return items.map(({ product, quantity }) => {
    const counter = stockCounter(product.id)
    return back ? { counter, by: quantity } : { counter, by: -quantity, floor: 0 }
  })
}

/** As it is answered. */
export const OrderDocument = z
  .strictObject({
    ...envelope,
    customerId: Id,
    status: z.enum(orderStatuses),
    items: z.array(
      z
        .strictObject({
          product: z
            .strictObject({ id: Id, name: z.string(), slug: z.string(), price: z.number() })
            .meta({ id: 'BoughtProduct', description: 'As it was when it was bought.' }),
          quantity: z.int(),
          subtotal: z.number(),
        })
        .meta({ id: 'OrderItem' }),
    ),
    total: z.number(),
    currency: Currency,
  })
  .meta({ id: 'Order' })

export function shownOrder(order: Order): z.input<typeof OrderDocument> {
  const { id, version, createdAt, updatedAt, customerId, status, currency, totalMinor } = order
  const items = order.items.map(({ product, priceMinor, quantity }) => ({
    product: { ...product, price: decimalOf(priceMinor, currency) },
    quantity,
    subtotal: decimalOf(priceMinor * quantity, currency),
  }))
  return { id, version, createdAt, updatedAt, customerId, status, items, total: decimalOf(totalMinor, currency), currency }
}
