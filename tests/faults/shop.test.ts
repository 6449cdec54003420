// Many at once, and a payment house in trouble: never oversold, never charged twice, never charged and cancelled.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Mood, moods } from '../../src/engines/payment/sandbox.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { seeded } from '../random.ts'
import { type BoughtOrder, expectFair, soldOf } from '../shoppers.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let admin: User
let customer: User

beforeAll(async () => {
  system = await startSystem()
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
const read = async (id: string): Promise<BoughtOrder> => (await customer.ask(`GET /orders/${id}`)).body

async function everything(): Promise<BoughtOrder[]> {
  const found: BoughtOrder[] = []
  for (let next: string | null = '?customer=*&limit=100'; next !== null; ) {
    const { body } = await admin.ask(`GET /orders${next}`)
    found.push(...body.data)
    next = body.links.next
  }
  return found
}
const ordersOf = async (productId: string) =>
  (await everything()).filter(({ items }) => items.some((item) => item.product.id === productId))
async function settled(ids: readonly string[]): Promise<BoughtOrder[]> {
  for (;;) {
    const orders = await Promise.all(ids.map(read))
    if (orders.every(({ status }) => status !== 'placed' && status !== 'refunding')) return orders
    await systemClock.sleep(50)
  }
}

test('two hundred buyers at once for the last thirty, each asking twice with one key: thirty are sold, and each key has one order', async () => {
  const id = await product('Last ones', 30)
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, n) => [`last-${n}`, `last-${n}`]).flatMap((twice) =>
      twice.map(async (key) => ({ key, ...(await buy(id, 1, key)) })),
    ),
  )
  const bought = replies.filter(({ status }) => status === 201)
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201, 409]))
  const byKey = Map.groupBy(bought, ({ key }) => key)
  expect(byKey.size).toBe(30)
  for (const same of byKey.values()) expect(new Set(same.map(({ body }) => body.id)).size).toBe(1)
  for (const { status, body } of replies) if (status === 409) expect([body.code, body.available]).toEqual(['sold-out', 0])
  const orders = await ordersOf(id)
  expect(orders.length).toBe(30)
  expect([soldOf(orders, id), await stockOf(id)]).toEqual([30, 0])
}, 30_000)

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
