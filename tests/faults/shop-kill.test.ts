// The plug is pulled while customers buy and a house in trouble charges them: each key one order, each order one charge.
import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mood, openSandbox } from '../../src/engines/payment/sandbox.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { signIn } from '../newsroom.ts'
import { type Running, startProcess, stopProcess } from '../process.ts'
import { seeded } from '../random.ts'
import { type BoughtOrder, expectFair, soldOf } from '../shoppers.ts'

const rounds = Number(process.env.KILL_ROUNDS ?? 3)
const stock = 100_000
let running: Running | null = null
const stack: AsyncDisposableStack[] = []
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
  for (const one of stack.splice(0)) await one.disposeAsync()
})

test(`kill -9 at ${rounds} random points while eight customers buy: exactly once for every key, stock and sold add up`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  console.log(`seed ${seed} (SEED=${seed} repeats it)`)
  const random = seeded(seed)
  const own = new AsyncDisposableStack()
  stack.push(own)
  const folder = await mkdtemp(join(tmpdir(), 'rcr-shop-kill-'))
  own.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const house = await openSandbox({ delayMs: 20 })
  own.defer(() => house.close())
  const moods: readonly Mood[] = ['fair', 'fair', 'slow', 'failing', 'duplicating', 'declining']
  house.behave(() => moods[Math.floor(random() * moods.length)] as Mood)

  const begin = () => startProcess(folder, { RCR_LOG: 'error', RCR_PAYMENT_URL: house.url })
  running = await begin()
  const at = { api: running.api }
  const [admin, customer] = await Promise.all(['admin', 'customer'].map((name) => signIn(at.api, `${name}@example.com`)))
  const ask = async (who: string | undefined, method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const init = { method, headers: { authorization: who ?? '', ...json, ...headers }, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(`${at.api}${path}`, init)
    return { status: response.status, body: (await response.json()) as ReturnType<typeof JSON.parse> }
  }
  const { body: category } = await ask(admin, 'GET', '/categories/kits')
  const { body: product } = await ask(admin, 'POST', '/products', { name: 'Plugs', price: 3.3, stock, categoryId: category.id })

  const answered = new Map<string, string>()
  let stopped = false
  const shop = async (customerNumber: number) => {
    for (let n = 0; !stopped; n++) {
      const key = `kill-${customerNumber}-${n}`
      while (!stopped) {
        const reply = await ask(
          customer,
          'POST',
          '/orders',
          { items: [{ productId: product.id, quantity: 1 }] },
          { 'idempotency-key': key },
        ).catch(() => null)
        if (reply?.status === 201) answered.set(key, reply.body.id)
        if (reply !== null && reply.status < 500) break
        await systemClock.sleep(20)
      }
    }
  }
  const shopping = Array.from({ length: 8 }, (_, n) => shop(n))
  for (let round = 1; round <= rounds; round++) {
    const killAt = answered.size + 5 + Math.floor(random() * 25)
    while (answered.size < killAt) await systemClock.sleep(1)
    running.child.kill('SIGKILL')
    await running.ended
    running = await begin()
    at.api = running.api
  }
  stopped = true
  await Promise.all(shopping)
  house.behave('fair')

  const list = async (): Promise<BoughtOrder[]> => {
    const found: BoughtOrder[] = []
    for (let next: string | null = '?customer=*&limit=100'; next !== null; ) {
      const { body } = await ask(admin, 'GET', `/orders${next}`)
      found.push(...body.data)
      next = body.links.next
    }
    return found
  }
  let orders = await list()
  while (orders.some(({ status }) => status === 'placed')) {
    await systemClock.sleep(100)
    orders = await list()
  }
  expectFair(house, orders)
  const ids = orders.map(({ id }) => id)
  expect(new Set(answered.values()).size).toBe(answered.size)
  expect([...answered.values()].filter((id) => !ids.includes(id))).toEqual([])
  // Only an order whose answer never came may be nobody's, one for each customer at most.
  expect(ids.length - answered.size).toBeLessThanOrEqual(8)
  const { body: now } = await ask(admin, 'PATCH', `/products/${product.id}`, {}, { 'if-match': '*' })
  expect(now.stock + soldOf(orders, product.id)).toBe(stock)
  expect(await stopProcess(running)).toBe(0)
  running = null
}, 180_000)
