// The shop over gRPC: products, and a customer's orders as they change.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { type GrpcClient, grpcClient } from './client.ts'

let system: TestSystem
let listener: GrpcListener
let client: GrpcClient
let [admin, customer, other]: User[] = []

beforeAll(async () => {
  system = await startSystem()
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  client = grpcClient(listener.address)
  ;[admin, customer, other] = await Promise.all(['admin', 'customer', 'editor'].map((name) => system.signIn(`${name}@example.com`)))
})
afterAll(async () => {
  client?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

const as = (user: User | undefined) => ({ authorization: `Bearer ${user?.accessToken}` })
const contract = loadSync(join(import.meta.dir, '..', '..', 'contracts', 'rcr.proto'), { longs: Number, enums: String, defaults: true })
const definition = (contract['rcr.v1.ProductService'] as Record<string, MethodDefinition<object, object>>).StreamOrders as MethodDefinition<
  object,
  object
>

type Told = { id: string; version: number; status: string; total: number }

/** The orders of somebody, as a client hears of them. */
function listening(headers: Record<string, string>, message: object = {}) {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  const { path, requestSerialize, responseDeserialize } = definition
  const call: ClientReadableStream<object> = client.raw.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    message,
    metadata,
  )
  const heard: Told[] = []
  const wakes = new Set<() => void>()
  call.on('data', ({ order }: { order: Told }) => {
    heard.push(order)
    for (const wake of wakes) wake()
  })
  const ended = new Promise<string>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(status[error.code] ?? ''))
    call.on('end', () => resolve('OK'))
  })
  const until = async (enough: (heard: readonly Told[]) => boolean) => {
    while (!enough(heard)) {
      const next = Promise.withResolvers<void>()
      wakes.add(next.resolve)
      await next.promise
      wakes.delete(next.resolve)
    }
  }
  return { heard, until, ended, cancel: () => call.cancel() }
}

async function buy(who: User | undefined, key: string): Promise<Told> {
  const { body: product } = await system.ask('GET /products/canon-rf-50mm-f1-8')
  const asking = { body: { items: [{ productId: product.id, quantity: 1 }] }, headers: { 'idempotency-key': key } }
  const reply = await who?.ask('POST /orders', asking)
  expect(reply?.status).toBe(201)
  return reply?.body
}

test('products are read, listed and added', async () => {
  const one = await client.call('ProductService/GetProduct', { id: 'nikon-z8-with-24-70mm' })
  expect(one).toMatchObject({ code: 'OK', message: { product: { price: 5899.95, currency: 'USD', camera: { slug: 'nikon-z8' } } } })
  const list = await client.call('ProductService/ListProducts', {
    category: 'prime-lenses',
    sort: 'PRODUCT_SORT_PRICE',
    order: 'SORT_ORDER_ASC',
    priceMax: 200,
  })
  expect(list).toMatchObject({
    code: 'OK',
    message: { data: [{ slug: 'canon-rf-50mm-f1-8' }], metadata: { total: 1, totalPages: 1, page: 1 } },
  })
  const product = { name: 'Over gRPC', price: 5.5, categoryId: one.message.product.categoryId, stock: 2 }
  const made = await client.call('ProductService/CreateProduct', { product }, { headers: as(admin) })
  expect(made).toMatchObject({ code: 'OK', message: { product: { slug: 'over-grpc', stock: 2, version: 1 } } })
  expect((await client.call('ProductService/CreateProduct', { product }, { headers: as(customer) })).code).toBe('PERMISSION_DENIED')
  expect((await client.call('ProductService/GetProduct', { id: 'no-such' })).code).toBe('NOT_FOUND')
})

test('a customer hears of each order as it changes, of those that there are at first, and of nobody else’s', async () => {
  const early = await buy(customer, 'early')
  const second = await buy(customer, 'second')
  const mine = listening(as(customer))
  await mine.until((heard) => heard.some(({ id }) => id === early.id))
  await buy(other, 'not-mine')
  const late = await buy(customer, 'late')
  await mine.until((heard) => heard.some(({ id, status }) => id === late.id && status === 'ORDER_STATUS_PAID'))
  await customer?.ask(`POST /orders/${late.id}/refund`)
  await mine.until((heard) => heard.some(({ id, status }) => id === late.id && status === 'ORDER_STATUS_REFUNDED'))
  const versions = Map.groupBy(mine.heard, ({ id }) => id)
  expect(new Set(versions.keys())).toEqual(new Set([early.id, second.id, late.id]))
  for (const told of versions.values())
    expect(told.map(({ version }) => version)).toEqual([...new Set(told.map(({ version }) => version))].sort((a, b) => a - b))
  mine.cancel()
  expect(await mine.ended).toBe('CANCELLED')
})

test('nobody listens to others, but admins do', async () => {
  expect(await listening({}).ended).toBe('UNAUTHENTICATED')
  expect(await listening(as(customer), { customer: '*' }).ended).toBe('PERMISSION_DENIED')
  const order = await buy(customer, 'seen-by-an-admin')
  const all = listening(as(admin), { customer: '*' })
  await all.until((heard) => heard.some(({ id }) => id === order.id))
  all.cancel()
})

test('a server that stops ends the streams in order', async () => {
  const own = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  const mine = grpcClient(own.address)
  const { path, requestSerialize, responseDeserialize } = definition
  const metadata = new Metadata()
  metadata.set('authorization', as(customer).authorization)
  const call = mine.raw.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {}, metadata)
  const ended = new Promise((resolve) => call.on('end', () => resolve('OK')).on('error', (error: ServiceError) => resolve(error.details)))
  await new Promise((resolve) => call.once('data', resolve))
  call.resume()
  const startedMs = performance.now()
  await own.stop(5_000)
  expect(await ended).toBe('OK')
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  mine.close()
})
