// The port `Content` on PostgreSQL, over a read model that the projector made.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import pg from 'pg'
import type { Change } from '../../src/domain/change.ts'
import { openContent } from '../../src/engines/postgres/content.ts'
import { silentLog } from '../../src/kit/log.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Content, Page, Place, ReviewFilters, ReviewSort } from '../../src/ports/content.ts'
import { question } from '../../src/services/read/question.ts'
import { dependencyOf } from '../dependencies.ts'
import { epoch, firstDocuments, type Library, minute, openLibrary, published, reviews } from '../library.ts'
import { sampleId } from '../samples.ts'

let library: Library
let content: Content

beforeAll(async () => {
  library = await openLibrary()
  content = library.content
})
afterAll(() => library.close())

const cards = (page: { text: string }) =>
  JSON.parse(page.text) as { slug: string; title: string; publishedAt: string; camera: { slug: string } }[]

async function walk(filters: ReviewFilters, sort: ReviewSort, limit: number): Promise<string[]> {
  const slugs: string[] = []
  let after: Place | null = null
  do {
    const page: Page = await content.list({ filters, sort, after, limit })
    slugs.push(...cards(page).map(({ slug }) => slug))
    after = page.next
  } while (after !== null)
  return slugs
}

const find = (q: string, filters: ReviewFilters = {}, limit = 20) => content.search({ question: question(q), filters, from: null, limit })

describe('lists', () => {
  test('show the newest first, whole, with position and heartbeat of the same moment', async () => {
    const page = await content.list({ filters: {}, sort: 'newest', after: null, limit: 3 })
    expect(cards(page).map(({ slug }) => slug)).toEqual(['resena-240', 'resena-239', 'resena-238'])
    expect(cards(page)[0]).toMatchObject({
      id: sampleId('review', 240),
      version: 1,
      title: 'A camera for the street 240',
      image: 'https://images.example.org/240.jpg',
      tags: ['viaje'],
      camera: { id: sampleId('camera', 4), slug: 'fujifilm-x100vi', brand: 'Fujifilm', model: 'X100VI' },
      lens: null,
      editor: { byline: 'Inés Müller 2', slug: 'ines-muller-2' },
      publishedAt: minute(240),
    })
    expect(page.position).toEqual({ epoch, seq: library.seq() })
    expect(Date.parse(page.caughtUpAt ?? '')).toBeGreaterThan(Date.parse(minute(0)))
    expect(page.tags).toContain('reviews')
    expect(page.tags).toContain(`camera:${sampleId('camera', 4)}`)
    expect(page.tags).toContain(`editor:${sampleId('editor', 2)}`)
  })

  test.each([
    ['newest', 7],
    ['oldest', 100],
    ['title', 21],
  ] as const)('by pages, %s: every review once, in order', async (sort, limit) => {
    const slugs = await walk({}, sort, limit)
    expect(new Set(slugs).size).toBe(reviews)
    expect(slugs).toHaveLength(reviews)
    if (sort === 'oldest') expect(slugs).toEqual((await walk({}, 'newest', 50)).reverse())
    if (sort === 'title') expect(slugs[0]).toBe('resena-102') // “A camera for the street 102” comes first as text
  })

  test('by each filter hold what a reader would pick by hand, with the tag of that list', async () => {
    const every = (keep: (n: number) => boolean) =>
      Array.from({ length: reviews }, (_, n) => reviews - 1 - n)
        .filter(keep)
        .map((n) => `resena-${n + 1}`)
    const canon = (n: number) => n % 4 < 2
    const cases: [ReviewFilters, (n: number) => boolean, string][] = [
      [{ brand: 'canon' }, canon, 'reviews:brand:canon'],
      [{ camera: 'nikon-z6-iii' }, (n) => n % 4 === 2, `reviews:camera:${sampleId('camera', 3)}`],
      [{ camera: sampleId('camera', 3) }, (n) => n % 4 === 2, `reviews:camera:${sampleId('camera', 3)}`],
      [{ lens: 'sigma-11-70mm-f2-8' }, (n) => n % 5 === 0, `reviews:lens:${sampleId('lens', 1)}`],
      [{ mount: 'Nikon Z' }, (n) => n % 4 === 2, 'reviews:mount:Nikon Z'],
      [{ editor: 'ines-muller-2' }, (n) => n % 2 === 1, `reviews:editor:${sampleId('editor', 2)}`],
      [{ tag: 'lluvia' }, (n) => n % 10 === 0, 'reviews:tag:lluvia'],
      [{ language: 'pt' }, (n) => n % 3 === 1, 'reviews:language:pt'],
      [{ publishedAfter: minute(11), publishedBefore: minute(21) }, (n) => n >= 10 && n < 20, 'reviews'],
      [{ brand: 'canon', language: 'en', tag: 'lluvia' }, (n) => canon(n) && n % 3 === 2 && n % 10 === 0, 'reviews:tag:lluvia'],
      [{ camera: 'canon-eos-r1', tag: 'lluvia' }, (n) => n % 4 === 0 && n % 10 === 0, `reviews:camera:${sampleId('camera', 1)}`],
    ]
    for (const [filters, keep, tag] of cases) {
      expect(await walk(filters, 'newest', 20)).toEqual(every(keep))
      expect((await content.list({ filters, sort: 'newest', after: null, limit: 5 })).tags).toContain(tag)
    }
  })

  test('of what does not exist are empty, and tagged so that its coming is noticed', async () => {
    for (const filters of [
      { brand: 'zeiss' },
      { camera: 'no-such-camera' },
      { camera: sampleId('camera', 99) },
      { tag: 'x' },
      { editor: 'nobody' },
    ]) {
      const page = await content.list({ filters, sort: 'newest', after: null, limit: 20 })
      expect(page.text).toBe('[]')
      expect(page.next).toBeNull()
    }
    const page = await content.list({ filters: { camera: 'no-such-camera' }, sort: 'newest', after: null, limit: 20 })
    expect(page.tags).toContain('slug:no-such-camera')
  })
})

