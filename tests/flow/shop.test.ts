// The shop as customers and admins use it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/clock.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let admin: User
let customer: User
let other: User

beforeAll(async () => {
  system = await startSystem()
  ;[admin, customer, other] = (await Promise.all(['admin', 'customer', 'editor'].map((name) => system.signIn(`${name}@example.com`)))) as [
    User,
    User,
    User,
  ]
})
afterAll(() => system?.[Symbol.asyncDispose]())

let keys = 0
const key = () => ({ 'idempotency-key': `flow-${++keys}` })
const etag = (version: number) => ({ 'if-match': `"${version}"` })
const ids: Record<string, string> = {}

/** A product of its own for a test. */
async function product(name: string, fields: object = {}) {
  ids.category ??= (await system.ask('GET /categories/kits')).body.id
  const { status, body } = await admin.ask('POST /products', { body: { name, price: 10.5, stock: 3, categoryId: ids.category, ...fields } })
  expect(status).toBe(201)
  return body
}
const buy = (who: User, productId: string, quantity = 1, more: object = {}, headers = key()) =>
  who.ask('POST /orders', { body: { items: [{ productId, quantity }], ...more }, headers })
/** As buying counts. */
const stockOf = async (id: string) =>
  (await admin.ask(`PATCH /products/${id}`, { body: {}, headers: { 'if-match': '*' } })).body.stock as number

describe('whoever looks around', () => {
  test('finds twenty products of the catalogue in their categories, page by page', async () => {
    const { body, headers } = await system.ask('GET /products?limit=8&page=2')
    expect(body.metadata).toEqual({ page: 2, limit: 8, total: 20, totalPages: 3 })
    expect(body.links).toEqual({
      self: '?limit=8&page=2&sort=created',
      next: '?limit=8&page=3&sort=created',
      prev: '?limit=8&page=1&sort=created',
    })
    expect(headers.get('link')).toBe('<?limit=8&page=3&sort=created>; rel="next"')
    const pages = await Promise.all([1, 2, 3].map((page) => system.ask(`GET /products?limit=8&page=${page}`)))
    const all = pages.flatMap((page) => page.body.data)
    expect(new Set(all.map(({ id }) => id)).size).toBe(20)
    expect(all.every(({ camera, lens, category }) => (camera ?? lens) !== null && category !== null)).toBe(true)
    const { body: categories } = await system.ask('GET /categories')
    expect(categories.data.map(({ name }: { name: string }) => name)).toContain('Prime lenses')
  })

  test('narrows by category and price, in either spelling, and sorts', async () => {
    const { body } = await system.ask('GET /products?category=prime-lenses&sort=price&order=desc')
    expect(body.data.map(({ slug }: { slug: string }) => slug)).toEqual(['nikon-nikkor-z-50mm-f1-8-s', 'canon-rf-50mm-f1-8'])
    const prices = async (query: string) =>
      (await system.ask(`GET /products?${query}`)).body.data.map(({ price }: { price: number }) => price) as number[]
    const found = await prices('priceMin=600&priceMax=1000&sort=price')
    expect(found).toEqual([629, 699, 896.95])
    expect(await prices('price_min=600&price_max=1000&sort=price&order=asc')).toEqual(found)
    expect(await prices('priceMin=629&priceMax=629')).toEqual([629])
    const byName = (await system.ask('GET /products?sort=name&limit=2')).body.data.map(({ name }: { name: string }) => name)
    expect(byName).toEqual(['Canon EOS R5 Mark II, body', 'Canon EOS R50, body'])
    expect((await system.ask('GET /products?category=no-such-category')).body.metadata.total).toBe(0)
  })

  test('reads a product with what it is in the catalogue, by slug or id, and a category with its products', async () => {
    const { body, headers } = await system.ask('GET /products/nikon-z8-with-24-70mm')
    expect(body).toMatchObject({
      price: 5899.95,
      currency: 'USD',
      stock: 3,
      camera: { slug: 'nikon-z8' },
      lens: { slug: 'nikon-nikkor-z-24-70mm-f2-8-s' },
      category: { slug: 'kits', name: 'Kits' },
    })
    expect(headers.get('etag')).toStartWith('"1.')
    expect((await system.ask(`GET /products/${body.id}`)).body).toEqual(body)
    const bySlug = await system.ask('GET /categories/kits')
    expect(bySlug.body).toMatchObject({ id: body.categoryId, productCount: 1, products: [{ id: body.id }] })
    expect((await system.ask(`GET /categories/${body.categoryId}`)).body).toEqual(bySlug.body)
    const products = await system.ask(`GET /categories/kits/products?limit=1`)
    expect(products.body).toMatchObject({
      data: [{ id: body.id }],
      metadata: { total: 1 },
      links: { self: '?limit=1&page=1&sort=created', next: null },
    })
    for (const path of ['/products/no-such', '/categories/no-such', '/categories/no-such/products'])
      expect((await system.ask(`GET ${path}`)).status).toBe(404)
  })
})

