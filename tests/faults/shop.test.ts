// Many at once, and a payment house in trouble: never oversold, never charged twice, never charged and cancelled.
// At full size: SHOP_ROUNDS=20 SHOP_ORDERS=500.
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type Mood, moods } from '../../src/engines/payment/sandbox.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { seeded } from '../random.ts'
import { type BoughtOrder, everyOrder, expectFair, soldOf } from '../shoppers.ts'
import { type Reply, startSystem, type TestSystem, type User } from '../start.ts'

const rounds = Number(process.env.SHOP_ROUNDS ?? 1)
const many = Number(process.env.SHOP_ORDERS ?? 40)

/** After so long an order is nobody's but the loop's. */
const leftMs = 5_000
let passedMs = 0
let system: TestSystem
let admin: User
let customer: User

beforeAll(async () => {
  // A house that failed is left alone for a second instead of five.
  const clock = { ...systemClock, now: () => systemClock.now() + passedMs }
  system = await startSystem({ clock, breaker: 'payment=5/1/2' })
})
// At full size the tests together take longer than a token is good.
beforeEach(async () => {
  ;[admin, customer] = (await Promise.all(['admin', 'customer'].map((name) => system.signIn(`${name}@example.com`)))) as [User, User]
})
afterAll(() => system?.[Symbol.asyncDispose]())

async function product(name: string, stock: number): Promise<string> {
  const { body: category } = await system.ask('GET /categories/kits')
  return (await admin.ask('POST /products', { body: { name, price: 19.99, stock, categoryId: category.id } })).body.id
}
const stockOf = async (id: string): Promise<number> =>
  (await admin.ask(`PATCH /products/${id}`, { body: {}, headers: { 'if-match': '*' } })).body.stock
const buy = (productId: string, quantity: number, key: string, more: object = {}) =>
  customer.ask('POST /orders', { body: { items: [{ productId, quantity }], ...more }, headers: { 'idempotency-key': key } })
/** So many at once may be told to come again (503): whoever has a key may. */
async function insist(attempt: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await attempt()
    if (reply.status !== 503) return reply
    await systemClock.sleep(20)
  }
}
const read = async (id: string): Promise<BoughtOrder> => (await customer.ask(`GET /orders/${id}`)).body

const everything = () => everyOrder(async (query) => (await admin.ask(`GET /orders${query}`)).body)
const ordersOf = async (productId: string) =>
  (await everything()).filter(({ items }) => items.some((item) => item.product.id === productId))
/** Once those who bought have their answers, and time has passed. */
async function settled(ids: readonly string[]): Promise<BoughtOrder[]> {
  passedMs += leftMs
  for (;;) {
    const known = new Map((await everything()).map((order) => [order.id, order]))
    const orders = ids.flatMap((id) => known.get(id) ?? [])
    expect(orders.length).toBe(ids.length)
    if (orders.every(({ status }) => status !== 'placed' && status !== 'refunding')) return orders
    await systemClock.sleep(50)
  }
}

test(`two hundred buyers at once for the last hundred pieces, each asking twice with one key, ${rounds} times: a hundred are sold, and each key has one order`, async () => {
  for (let round = 1; round <= rounds; round++) {
    const id = await product(`Last ones ${round}`, 100)
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) => [`last-${round}-${n}`, `last-${round}-${n}`]).flatMap((twice) =>
        twice.map(async (key) => ({ key, ...(await insist(() => buy(id, 1, key))) })),
      ),
    )
    const bought = replies.filter(({ status }) => status === 201)
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201, 409]))
    const byKey = Map.groupBy(bought, ({ key }) => key)
    expect(byKey.size).toBe(100)
    for (const same of byKey.values()) expect(new Set(same.map(({ body }) => body.id)).size).toBe(1)
    for (const { status, body } of replies) if (status === 409) expect([body.code, body.available]).toEqual(['sold-out', 0])
    // Of so many some are answered before the house is asked.
    const orders = await settled((await ordersOf(id)).map((order) => order.id))
    expect(orders.map(({ status }) => status)).toEqual(Array<'paid'>(100).fill('paid'))
    expect([soldOf(orders, id), await stockOf(id)]).toEqual([100, 0])
  }
}, 600_000)

test('one key fifty times at once: one order, one charge, and fifty times the same answer', async () => {
  const id = await product('Impatient', 60)
  const replies = await Promise.all(Array.from({ length: 50 }, () => insist(() => buy(id, 1, 'fifty'))))
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  expect(await ordersOf(id)).toEqual([replies[0]?.body])
  expect(await stockOf(id)).toBe(59)
  expectFair(system.house, await everything())
}, 60_000)

