// Customers who buy: each order is durable and charged by the payment house, a process of its own, when it is answered.
import { fileURLToPath } from 'node:url'
import { demoPassword } from '../src/commands/demo.ts'
import type { Benchmark, System } from './kit/lab.ts'
import { spending, taking } from './kit/measure.ts'
import { runClient, start } from './kit/process.ts'
import { rateOf, short } from './kit/table.ts'

const buyers = 32
const products = 100
const least = 500
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Found {
  count: number
  seconds: number
  p50Ms: number
  p99Ms: number
}

export const buying: Benchmark = {
  title: 'buying',
  needs: [],
  async run(lab) {
    await using stack = new AsyncDisposableStack()
    const words = [process.execPath, main, 'payment-house', '--port', '0']
    const house = stack.adopt(await start({ core: 'load', words, ready: /RCR_PAYMENT_URL=(\S+)/ }), (one) => one.stop())
    const env = { RCR_PAYMENT_URL: house.said[1] ?? '' }
    const system = stack.adopt(await lab.system(await lab.seeded(), { env }), (one) => one.stop())
    const shop = await openShop(system)
    let from = 0
    const { ours } = await taking(lab.turns, {
      ours: () =>
        spending(system.spenders, async () => {
          const found = await runClient<Found>('load', 'buy', { ...shop, concurrency: buyers, seconds: lab.seconds, from })
          from += found.count
          return found
        }),
    })
    return [
      {
        figure: `buying, paid when answered: ${buyers} buyers, ${products} products`,
        ours: `${rateOf(ours)}; p50 ${short(ours.p50Ms ?? 0)} ms, p99 ${short(ours.p99Ms ?? 0)} ms`,
        peer: '',
        ratio: null,
        goal: `≥ ${least}/s`,
        met: ours.perSecond >= least,
      },
    ]
  },
}

async function openShop({ url }: System) {
  const ask = async (path: string, body: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    const response = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string; accessToken: string }
  }
  const signIn = async (name: string) => (await ask('/auth/login', { email: `${name}@example.com`, password: demoPassword })).accessToken
  const [admin, token] = await Promise.all([signIn('admin'), signIn('customer')])
  const { id: categoryId } = await ask('/categories', { name: 'For the bench' }, admin)
  const productIds: string[] = []
  for (let n = 0; n < products; n++)
    productIds.push((await ask('/products', { name: `Piece ${n}`, price: 9.99, stock: 1_000_000, categoryId }, admin)).id)
  return { url, token, productIds }
}
