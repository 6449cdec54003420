// What readers do: list, filter, page, search, compare; over the curated first data.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSystem, type TestSystem } from '../start.ts'

let system: TestSystem

beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.[Symbol.asyncDispose]())

type Card = { slug: string; language: string; publishedAt: string; title: string; camera: { slug: string; brand: string } }
const list = async (query: string): Promise<Card[]> => (await system.ask(`GET /content?${query}`)).body.data

describe('a reader', () => {
  test('pages through everything without a gap or a repetition', async () => {
    const seen: string[] = []
    for (let link: string | null = '?limit=5'; link !== null; ) {
      const { body } = await system.ask(`GET /content${link}`)
      seen.push(...body.data.map(({ slug }: Card) => slug))
      link = body.links.next
    }
    const all = await list('limit=100')
    expect(seen).toEqual(all.map(({ slug }) => slug))
    expect(new Set(seen).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(12)
  })

  test('sorts by newest, oldest and title', async () => {
    const newest = await list('limit=100')
    const times = newest.map(({ publishedAt }) => publishedAt)
    expect(times).toEqual(times.toSorted().reverse())
    expect((await list('limit=100&sort=oldest')).map(({ slug }) => slug)).toEqual(newest.map(({ slug }) => slug).reverse())
    expect((await list('limit=100&sort=title')).length).toBe(newest.length)
  })

  test('filters by language, brand, camera, tag and time, also together', async () => {
    const all = await list('limit=100')
    const [some] = all
    if (some === undefined) throw new Error('there are no reviews')
    expect((await list('limit=100&language=pt')).map(({ slug }) => slug)).toEqual(
      all.filter(({ language }) => language === 'pt').map(({ slug }) => slug),
    )
    expect((await list(`limit=100&camera=${some.camera.slug}`)).map(({ slug }) => slug)).toEqual(
      all.filter(({ camera }) => camera.slug === some.camera.slug).map(({ slug }) => slug),
    )
    const since = all[3]?.publishedAt ?? ''
    expect((await list(`limit=100&publishedAfter=${since}`)).length).toBe(4)
    expect((await list(`limit=100&publishedBefore=${since}`)).length).toBe(all.length - 4)
    expect(await list('brand=no-such-brand')).toEqual([])
  })

  test('gets a clear refusal for a wrong parameter or a cursor from elsewhere', async () => {
    const times = ['publishedAfter=yesterday', 'publishedAfter=0000-01-01T00:00:00Z', 'publishedBefore=9999-12-31T23:59:59-01:00']
    for (const query of ['limit=0', 'limit=101', 'sort=best', 'colour=red', 'cursor=nonsense', 'language=de', ...times])
      expect((await system.ask(`GET /content?${query}`)).status).toBe(400)
    const { body } = await system.ask('GET /content?limit=5')
    const { searchParams: other } = new URL(body.links.next, 'http://localhost/content')
    other.set('sort', 'title')
    expect((await system.ask(`GET /content?${other}`)).status).toBe(400)
  })

  test('compares up to six cameras in the order asked, and is told which one does not exist', async () => {
    const { body, status } = await system.ask('GET /content/compare?cameras=nikon-z8,canon-eos-r5')
    expect(status).toBe(200)
    expect(JSON.stringify(body).indexOf('Z8')).toBeLessThan(JSON.stringify(body).indexOf('EOS R5'))
    const missing = await system.ask('GET /content/compare?cameras=nikon-z8,no-such-camera')
    expect(missing.status).toBe(404)
    expect(JSON.stringify(missing.body)).toContain('no-such-camera')
    expect((await system.ask('GET /content/compare?cameras=nikon-z8')).status).toBe(400)
    expect((await system.ask('GET /content/compare?cameras=nikon-z8,nikon-z8')).status).toBe(400)
  })

  test('sees facets and suggestions', async () => {
    expect((await system.ask('GET /content/facets')).status).toBe(200)
    const { body } = await system.ask('GET /content/suggest?q=nik')
    expect(JSON.stringify(body)).toContain('Nikon')
  })

  test('finds cameras and lenses by slug and id, and lists them by brand', async () => {
    const { body } = await system.ask('GET /cameras/nikon-z8')
    expect((await system.ask(`GET /cameras/${body.id}`)).body).toEqual(body)
    const nikons = (await system.ask('GET /cameras?brand=nikon&limit=100')).body.data
    expect(nikons.length).toBeGreaterThan(1)
    expect(new Set(nikons.map(({ brand }: { brand: string }) => brand))).toEqual(new Set(['Nikon']))
    expect((await system.ask('GET /lenses?limit=3')).body.data.length).toBe(3)
    expect((await system.ask('GET /cameras/nothing')).status).toBe(404)
  })

  test('gets 200 without any account, and a hostile question does no harm', async () => {
    for (const q of ["'; drop table review; --", '\\', '&|!():*', '"', 'a'.repeat(200), '<script>', '🎞️', ':*', 'ñandú & (']) {
      const { status } = await system.ask(`GET /content/search?q=${encodeURIComponent(q)}`)
      expect(status).toBe(200)
    }
    expect((await system.ask(`GET /content/search?q=${'a'.repeat(201)}`)).status).toBe(400)
    expect((await system.ask('GET /content/search?q=%00')).status).toBe(400)
    expect((await system.ask('GET /content/search?q=')).status).toBe(400)
  })
})

describe('a reader with a consistency token', () => {
  test('gets 400 for one that was not given here', async () => {
    expect((await system.ask('GET /content', { headers: { 'consistency-token': 'forged' } })).status).toBe(400)
  })

  test('gets 503 replica-behind, with Retry-After, for a position that this region has not reached in time', async () => {
    const { epoch, seq } = await system.engines.master.head()
    const { sealer } = await import('../../src/kit/seal.ts')
    const ahead = sealer(new Uint8Array(32).fill(1), 'token').seal([epoch, seq + 1000])
    const { status, headers, body } = await system.ask('GET /content', { headers: { 'consistency-token': ahead } })
    expect(status).toBe(503)
    expect(body.code).toBe('replica-behind')
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