test('ten refunds at once: the money and the pieces are back once, for those with one key as for those without', async () => {
  const id = await product('Unwanted', 9)
  for (const key of [undefined, 'ten-refunds']) {
    const { body: order } = await buy(id, 4, `refunded-${key}`)
    expect(await stockOf(id)).toBe(5)
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const replies = await Promise.all(Array.from({ length: 10 }, () => customer.ask(`POST /orders/${order.id}/refund`, { headers })))
    const good = replies.filter(({ status }) => status === 200)
    expect(good.length).toBe(key === undefined ? 1 : 10)
    expect(new Set(good.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    for (const { status, body } of replies) if (status !== 200) expect([status, body.code]).toEqual([409, 'wrong-status'])
    expect((await settled([order.id]))[0]?.status).toBe('refunded')
    expect(await stockOf(id)).toBe(9)
  }
  expectFair(system.house, await everything())
}, 60_000)

test(`a house that fails three of ten and is slow in the others, ${many} orders: each ends paid or cancelled, and is charged once at most`, async () => {
  const random = seeded(20261128)
  const id = await product('In slow times', many)
  system.house.behave(() => (random() < 0.3 ? 'failing' : 'slow'))
  const ids: string[] = []
  const customers = Array.from({ length: 40 }, async (_, first) => {
    for (let n = first; n < many; n += 40) {
      const declined = n % 10 === 9 ? { paymentToken: 'declined' } : {}
      const { status, body } = await buy(id, 1, `slow-${n}`, declined)
      expect(status).toBe(201)
      ids.push(body.id)
    }
  })
  await Promise.all(customers)
  const orders = await settled(ids) // while the house goes on so
  expect(new Set(orders.map(({ status }) => status))).toEqual(new Set(['paid', 'cancelled']))
  expectFair(system.house, await everything())
  expect(soldOf(orders, id) + (await stockOf(id))).toBe(many)
  system.house.behave('fair')
}, 1_200_000)

test('a house in every mood at once: each order ends as the house says, and stock and sold add up', async () => {
  const random = seeded(20261122)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const id = await product('In bad times', 200)
  system.house.behave(() => pick<Mood>([...moods, 'fair', 'fair']))
  const bought = await Promise.all(Array.from({ length: 40 }, (_, n) => buy(id, 1 + (n % 3), `mood-${n}`)))
  expect(new Set(bought.map(({ status }) => status))).toEqual(new Set([201]))
  // Half of them want it back, at once and twice, while the house is no better.
  const refunds = bought.slice(0, 20).flatMap(({ body }) => [1, 2].map(() => customer.ask(`POST /orders/${body.id}/refund`)))
  expect((await Promise.all(refunds)).every(({ status }) => status === 200 || status === 409)).toBe(true)
  system.house.behave('fair')
  const orders = await settled(bought.map(({ body }) => body.id))
  expectFair(system.house, await everything())
  expect(new Set(orders.map(({ status }) => status)).has('paid')).toBe(true)
  expect(soldOf(orders, id) + (await stockOf(id))).toBe(200)
  // Repeats tell what came of the first.
  for (const [n, { body }] of bought.slice(20).entries()) {
    const again = await buy(id, 1 + ((n + 20) % 3), `mood-${n + 20}`)
    expect([again.status, again.body]).toEqual([201, await read(body.id)])
  }
}, 120_000)

test('a house that charges and then says that it failed: the order is not given up, and the loop finds out that it is paid', async () => {
  const id = await product('Believed in', 1)
  system.house.behave('failing')
  const { status, body } = await buy(id, 1, 'failing-1')
  expect([status, body.status]).toEqual([201, 'placed'])
  expect(system.house.ledger().filter(({ key }) => key === body.id)).toMatchObject([{ what: 'charged' }])
  expect(await stockOf(id)).toBe(0)
  system.house.behave('fair')
  expect((await settled([body.id]))[0]?.status).toBe('paid')
  expectFair(system.house, await everything())
}, 60_000)

test('a silent house: the order waits as it is, its goods are kept for it, and is settled when there is a word', async () => {
  const id = await product('Waiting', 2)
  system.house.behave('silent')
  const { status, body } = await buy(id, 2, 'silent-1')
  expect([status, body.status]).toEqual([201, 'placed'])
  expect((await customer.ask(`POST /orders/${body.id}/refund`)).body).toMatchObject({ code: 'wrong-status', orderStatus: 'placed' })
  expect((await buy(id, 1, 'silent-2')).body.code).toBe('sold-out')
  system.house.behave('fair')
  const [order] = await settled([body.id])
  expect(order?.status).toBe('paid')
  expectFair(system.house, await everything())
  const refunds = await Promise.all([1, 2].map(() => customer.ask(`POST /orders/${body.id}/refund`)))
  expect(refunds.map((reply) => reply.status).sort()).toEqual([200, 409])
  await settled([body.id])
  expectFair(system.house, await everything())
  expect(await stockOf(id)).toBe(2)
}, 60_000)
