// Buys one product after the other. Asked: { url, token, productIds, concurrency, seconds, from }.
import { percentile } from '../kit/measure.ts'
import { answer, asked, loops } from './asked.ts'

const { url, token, productIds, concurrency, seconds, from } = asked<{
  url: string
  token: string
  productIds: string[]
  concurrency: number
  seconds: number
  from: number
}>()

const common = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const { tookMs, seconds: lasted } = await loops(concurrency, seconds, async (nth) => {
  const headers = { ...common, 'idempotency-key': `bench-${from + nth}-${process.pid}` }
  const productId = productIds[(from + nth) % productIds.length]
  const body = JSON.stringify({ items: [{ productId, quantity: 1 }] })
  const bought = await fetch(`${url}/api/v1/orders`, { method: 'POST', headers, body })
  const text = await bought.text()
  if (bought.status !== 201 || !text.includes('"status":"paid"')) throw new Error(`${bought.status}: ${text.slice(0, 300)}`)
})
answer({ count: tookMs.length, seconds: lasted, p50Ms: percentile(tookMs, 50), p99Ms: percentile(tookMs, 99) })
