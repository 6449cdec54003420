// The shop over GraphQL by the names that its clients know, with all relations of a list in few statements.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { countStatements } from '../statements.ts'
import { graph } from './graph.ts'

let system: TestSystem
let customer: User
const ofShop = countStatements(/\.(product|category|stock)\b/)

beforeAll(async () => {
  system = await startSystem()
  customer = await system.signIn('customer@example.com')
})
afterAll(async () => {
  ofShop.end()
  await system?.[Symbol.asyncDispose]()
})

const statements = ofShop.count
const headers = () => ({ authorization: `Bearer ${customer.accessToken}` })

test('products with their relations, narrowed by category and price: twenty in one statement', async () => {
  const before = statements()
  const document = `query ($min: Float, $max: Float) {
    products(priceMin: $min, priceMax: $max, limit: 20) {
      data { name price currency stock category { name } camera { brand model } lens { brand model } }
      metadata { total }
    }
  }`
  const { body } = await graph(system, document, { variables: { min: 100, max: 9000 } })
  expect(body.data.products.data.length).toBe(20)
  expect(
    body.data.products.data.every((one: { category: unknown; camera: unknown; lens: unknown }) => one.category && (one.camera ?? one.lens)),
  ).toBe(true)
  expect(statements() - before).toBeLessThanOrEqual(3)
  expect(statements() - before).toBeGreaterThan(0) // it does count
  const narrow = await graph(
    system,
    '{ products(category: "prime-lenses", priceMax: 200, limit: 5) { data { slug } } product(id: "leica-q3") { price } }',
  )
  expect(narrow.body.data).toEqual({ products: { data: [{ slug: 'canon-rf-50mm-f1-8' }] }, product: { price: 5995 } })
})

test('twenty orders with their products in no statement at all: an order knows what was bought', async () => {
  const { data } = (await system.ask('GET /products?limit=20&sort=price')).body
  for (let n = 0; n < 20; n++) {
    const items = [0, 1, 2].map((k) => ({ productId: data[(n + k) % 4 === 0 ? 0 : 1 + ((n + k) % 3)].id, quantity: 1 }))
    const one = new Map(items.map((item) => [item.productId, item]))
    const input = { items: [...one.values()] }
    await graph(system, 'mutation ($input: NewOrderInput!, $key: String) { placeOrder(input: $input, idempotencyKey: $key) { id } }', {
      variables: { input, key: `graph-${n}` },
      headers: headers(),
    })
  }
  const before = statements()
  const document = '{ orders(first: 20) { nodes { id status total items { product { id name price } quantity subtotal } } } }'
  const { body } = await graph(system, document, { headers: headers() })
  const orders: { id: string; total: number; items: { subtotal: number }[] }[] = body.data.orders.nodes
  expect(orders.length).toBeGreaterThan(5)
  for (const { total, items } of orders) expect(items.reduce((sum, { subtotal }) => sum + subtotal, 0)).toBeCloseTo(total, 5)
  expect(statements() - before).toBe(0)
  const single = '{ order(id: "ID") { items { product { name } quantity subtotal } total } }'.replace('ID', orders[0]?.id ?? '')
  expect((await graph(system, single, { headers: headers() })).body.data.order.items[0].product.name).toBeString()
})
