// Buying, and giving back. What is bought leaves the stock in the commit that makes the order, and comes back in the one that ends it.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { type Order, OrderDocument, OrderFields, place, shownOrder, step, stockMoves } from '../../domain/order.ts'
import { type Product, stockCounter } from '../../domain/product.ts'
import { instant, type RandomBytes } from '../../kit/clock.ts'
import { type Answer, type Call, type Operation, operation } from '../../kit/operation.ts'
import { paged, pageOf, pageQuery, placeOf } from '../../kit/page.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { byId, callerOf, missing, type ShopParts } from './parts.ts'
import type { Effect, Plan } from './saving.ts'
import type { Settler } from './settling.ts'

const kind = 'order'
const common = { tag: 'orders', access: 'signed-in' } as const

export const orderOperations = (parts: ShopParts): Operation[] => [buy(parts), list(parts), read(parts), refund(parts)]

const settling =
  'The answer waits at most 3 seconds for the payment house. Where that has not answered by then the order is left as it is and settled ' +
  'later: read it again. It is never charged twice, nor cancelled once it is charged.'

function buy(parts: ShopParts): Operation {
  const { master, clock, saver, random, currency } = parts
  return operation({
    ...common,
    kind: 'command',
    name: 'placeOrder',
    summary: 'Buys: several products at once, all of them or none.',
    description:
      `Price and total are set here. What is not there is refused (\`sold-out\`, with \`available\`). ${settling} ` +
      'It is `paid` then, or `cancelled` where the house declined.',
    rest: { method: 'POST', path: '/orders' },
    input: { body: OrderFields.meta({ id: 'NewOrder' }) },
    output: OrderDocument,
    status: 201,
    idempotencyKey: 'required',
    refusals: ['conflict'],
    examples: [
      { summary: 'Two of one product', input: { body: { items: [{ productId: '01941f29-7c00-7000-8000-000000000001', quantity: 2 }] } } },
    ],
    run({ body }, call) {
      const settler = demandHouse(parts)
      const id = randomId(random)
      let planned: Order | null = null
      const plan = async (): Promise<Plan> => {
        const bought = await productsOf(master, body, currency)
        const { accountId: customerId } = callerOf(call)
        const order = place(bought, { id, customerId, currency, now: instant(clock), paymentToken: body.paymentToken })
        planned = order
        return {
          writes: [{ kind, id, expected: 0, document: order }],
          require: bought.map(({ product }) => ({ kind: 'product', id: product.id })),
          adjust: stockMoves(order),
          version: 1,
        }
      }
      const present = (effect: Effect) => settled(master, settler, effect, planned)
      return saver.save(call, { kind, id, status: 201, location: `/orders/${id}`, plan, present })
    },
  })
}

function demandHouse({ settler }: ShopParts) {
  if (settler !== null) return settler
  throw new Refusal('unavailable', 'Nothing can be bought here: RCR_PAYMENT_URL names no payment house.', { code: 'no-payment-house' })
}