describe('an admin', () => {
  test('adds, replaces, changes and takes away a product, and readers see each at once', async () => {
    const { data } = (await system.ask('GET /cameras?limit=1')).body
    const made = await admin.ask('POST /products', {
      body: {
        name: 'A new one',
        price: 99.99,
        stock: 4,
        categoryId: (await system.ask('GET /categories/kits')).body.id,
        cameraId: data[0].id,
      },
    })
    expect([made.status, made.headers.get('location')]).toEqual([201, `/products/${made.body.id}`])
    const path = `/products/${made.body.id}`
    const seen = async (token: string | null) => (await system.ask(`GET ${path}`, { headers: { 'consistency-token': token ?? '' } })).body
    expect(await seen(made.headers.get('consistency-token'))).toEqual(made.body)
    expect(made.body).toMatchObject({ slug: 'a-new-one', version: 1, price: 99.99, stock: 4, camera: { id: data[0].id }, lens: null })

    const changed = await admin.ask(`PATCH ${path}`, { body: { price: 89 }, headers: etag(1) })
    expect(changed.body).toEqual({ ...made.body, price: 89, version: 2, updatedAt: changed.body.updatedAt })
    const replaced = await admin.ask(`PUT ${path}`, {
      body: { name: 'Another', price: 1, categoryId: made.body.categoryId },
      headers: etag(2),
    })
    expect(replaced.body).toMatchObject({ slug: 'a-new-one', name: 'Another', description: '', cameraId: null, camera: null, stock: 4 })
    expect(await seen(replaced.headers.get('consistency-token'))).toEqual(replaced.body)

    const gone = await admin.ask(`DELETE ${path}`, { headers: etag(3) })
    expect(gone.status).toBe(204)
    const after = await system.ask(`GET ${path}`, { headers: { 'consistency-token': gone.headers.get('consistency-token') ?? '' } })
    expect(after.status).toBe(404)
  })

  test('sets the stock beside the version: sold meanwhile or not, and without a new version', async () => {
    const { id } = await product('Counted')
    expect((await buy(customer, id)).status).toBe(201)
    const set = await admin.ask(`PATCH /products/${id}`, { body: { stock: 12 } })
    expect(set.body).toMatchObject({ version: 1, stock: 12 })
    const seen = await system.ask(`GET /products/${id}`, { headers: { 'consistency-token': set.headers.get('consistency-token') ?? '' } })
    expect(seen.body.stock).toBe(12)
    const path = `PATCH /products/${id}`
    expect((await admin.ask(path, { body: { stock: 12 }, headers: etag(9) })).status).toBe(412)
    for (const body of [{}, { stock: 12, price: 11 }]) expect((await admin.ask(path, { body })).status).toBe(428)
    const put = await admin.ask(`PUT /products/${id}`, {
      body: { name: 'Counted', price: 10.5, stock: 0, categoryId: ids.category },
      headers: etag(1),
    })
    expect(put.body).toMatchObject({ version: 1, stock: 0 })
  })

  test('is told every fault of a product', async () => {
    const nobodys = '01941f29-7c00-7000-8000-00000000ffff'
    const faults = async (body: object) => {
      const reply = await admin.ask('POST /products', { body })
      expect(reply.status).toBe(400)
      return reply.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()
    }
    expect(await faults({ name: '', price: -1, stock: 1.5, colour: 'red' })).toEqual([
      '#/categoryId',
      '#/colour',
      '#/name',
      '#/price',
      '#/stock',
    ])
    expect(await faults({ name: 'A', price: 1.234, categoryId: nobodys, cameraId: nobodys, lensId: nobodys })).toEqual([
      '#/cameraId',
      '#/categoryId',
      '#/lensId',
      '#/price',
    ])
  })

  test('keeps categories: what is sold or shown in them holds them', async () => {
    const { body: category } = await admin.ask('POST /categories', { body: { name: 'Bags' } })
    const inside = await product('A bag', { categoryId: category.id })
    expect(await admin.ask(`DELETE /categories/${category.id}`, { headers: etag(1) })).toMatchObject({
      status: 409,
      body: { code: 'still-referenced', references: 1 },
    })
    const renamed = await admin.ask(`PATCH /categories/${category.id}`, { body: { name: 'Bags and straps' }, headers: etag(1) })
    expect(renamed.body).toMatchObject({ slug: 'bags', version: 2 })
    const seen = await system.ask(`GET /products/${inside.id}`, {
      headers: { 'consistency-token': renamed.headers.get('consistency-token') ?? '' },
    })
    expect(seen.body.category).toEqual({ id: category.id, slug: 'bags', name: 'Bags and straps' })
    await admin.ask(`DELETE /products/${inside.id}`, { headers: etag(1) })
    expect((await admin.ask(`DELETE /categories/${category.id}`, { headers: etag(2) })).status).toBe(204)
    const camera = (await system.ask('GET /cameras/nikon-z8')).body
    expect(await admin.ask(`DELETE /cameras/${camera.id}`, { headers: etag(camera.version) })).toMatchObject({ status: 409 })
  })

  test('alone may do so', async () => {
    for (const who of [customer, other]) expect((await who.ask('POST /categories', { body: { name: 'Mine' } })).status).toBe(403)
  })
})

