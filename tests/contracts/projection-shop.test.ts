// What the shop puts into the read model: the same however the log is cut, and of orders nothing at all.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Change } from '../../src/domain/change.ts'
import { openPool } from '../../src/engines/postgres/connect.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import type { Projection } from '../../src/ports/projection.ts'
import { type TestDatabase, testPostgres } from '../postgres.ts'
import { seeded } from '../random.ts'
import { sampleCamera, sampleClock, sampleId, sampleTime } from '../samples.ts'

let database: TestDatabase
let projection: Projection
let reader: ReturnType<typeof openPool>
beforeAll(async () => {
  database = await (await testPostgres()).database()
  await prepareDatabase(database.url, log)
  projection = openProjection({ url: database.url, log, clock: sampleClock })
  reader = openPool({ url: database.url, role: 'rcr_read', max: 1, log })
})
afterAll(async () => {
  await Promise.all([projection.close(), reader.close()])
  await database.drop()
})

const customer = 'c0ffee00-0000-4000-8000-00000000cafe'
const idOf = (kind: 'review' | 'lens' | 'session', n: number) => sampleId(kind, n) // any ids of their own
const envelope = (id: string, version: number) => ({ id, version, createdAt: sampleTime, updatedAt: sampleTime })

/** Categories and products that come, change and go, with stocks that move and orders that nobody may see. */
function shopLog(seed: number, length: number): Change[] {
  const random = seeded(seed)
  const versions = new Map<string, number>()
  const below = (n: number) => Math.floor(random() * n)
  const log: Change[] = []
  const append = (kind: Change['kind'], id: string, document: object | null) => {
    const version = (versions.get(`${kind} ${id}`) ?? 0) + 1
    versions.set(`${kind} ${id}`, version)
    const whole = document && { ...document, ...envelope(id, version) }
    log.push({ seq: log.length + 1, at: sampleTime, by: null, kind, id, version, document: whole } as Change)
  }
  append('camera', sampleCamera(1).id, sampleCamera(1))
  while (log.length < length) {
    const n = 1 + below(6)
    const product = idOf('lens', n)
    const chance = random()
    if (chance < 0.2)
      append(
        'category',
        idOf('review', n),
        random() < 0.2 ? null : { name: `Category ${below(99)}`, slug: `category-${below(9)}`, image: null },
      )
    else if (chance < 0.6)
      append(
        'product',
        product,
        random() < 0.15
          ? null
          : {
              name: `Prodúct ${below(99)}`,
              slug: `product-${below(20)}`,
              description: 'Text.',
              images: [],
              priceMinor: 1 + below(99_999),
              currency: 'USD',
              categoryId: idOf('review', 1 + below(6)),
              cameraId: random() < 0.5 ? sampleCamera(1).id : null,
              lensId: null,
            },
      )
    else if (chance < 0.8) append('stock', product, random() < 0.1 ? null : { available: below(50) })
    else
      append('order', idOf('session', below(20)), {
        customerId: customer,
        items: [],
        currency: 'USD',
        totalMinor: 1,
        status: 'paid',
        paymentToken: null,
      })
  }
  return log
}

const project = async (changes: readonly Change[], most: number): Promise<string> => {
  const { schema } = await projection.create('e1')
  for (let done = 0; done < changes.length; done += most)
    await projection.apply(schema, changes.slice(Math.max(0, done - 3), done + most), null)
  await projection.apply(schema, [], { seq: changes.length, at: sampleTime })
  return schema
}

test('any cut of the log leaves the same products, categories and stocks, as the last documents say', async () => {
  const changes = shopLog(5, 300)
  const whole = await project(changes, 5000)
  for (const most of [1, 9]) expect(await projection.differences(whole, await project(changes, most), 3)).toEqual([])
  const last = new Map(changes.map((change) => [`${change.kind} ${change.id}`, change]))
  for (const kind of ['category', 'product', 'stock']) {
    const wanted = [...last.values()]
      .filter((change) => change.kind === kind && change.document !== null)
      .map(({ id, version }) => ({ id, version }))
    const found = await reader.query<{ id: string; version: number }>(`select id, version from "${whole}"."${kind}" order by id`)
    expect(found).toEqual(wanted.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    expect(found.length).toBeGreaterThan(1)
  }
})

test('an order stands in no table of readers, not even one that cannot be applied', async () => {
  const changes = shopLog(6, 120)
  expect(JSON.stringify(changes)).toContain(customer)
  const faulty = {
    ...(changes.at(-1) as Change),
    seq: 121,
    kind: 'order',
    id: 'no uuid',
    version: 1,
    document: { customerId: `${customer}\u0000` },
  }
  const schema = await project([...changes, faulty as unknown as Change], 40)
  const tables = await reader.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = '${schema}'`)
  expect(tables.length).toBeGreaterThan(10)
  for (const { name } of tables) {
    const rows = await reader.query<{ row: string }>(`select t::text as row from "${schema}"."${name}" t`)
    expect(rows.map(({ row }) => row).join('\n')).not.toContain(customer)
  }
  expect(await projection.parked(schema)).toEqual([])
})

test('a product that cannot be shown is parked, and hides what stood there', async () => {
  const changes = shopLog(7, 60).filter(({ kind }) => kind === 'camera')
  const product = {
    name: 'A',
    slug: 'a',
    description: '',
    images: [],
    priceMinor: 100,
    currency: 'USD',
    categoryId: idOf('review', 1),
    cameraId: null,
    lensId: null,
  }
  const append = (version: number, more: object) =>
    changes.push({
      seq: changes.length + 1,
      at: sampleTime,
      by: null,
      kind: 'product',
      id: idOf('lens', 1),
      version,
      document: { ...product, ...envelope(idOf('lens', 1), version), ...more },
    } as unknown as Change)
  append(1, {})
  append(2, { priceMinor: 1.5 })
  const schema = await project(changes, 10)
  expect(await projection.parked(schema)).toMatchObject([{ kind: 'product', id: idOf('lens', 1) }])
  expect(await reader.query(`select id from "${schema}".product`)).toEqual([])
  append(3, { priceMinor: 250 })
  await projection.apply(schema, changes, null)
  expect(await reader.query(`select price::text as price from "${schema}".product`)).toEqual([{ price: '2.5' }])
  expect(await projection.parked(schema)).toEqual([])
})
