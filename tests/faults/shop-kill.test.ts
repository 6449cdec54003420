// Crowds buy the last pieces while the shop is killed, PostgreSQL is restarted and a house in trouble charges them: each key one order,
// each order one charge, each piece one buyer. At full size: SHOP_ROUNDS=20 SHOP_KILLS=8 SHOP_RESTARTS=2.
import { afterEach, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mood, openSandbox } from '../../src/engines/payment/sandbox.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { signIn } from '../newsroom.ts'
import { type Running, startProcess, stopProcess } from '../process.ts'
import { seeded } from '../random.ts'
import { type BoughtOrder, everyOrder, expectFair, soldOf } from '../shoppers.ts'

const sizeOf = (name: string, usual: number) => Number(process.env[name] ?? usual)
const rounds = sizeOf('SHOP_ROUNDS', 2)
const kills = sizeOf('SHOP_KILLS', 2)
const restarts = sizeOf('SHOP_RESTARTS', 1)
const buyers = 200
const pieces = 100

let running: Running | null = null
const stack: AsyncDisposableStack[] = []
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
  for (const one of stack.splice(0)) await one.disposeAsync()
})

test(`${buyers} buyers at once on ${pieces} pieces × ${rounds}, ${kills} × kill -9, PostgreSQL ${restarts} × restarted: sold + left = put in`, async () => {
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
  const ask = async (who: string, what: string, body?: object, headers: Record<string, string> = {}) => {
    const [method = '', path] = what.split(' ')
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const init = { method, headers: { authorization: who, ...json, ...headers }, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(`${at.api}${path}`, init)
    return { status: response.status, body: (await response.json()) as ReturnType<typeof JSON.parse> }
  }
  const bearers = new Map<string, Promise<string>>()
  const bearerOf = (name: string): Promise<string> => {
    const bearer = bearers.get(name) ?? signIn(at.api, `${name}@example.com`)
    bearers.set(name, bearer)
    return bearer
  }
  /** Again until it is answered, as whoever has a key may; signed in anew where that takes longer than a token is good. */
  const insist = async (name: string, what: string, body?: object, headers?: Record<string, string>) => {
    for (;;) {
      const reply = await bearerOf(name)
        .then((bearer) => ask(bearer, what, body, headers))
        .catch(() => null)
      if (reply === null || reply.status === 401) bearers.delete(name)
      else if (reply.status < 500) return reply
      await systemClock.sleep(20)
    }
  }
  const [admin, customer] = ['admin', 'customer']
  const { body: category } = await insist(admin, 'GET /categories/kits')

  let answered = 0
  const bought = new Map<string, string>()
  /** What the counter said while they bought. */
  const seen: number[] = []
  const left = async (id: string): Promise<number> =>
    (await insist(admin, `PATCH /products/${id}`, {}, { 'if-match': '*' })).body.stock as number

  async function round(number: number): Promise<string> {
    const fields = { name: `Pieces ${number}`, price: 3.3, stock: pieces, categoryId: category.id }
    const { body: product } = await insist(admin, 'POST /products', fields, { 'idempotency-key': `pieces-${number}` })
    await Promise.all(
      Array.from({ length: buyers }, async (_, n) => {
        const key = `kill-${number}-${n}`
        const items = [{ productId: product.id, quantity: 1 }]
        const reply = await insist(customer, 'POST /orders', { items }, { 'idempotency-key': key })
        expect([201, 409]).toContain(reply.status)
        if (reply.status === 201) bought.set(key, reply.body.id)
        if (answered++ % 50 === 0) seen.push(await left(product.id))
      }),
    )
    return product.id
  }

  /** At drawn moments, between the answers. */
  const trouble = async () => {
    const draw = (count: number, what: 'kill' | 'restart') =>
      Array.from({ length: count }, () => ({ what, after: 5 + random() * (rounds * buyers - 10) }))
    for (const { what, after } of [...draw(kills, 'kill'), ...draw(restarts, 'restart')].sort((a, b) => a.after - b.after)) {
      while (answered < after) await systemClock.sleep(1)
      if (what === 'restart') await endPostgres(folder)
      else running = await killed(running, begin)
      at.api = running?.api ?? at.api
    }
  }
  const [products] = await Promise.all([
    (async () => {
      const ids: string[] = []
      for (let number = 0; number < rounds; number++) ids.push(await round(number))
      return ids
    })(),
    trouble(),
  ])
  house.behave('fair')

  const list = () => everyOrder(async (query) => (await insist(admin, `GET /orders${query}`)).body)
  let orders: BoughtOrder[] = await list()
  while (orders.some(({ status }) => status === 'placed')) {
    await systemClock.sleep(100)
    orders = await list()
  }
  expectFair(house, orders)
  // Exactly one order for every key that was answered with one, and none that nobody has.
  expect(new Set(bought.values()).size).toBe(bought.size)
  expect(orders.map(({ id }) => id).sort()).toEqual([...bought.values()].sort())
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(0)
  for (const id of products) {
    const stock = await left(id)
    expect(stock).toBeGreaterThanOrEqual(0)
    expect(stock + soldOf(orders, id)).toBe(pieces)
    // Readers are told of it in the end, whatever was killed meanwhile.
    while ((await insist(customer, `GET /products/${id}`)).body.stock !== stock) await systemClock.sleep(50)
  }
  console.log(`${answered} answered, ${orders.length} orders, ${house.ledger().length} words of the house`)
  expect(await stopProcess(running)).toBe(0)
  running = null
}, 1_800_000)

async function killed(one: Running | null, begin: () => Promise<Running>): Promise<Running> {
  one?.child.kill('SIGKILL')
  await one?.ended
  return begin()
}

/** Its supervisor starts it again. */
async function endPostgres(folder: string): Promise<void> {
  const pid = Number(readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(pid, 'SIGINT')
  for (let isAlive = true; isAlive; ) {
    await systemClock.sleep(20)
    try {
      process.kill(pid, 0)
    } catch {
      isAlive = false
    }
  }
}