describe('a review by slug', () => {
  test('is whole', async () => {
    const found = await content.review('resena-1')
    if (found.found !== 'here') throw new Error('not found')
    expect(JSON.parse(found.text)).toMatchObject({
      slug: 'resena-1',
      body: 'El enfoque persigue colibríes sin perderlos.',
      pros: ['Peso', 'Enfoque'],
      cons: ['Pantalla fija'],
      lens: { slug: 'sigma-11-70mm-f2-8', brand: 'Sigma' },
    })
    expect(found.version).toBe(1)
    expect(found.tags).toEqual(expect.arrayContaining(['slug:resena-1', `review:${sampleId('review', 1)}`, `lens:${sampleId('lens', 1)}`]))
  })

  test('leads on from a former slug, and ends where there never was one', async () => {
    expect(await content.review('antes-se-llamaba-asi')).toMatchObject({ found: 'moved', slug: 'resena-8' })
    const nowhere = await content.review('no-such-review')
    expect(nowhere).toMatchObject({ found: 'nowhere', tags: ['slug:no-such-review'] })
  })
})

describe('search', () => {
  test('finds words without their accents, in the languages they were written in', async () => {
    for (const q of ['camara bolsillo', 'cámara bolsillo', 'CÁMARAS bolsillos']) {
      const page = await find(q)
      expect([q, page.total, page.exact]).toEqual([q, 80, true])
      expect(cards(page).every(({ title }) => title.startsWith('Cámara'))).toBe(true)
    }
    expect((await find('câmeras', { language: 'pt' })).total).toBe(80)
    expect((await find('camera street', { language: 'pt' })).total).toBe(0)
  })

  test('takes phrases, alternatives and exclusions', async () => {
    expect((await find('"camera for the street"', { language: 'en' })).total).toBe(80)
    expect((await find('"street camera"', { language: 'en' })).total).toBe(0)
    expect((await find('bolsillo or street')).total).toBe(160)
    expect((await find('nikon -street')).total).toBe(40)
    expect((await find('-viaje -canon -cámara -câmera -camera')).total).toBe(0)
    expect((await find('colibríes -bolsillo')).total).toBe(4)
  })

  test('finds the last word by its beginning only', async () => {
    expect((await find('bolsi')).total).toBe(80)
    expect((await find('nik')).total).toBe(60)
    expect((await find('bolsi camara')).total).toBe(0)
    expect((await find('bolsi ')).total).toBe(0)
  })

  test('shows where it was found, as pieces that need no markup', async () => {
    const page = await find('colibries')
    const [first] = JSON.parse(page.text) as { highlights: { title: object[]; text: { text: string; hit: boolean }[] } }[]
    expect(first?.highlights.text.filter(({ hit }) => hit).map(({ text }) => text)).toEqual(['colibríes'])
    expect(first?.highlights.text.map(({ text }) => text).join('')).toContain('El enfoque persigue colibríes sin perderlos')
    expect((await find('bolsillo')).text).toContain('{"text":"bolsillo","hit":true}')
  })

  test('shows the place also deep in a long text, and past words that only begin alike', async () => {
    const filler = 'Una tarde larga con luz pareja y poca gente. '.repeat(100)
    const of = (n: number, body: string, language: 'es' | 'en') =>
      published(n, { slug: `deep-${n}`, body, language, publishedAt: minute(-500) })
    // `valor` begins like the stem of `vale`; `berries` and `berry` have one stem, which is no beginning of the second.
    await library.publish([
      of(501, `El valor cuenta. ${filler}Zurita vale lo que cuesta. ${filler}`, 'es'),
      of(502, `${filler}The quokka eats a berry at dusk. ${filler}`, 'en'),
    ])
    const hits = async (q: string) => {
      const [first] = JSON.parse((await find(q)).text) as { highlights: { text: { text: string; hit: boolean }[] } }[]
      return first?.highlights.text.filter(({ hit }) => hit).map(({ text }) => text)
    }
    expect(await hits('zurita')).toEqual(['Zurita'])
    expect(await hits('vale -bolsillo -compra')).toContain('vale')
    expect(await hits('quokka berries')).toEqual(['quokka', 'berry'])
    expect(await hits('berries')).toEqual(['berry'])
    await library.publish([501, 502].map((n) => published(n, { slug: `deep-${n}`, status: 'withdrawn' })))
  })

  test('ranks a title over a body', async () => {
    await library.publish([published(500, { title: 'Colibríes', slug: 'colibries', publishedAt: minute(-500) })])
    expect(cards(await find('colibries'))[0]?.slug).toBe('colibries')
    await library.publish([published(500, { title: 'Colibríes', slug: 'colibries', status: 'withdrawn' })])
    expect(cards(await find('colibries'))[0]?.slug).not.toBe('colibries')
  })

  test('counts by dimension what it found, and keeps to the filters', async () => {
    const page = await find('street', { brand: 'nikon' })
    expect(JSON.parse(page.facetsText)).toMatchObject({
      brand: [{ value: 'nikon', label: 'Nikon', reviews: 20 }],
      camera: [{ value: 'nikon-z6-iii', label: 'Nikon Z6 III', reviews: 20 }],
      language: [{ value: 'en', label: 'en', reviews: 20 }],
      mount: [{ value: 'Nikon Z', reviews: 20 }],
    })
    expect((await find('street', { camera: 'nikon-z6-iii', tag: 'lluvia' })).total).toBe(4)
    expect((await find('street', { tag: 'lluvia' })).total).toBe(8)
  })

  test('pages through a window that later publications do not move', async () => {
    const first = await find('street', {}, 30)
    await library.publish([published(600, { title: 'A street that came later', language: 'en' })])
    const seen = cards(first).map(({ slug }) => slug)
    let { next } = first
    while (next !== null) {
      const page = await content.search({ question: question('street'), filters: {}, from: next, limit: 30 })
      seen.push(...cards(page).map(({ slug }) => slug))
      next = page.next
    }
    expect(seen).toHaveLength(80)
    expect(new Set(seen).size).toBe(80)
    expect(seen).not.toContain('resena-600')
    await library.publish([['review', sampleId('review', 600), null]])
  })

  test('survives whatever is asked', async () => {
    const odd = [
      '',
      '"',
      '- or -"',
      "'; drop table review; --",
      ':*',
      '\\',
      '!!&|',
      '🦜',
      'a'.repeat(200),
      'or '.repeat(66),
      '-'.repeat(200),
      '-"a"'.repeat(50),
      '%_%',
      '<->',
      '"" or ""',
    ]
    for (const q of odd) expect([q, (await find(q)).total]).toEqual([q, 0])
    const many = Array.from({ length: 60 }, (_, n) => 'xyz'.charAt(n % 3) + n)
      .join(' or ')
      .slice(0, 200)
    expect((await find(many)).total).toBe(0)
  })
})