/** UUIDv4: an order says neither when it was made nor how many there are. */
function randomId(random: RandomBytes): string {
  const bytes = random(16)
  bytes[6] = 0x40 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The products as they stand. Refuses with every item that is not there, or not so often; the commit demands it again. */
async function productsOf(master: Master, { items }: OrderFields, currency: string): Promise<{ product: Product; quantity: number }[]> {
  const found = await Promise.all(items.map(({ productId }) => master.read('product', productId)))
  const bought = found.flatMap((product, at) => (product === null ? [] : [{ product, quantity: items[at]?.quantity ?? 0 }]))
  const isOurs = (product: Product | null) => product !== null && product.currency === currency
  const unknown = found.flatMap((product, at): Fault[] =>
    isOurs(product) ? [] : [{ pointer: `#/items/${at}/productId`, code: 'unknown_product', detail: 'There is no such product for sale.' }],
  )
  if (unknown.length > 0) throw new Refusal('invalid', 'Something that is not sold here was ordered.', { faults: unknown })
  const left = await Promise.all(items.map(({ productId }) => master.counter(stockCounter(productId))))
  const short = items.flatMap(({ productId, quantity }, at) => {
    const available = Math.max(0, left[at] ?? 0)
    return quantity > available ? [{ at, productId, available }] : []
  })
  const [first] = short
  if (first === undefined) return bought
  throw new Refusal('conflict', 'There are not so many left.', {
    code: 'sold-out',
    faults: short.map(({ at, available }) => ({ pointer: `#/items/${at}/quantity`, code: 'sold_out', detail: `${available} left.` })),
    facts: { productId: first.productId, available: first.available },
  })
}

/**
 * The order as the house's first word left it, or as it was committed where there is none yet: the same for every repeat once it is
 * settled, whatever happens to the order later.
 */
async function settled(master: Master, settler: Settler, effect: Effect, planned: Order | null): Promise<Answer> {
  const { id, version, position, location } = effect
  // A repeat answers an order that another request has made.
  const made = planned?.id === id ? { ...planned, version } : await master.read(kind, id)
  if (made !== null) await settler.soon(made)
  const changed = (await master.change(kind, id, version + 1)) ?? (await master.change(kind, id, version))
  const order = changed?.document ?? null
  if (changed === null || order === null) throw new Error(`no change ${kind} ${id} ${version}`)
  const shown = { epoch: position.epoch, seq: Math.max(position.seq, changed.seq) }
  return { body: shownOrder(order), version: order.version, position: shown, ...(location !== undefined && { location }) }
}

const isAdmin = (call: Call): boolean => callerOf(call).roles.includes('admin')

/** To all others it does not exist. */
async function ownOrder(master: Master, call: Call, id: string): Promise<Order> {
  const order = await master.read(kind, id)
  if (order === null || (order.customerId !== callerOf(call).accountId && !isAdmin(call))) throw missing(kind)
  return order
}

function read({ master }: ShopParts): Operation {
  return operation({
    ...common,
    kind: 'query',
    name: 'readOrder',
    alias: { graphql: 'order' },
    summary: 'An order, for its customer and for admins.',
    rest: { method: 'GET', path: '/orders/{id}' },
    input: { path: byId },
    output: OrderDocument,
    status: 200,
    refusals: ['missing'],
    async run({ path }, call) {
      const order = await ownOrder(master, call, path.id)
      return { body: shownOrder(order), version: order.version, position: await master.head() }
    },
  })
}

function list({ master }: ShopParts): Operation {
  return operation({
    ...common,
    kind: 'query',
    name: 'listOrders',
    alias: { graphql: 'orders' },
    summary: 'One’s own orders, newest first; for admins those of any customer or of all.',
    rest: { method: 'GET', path: '/orders' },
    input: {
      query: z.strictObject({
        ...pageQuery,
        customer: z
          .union([z.literal('*'), Id])
          .optional()
          .describe('Admins: a customer’s id, or `*` for all. Absent: one’s own.'),
      }),
    },
    output: pageOf(OrderDocument).meta({ id: 'OrderPage' }),
    status: 200,
    refusals: ['forbidden'],
    async run({ query }, call) {
      const own = callerOf(call).accountId
      const whose = query.customer ?? own
      if (whose !== own && !isAdmin(call)) throw new Refusal('forbidden', 'Only admins list the orders of others.')
      const { documents, next } = await master.list('orders', whose, placeOf(query))
      return { ...paged(documents.map(shownOrder), next, query), position: await master.head() }
    },
  })
}

function refund(parts: ShopParts): Operation {
  const { master, saver } = parts
  return operation({
    ...common,
    kind: 'command',
    name: 'refundOrder',
    summary: 'Gives back what was paid, once; what was bought is in stock again when the money is back.',
    description: `For its customer and for admins, where it is \`paid\`. ${settling}`,
    rest: { method: 'POST', path: '/orders/{id}/refund' },
    input: { path: byId },
    output: OrderDocument,
    status: 200,
    refusals: ['missing', 'conflict'],
    run({ path: { id } }, call) {
      const settler = demandHouse(parts)
      let planned: Order | null = null
      const plan = async (): Promise<Plan> => {
        const order = step(await ownOrder(master, call, id), 'refunding')
        planned = order
        return { writes: [{ kind, id, expected: order.version, document: order }], version: order.version + 1 }
      }
      const present = (effect: Effect) => settled(master, settler, effect, planned)
      return saver.save(call, { kind, id, status: 200, plan, present })
    },
  })
}