describe('a customer', () => {
  test('buys several products at once at our price, and is charged once', async () => {
    const [one, two] = [await product('One', { price: 10.1 }), await product('Two', { price: 0.2 })]
    const items = [
      { productId: one.id, quantity: 2 },
      { productId: two.id, quantity: 3 },
    ]
    const { status, headers, body } = await customer.ask('POST /orders', { body: { items }, headers: key() })
    expect([status, headers.get('location')]).toEqual([201, `/orders/${body.id}`])
    expect(body).toMatchObject({
      status: 'paid',
      total: 20.8,
      currency: 'USD',
      items: [
        { product: { id: one.id, name: 'One', slug: 'one', price: 10.1 }, quantity: 2, subtotal: 20.2 },
        { product: { id: two.id }, quantity: 3, subtotal: 0.6 },
      ],
    })
    expect(system.house.ledger().filter(({ key }) => key === body.id)).toEqual([
      { key: body.id, what: 'charged', amountMinor: 2080, currency: 'USD' },
    ])
    expect([await stockOf(one.id), await stockOf(two.id)]).toEqual([1, 0])
    expect((await customer.ask(`GET /orders/${body.id}`)).body).toEqual(body)
    expect((await customer.ask('GET /orders?limit=1')).body.data).toEqual([body])
  })

  test('gets the first answer again for the same key, and the goods once', async () => {
    const { id } = await product('Once')
    const headers = key()
    const first = await buy(customer, id, 2, {}, headers)
    const again = await buy(customer, id, 2, {}, headers)
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(await stockOf(id)).toBe(1)
    expect((await buy(customer, id, 1, {}, headers)).status).toBe(422)
    expect((await customer.ask('POST /orders', { body: { items: [{ productId: id, quantity: 1 }] } })).body.errors[0].pointer).toBe(
      'Idempotency-Key',
    )
  })

  test('is told what is left where there is not enough, and then nothing of the order is bought', async () => {
    const [scarce, plenty] = [await product('Scarce', { stock: 1 }), await product('Plenty', { stock: 9 })]
    const items = [
      { productId: plenty.id, quantity: 9 },
      { productId: scarce.id, quantity: 2 },
    ]
    const { status, body } = await customer.ask('POST /orders', { body: { items }, headers: key() })
    expect([status, body.code, body.productId, body.available]).toEqual([409, 'sold-out', scarce.id, 1])
    expect(body.errors).toEqual([{ pointer: '#/items/1/quantity', code: 'sold_out', detail: '1 left.' }])
    expect([await stockOf(scarce.id), await stockOf(plenty.id)]).toEqual([1, 9])
  })

  test('is told every fault of an order', async () => {
    const { id } = await product('Faulty')
    const faults = async (body: object) =>
      (await customer.ask('POST /orders', { body, headers: key() })).body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()
    expect(await faults({ items: [] })).toEqual(['#/items'])
    expect(await faults({ items: [{ productId: id, quantity: 0, price: 1 }], total: 1 })).toEqual([
      '#/items/0/price',
      '#/items/0/quantity',
      '#/total',
    ])
    expect(await faults({ items: [id, id].map((productId) => ({ productId, quantity: 1 })) })).toEqual(['#/items'])
    expect(await faults({ items: [{ productId: '01941f29-7c00-7000-8000-00000000ffff', quantity: 1 }] })).toEqual(['#/items/0/productId'])
  })

  test('whose payment is declined has bought nothing', async () => {
    const { id } = await product('Dear')
    const { status, body } = await buy(customer, id, 2, { paymentToken: 'declined' })
    expect([status, body.status]).toEqual([201, 'cancelled'])
    expect(await stockOf(id)).toBe(3)
    expect(await customer.ask(`POST /orders/${body.id}/refund`)).toMatchObject({
      status: 409,
      body: { code: 'wrong-status', orderStatus: 'cancelled' },
    })
  })

  test('gets the money back once, and the stock is back once', async () => {
    const { id } = await product('Returned')
    const { body: order } = await buy(customer, id, 2)
    const headers = key()
    const refunds = await Promise.all([1, 2, 3].map(() => customer.ask(`POST /orders/${order.id}/refund`)))
    expect(refunds.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    expect(refunds.find(({ status }) => status === 200)?.body).toMatchObject({ status: 'refunded', total: 21 })
    expect((await customer.ask(`POST /orders/${order.id}/refund`, { headers })).body.orderStatus).toBe('refunded')
    expect(await stockOf(id)).toBe(3)
    expect(
      system.house
        .ledger()
        .filter(({ key }) => key === order.id)
        .map(({ what }) => what),
    ).toEqual(['charged', 'refunded'])
  })

  test('alone sees an order, with admins', async () => {
    const { id } = await product('Private')
    const { body: order } = await buy(customer, id)
    expect((await other.ask(`GET /orders/${order.id}`)).status).toBe(404)
    expect((await other.ask(`POST /orders/${order.id}/refund`)).status).toBe(404)
    expect((await system.ask(`GET /orders/${order.id}`)).status).toBe(401)
    expect((await other.ask('GET /orders')).body.data).toEqual([])
    expect((await other.ask('GET /orders?customer=*')).status).toBe(403)
    expect((await admin.ask(`GET /orders/${order.id}`)).body).toEqual(order)
    expect((await admin.ask(`GET /orders?customer=${order.customerId}&limit=1`)).body.data).toEqual([order])
  })

  test('sees a moment later, with everybody, how many are left', async () => {
    const { id } = await product('Seen')
    await buy(customer, id, 2)
    while ((await system.ask(`GET /products/${id}`)).body.stock !== 1) await systemClock.sleep(10)
    expect((await system.ask('GET /products?limit=100')).body.data.find((one: { id: string }) => one.id === id).stock).toBe(1)
  })
})