describe('help with words', () => {
  test('knows what a misspelt word may have been', async () => {
    const likely = async (word: string) => (await content.likely([word], null)).map(({ word }) => word)
    expect(await likely('colibrees')).toContain('colibríes')
    expect(await likely('nikno')).toContain('nikon')
    expect(await likely('nikon')).toEqual([])
  })

  test('suggests cameras, lenses, titles and words by their beginning', async () => {
    const suggest = async (beginning: string) =>
      JSON.parse((await content.suggest(beginning, 10)).text) as { kind: string; text: string; slug: string | null }[]
    expect(await suggest('nik')).toEqual([
      { kind: 'camera', text: 'Nikon Z6 III', slug: 'nikon-z6-iii' },
      { kind: 'word', text: 'nikon', slug: null },
    ])
    expect((await suggest('CAMA')).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['review', 'word']))
    expect((await suggest('z6'))[0]?.slug).toBe('nikon-z6-iii')
    expect(await suggest('%')).toEqual([])
    expect((await suggest('c')).length).toBeLessThanOrEqual(10)
  })
})

describe('facets', () => {
  test('count all reviews, or those that pass', async () => {
    const all = await content.facets({})
    expect(all).toMatchObject({ counted: reviews, complete: true })
    expect(JSON.parse(all.text)).toMatchObject({
      brand: [
        { value: 'canon', label: 'Canon', reviews: 120 },
        { value: 'fujifilm', label: 'Fujifilm', reviews: 60 },
        { value: 'nikon', label: 'Nikon', reviews: 60 },
      ],
      editor: [{ value: 'ines-muller-1', label: 'Inés Müller 1', reviews: 120 }, { reviews: 120 }],
    })
    const some = await content.facets({ tag: 'lluvia', language: 'es' })
    expect(some).toMatchObject({ counted: 8, complete: true })
    expect(JSON.parse(some.text)).toMatchObject({ language: [{ value: 'es', reviews: 8 }] })
    expect((await content.facets({ camera: 'no-such-camera' })).counted).toBe(0)
  })
})

