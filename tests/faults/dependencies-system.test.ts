// The whole system while its payment house, then its database, is in trouble: who buys and who reads is answered in time, and those who
// run it see what is wrong.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/clock.ts'
import { testPostgres } from '../postgres.ts'
import { until } from '../ring.ts'
import { type Reply, startSystem, type TestSystem, type User } from '../start.ts'
import { undisturbed } from '../undisturbed.ts'
import { openWire, type Wire } from '../wire.ts'

let system: TestSystem
let wire: Wire
let customer: User
let admin: User
let drop: () => Promise<void>

beforeAll(async () => {
  const database = await (await testPostgres()).database()
  drop = database.drop
  wire = await openWire(database.url)
  system = await startSystem({ databaseUrl: wire.url, breaker: 'payment=5/1/2' })
  ;[admin, customer] = (await Promise.all(['admin', 'customer'].map((name) => system.signIn(`${name}@example.com`)))) as [User, User]
}, 60_000)
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  wire?.close()
  await drop?.()
})

const stateOf = async (name: string) => JSON.parse(await (await system.ops('/readyz')).text()).dependencies[name] as string
const metric = async (name: string) =>
  Number(new RegExp(`^rcr_dependency_${name} (\\S+)$`, 'm').exec(await (await system.ops('/metrics')).text())?.[1])
const told = (dependency: string) =>
  system.logLines.map((line) => JSON.parse(line)).filter((line) => line.dependency === dependency && line.to !== undefined)

async function product(stock: number): Promise<string> {
  const { body: category } = await system.ask('GET /categories/kits')
  const { body } = await admin.ask('POST /products', { body: { name: 'Asked for', price: 19.99, stock, categoryId: category.id } })
  return body.id
}
let orders = 0
const buy = (productId: string) => {
  const headers = { 'idempotency-key': `order-${orders++}` }
  return customer.ask('POST /orders', { body: { items: [{ productId, quantity: 1 }] }, headers })
}

test('a payment house that answers only errors: every order stands, it is asked a few times for thirty, and all are paid soon after', async () => {
  const id = await product(100)
  let sent = 0
  system.house.behave(() => {
    sent += 1
    return 'failing'
  })
  const bought: Reply[] = []
  for (let n = 0; n < 30; n++) bought.push(await buy(id))
  expect(new Set(bought.map(({ status, body }) => `${status} ${body.status}`))).toEqual(new Set(['201 placed']))
  expect(await stateOf('payment')).not.toBe('closed')
  expect(await metric('state{dependency="payment"}')).toBeGreaterThan(0)
  expect(await metric('calls_total{dependency="payment",outcome="failed"}')).toBe(sent)
  expect(await metric('calls_total{dependency="payment",outcome="resting"}')).toBeGreaterThan(0)
  expect(sent).toBeLessThanOrEqual(33)
  expect(told('payment')[0]).toMatchObject({ level: 'warn', from: 'closed', to: 'open' })

  system.house.behave('fair')
  const mendedMs = systemClock.monotonic()
  // As a shop goes on: the next buyers find out, and whoever was left is settled by the loop.
  while ((await stateOf('payment')) !== 'closed') {
    await buy(id)
    await systemClock.sleep(50)
  }
  expect(systemClock.monotonic() - mendedMs).toBeLessThan(5_000)
  expect(await metric('state{dependency="payment"}')).toBe(0)
  await until(async () => {
    const shown = await Promise.all(bought.map(({ body }) => customer.ask(`GET /orders/${body.id}`)))
    return shown.every(({ body }) => body.status === 'paid')
  })
}, 90_000)

test('a payment house that is silent keeps no buyer for longer than three seconds', async () => {
  const id = await product(100)
  const longestMs = await undisturbed(3_000, async () => {
    system.house.behave('silent')
    const all = Array.from({ length: 8 }, async () => {
      const sinceMs = systemClock.monotonic()
      expect((await buy(id)).body.status).toBe('placed')
      return systemClock.monotonic() - sinceMs
    })
    const longest = Math.max(...(await Promise.all(all)))
    system.house.behave('fair')
    return longest
  })
  expect(longestMs).toBeLessThanOrEqual(3_100)
}, 120_000)

test('a database that is silent keeps no reader for longer than 0.9 s, then nobody at all, and is used again soon', async () => {
  let asked = 0
  const uncached = async () => {
    const sinceMs = systemClock.monotonic()
    const { status } = await system.ask(`GET /content/there-is-none-${asked++}`)
    return { status, tookMs: systemClock.monotonic() - sinceMs }
  }
  expect((await uncached()).status).toBe(404)
  expect((await system.ask('GET /content?limit=1')).status).toBe(200)
  const longestMs = await undisturbed(900, async () => {
    await until(async () => (await uncached()).status === 404)
    wire.hang()
    const all = await Promise.all(Array.from({ length: 8 }, uncached))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([503]))
    const refused = await uncached()
    expect(refused.status).toBe(503)
    expect((await system.ask('GET /content?limit=1')).status).toBe(200) // from memory
    expect(await stateOf('database')).not.toBe('closed')
    wire.mend()
    return Math.max(...all.map(({ tookMs }) => tookMs))
  })
  expect(longestMs).toBeLessThanOrEqual(1_000)
  const mendedMs = systemClock.monotonic()
  await until(async () => (await uncached()).status === 404 && (await stateOf('database')) === 'closed')
  expect(systemClock.monotonic() - mendedMs).toBeLessThan(5_000)
  expect(told('database')[0]).toMatchObject({ from: 'closed', to: 'open' })
}, 120_000)