describe('cameras and lenses', () => {
  test('come by slug or id, as documents', async () => {
    const bySlug = await content.item('camera', 'nikon-z6-iii')
    const byId = await content.item('camera', sampleId('camera', 3))
    if (!bySlug.found || !byId.found) throw new Error('not found')
    expect(bySlug.text).toBe(byId.text)
    expect(JSON.parse(byId.text)).toMatchObject({ brand: 'Nikon', mount: 'Nikon Z', version: 1 })
    expect((await content.item('lens', 'sigma-11-70mm-f2-8')).found).toBe(true)
    expect((await content.item('lens', 'nikon-z6-iii')).found).toBe(false)
  })

  test('are listed by slug, in pages, by brand, mount and type', async () => {
    const list = async (filters = {}, after: string | null = null, limit = 20) => {
      const { text, next } = await content.catalogue('camera', { filters, after, limit })
      return [(JSON.parse(text) as { slug: string }[]).map(({ slug }) => slug), next] as const
    }
    expect(await list({}, null, 2)).toEqual([['canon-eos-r1', 'canon-eos-r2'], 'canon-eos-r2'])
    expect(await list({}, 'canon-eos-r2', 2)).toEqual([['fujifilm-x100vi', 'nikon-z6-iii'], null])
    expect(await list({ brand: 'canon' })).toEqual([['canon-eos-r1', 'canon-eos-r2'], null])
    expect(await list({ mount: 'Nikon Z', type: 'mirrorless' })).toEqual([['nikon-z6-iii'], null])
    expect(await list({ type: 'compact' })).toEqual([['fujifilm-x100vi'], null])
  })

  test('are compared in the order asked, with what their reviews say', async () => {
    const keys = ['nikon-z6-iii', sampleId('camera', 1), 'nope']
    const { items, tags } = await content.compare('cameras', keys)
    expect(items.map((item) => item?.camera.slug)).toEqual(['nikon-z6-iii', 'canon-eos-r1', undefined])
    expect(tags).toContain('slug:nope')
    const byReview = await content.compare('reviews', ['resena-3', 'resena-1'])
    expect(byReview.items.map((item) => [item?.camera.slug, item?.review?.slug, item?.review?.pros])).toEqual([
      ['nikon-z6-iii', 'resena-3', ['Peso', 'Enfoque']],
      ['canon-eos-r1', 'resena-1', ['Peso', 'Enfoque']],
    ])
  })
})

describe('following', () => {
  test('the tail tells each visible change with its tags, and the position without one', async () => {
    const at = library.seq()
    const before = await content.tail(null)
    expect(before).toMatchObject({ position: { epoch, seq: at }, upTo: at, changes: [], gap: false, build: library.schema })
    await library.publish([published(700)])
    await library.publish([published(701, { status: 'draft' })])
    const tail = await content.tail(at)
    expect(tail.changes.map(({ seq, act }) => [seq, act])).toEqual([[at + 1, 'published']])
    expect(tail.changes[0]?.tags).toContain('reviews')
    expect(tail).toMatchObject({ upTo: at + 2, gap: false })
    await library.publish([['review', sampleId('review', 700), null]])
    expect((await content.tail(at + 2)).changes.map(({ act }) => act)).toEqual(['deleted'])
    expect((await content.applied()).position.seq).toBe(library.seq())
  })

  test('another build is read as soon as it is live, also when the old one is gone at once', async () => {
    const next = await library.projection.create('2027')
    const [first] = firstDocuments()
    if (first === undefined) throw new Error('no document')
    await library.projection.apply(
      next.schema,
      [{ seq: 1, at: minute(1), by: null, kind: first[0], id: first[1], version: 1, document: first[2] } as Change],
      null,
    )
    await library.projection.switch(next.schema)
    const client = new pg.Client(library.url)
    await client.connect()
    await client.query(`drop schema "${library.schema}" cascade`)
    await client.end()
    const page = await content.catalogue('camera', { filters: {}, after: null, limit: 9 })
    expect(JSON.parse(page.text)).toHaveLength(1)
    expect(page.position).toEqual({ epoch: '2027', seq: 1 })
    expect((await content.tail(5)).build).toBe(next.schema)
  })

  test('a version without a build says so', async () => {
    const other = openContent({ url: library.url, log: silentLog, dependency: dependencyOf('database'), fingerprint: 'ffffffff' })
    const refused = await other.review('resena-1').catch((error) => error)
    expect(refused).toBeInstanceOf(Refusal)
    expect(refused).toMatchObject({ reason: 'unavailable', code: 'not-built' })
    await other.close()
  })
})
