// What readers get over REST, through the cache, from a real PostgreSQL.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { type Library, minute, openLibrary, published } from '../../../tests/library.ts'
import { sampleId } from '../../../tests/samples.ts'
import { systemClock } from '../../kit/clock.ts'
import { silentLog } from '../../kit/log.ts'
import { openMetrics } from '../../kit/metric.ts'
import { sealer } from '../../kit/seal.ts'
import { rest } from '../../protocols/rest.ts'
import { openRead, type Read } from './read.ts'

const secret = new Uint8Array(32).fill(3)
const stop = new AbortController()
let library: Library
let read: Read
let running: Promise<void>
let ask: (path: string, headers?: Record<string, string>) => Promise<Response>

beforeAll(async () => {
  library = await openLibrary()
  const around = { clock: systemClock, log: silentLog, metrics: openMetrics({ ofProcess: false }) }
  let ids = 0
  const newRequestId = () => `request-${++ids}`
  const tokenSeal = sealer(secret, 'token')
  read = openRead({
    content: library.content,
    cursorSeal: sealer(secret, 'cursor'),
    tokenSeal,

    cacheBytes: 10_000_000,
    newRequestId,
    ...around,
  })
  const api = rest({
    operations: read.operations,
    authenticate: () => Promise.reject(new Error('nobody signs in here')),
    tokenSeal,
    secret,

    newRequestId,
    origins: [],
    deadlineMs: 5000,
    ...around,
  })
  const edge = read.edge(api)
  ask = async (path, headers = {}) => edge(new Request(`http://rcr.example${path}`, { headers }), { address: '192.0.2.1' })
  running = read.run(stop.signal)
})
afterAll(async () => {
  stop.abort()
  await running
  await library.close()
})

const outputs = (name: string): z.ZodType => read.operations.find((operation) => operation.name === name)?.output ?? z.never()

async function body<T = Record<string, never>>(path: string, status = 200): Promise<T> {
  const response = await ask(path)
  const text = await response.text()
  if (response.status !== status) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}

interface PageBody {
  data: { slug: string; title: string; publishedAt: string }[]
  metadata: { limit: number; nextCursor: string | null; total: number; totalIs: string; window: number; correctedQuery: string | null }
  links: { self: string; next: string | null }
}

describe('every operation', () => {
  test('answers exactly what it declares', async () => {
    const asked: [string, string][] = [
      ['listContent', '/api/v1/content'],
      ['listContent', '/content?brand=Canon&language=es&tag=VIAJE&sort=title&limit=100'],
      ['listContent', '/content?tag=%E6%97%A5%E6%9C%AC'],
      ['listProducts', '/products?category=%EF%BB%BF'],
      ['listContent', '/content?camera=no-such-camera'],
      ['readContent', '/content/resena-1'],
      ['readContent', '/content/resena-2'],
      ['searchContent', '/content/search?q=c%C3%A1mara'],
      ['searchContent', '/content/search?q=zzz'],
      ['suggestContent', '/content/suggest?q=ca'],
      ['listFacets', '/content/facets'],
      ['listFacets', '/content/facets?brand=nikon'],
      ['compareContent', '/content/compare?cameras=nikon-z6-iii,canon-eos-r1'],
      ['compareContent', '/content/compare?reviews=resena-1,resena-4,resena-7'],
      ['listCameras', '/cameras?type=mirrorless'],
      ['readCamera', '/cameras/nikon-z6-iii'],
      ['readCamera', `/cameras/${sampleId('camera', 1)}`],
      ['listLenses', '/lenses'],
      ['readLens', '/lenses/sigma-11-70mm-f2-8'],
      ['listProducts', '/products?sort=name&order=desc&priceMin=1'],
      ['readProduct', '/products/a-camera'],
      ['listCategories', '/categories'],
      ['readCategory', '/categories/cameras'],
      ['listCategoryProducts', '/categories/cameras/products'],
    ]
    for (const [name, path] of asked) {
      const response = await ask(path)
      const parsed = outputs(name).safeParse(await response.json())
      expect([path, response.status, parsed.error?.issues ?? []]).toEqual([path, 200, []])
      for (const header of ['etag', 'consistency-token', 'cache-control', 'cache-tag', 'x-request-id', 'x-content-type-options'])
        expect([path, header, response.headers.get(header)]).not.toEqual([path, header, null])
    }
    expect(new Set(asked.map(([name]) => name))).toEqual(new Set(read.operations.map(({ name }) => name)))
  })

  test('names every fault of its parameters', async () => {
    const faults: [string, string[]][] = [
      ['/content?limit=0', ['?limit']],
      ['/content?limit=101&sort=best', ['?limit', '?sort']],
      ['/content?colour=red', ['?colour']],
      ['/content?cursor=abc', ['?cursor']],
      ['/content?publishedAfter=yesterday', ['?publishedAfter']],
      ['/content?language=de', ['?language']],
      ['/content/search', ['?q']],
      [`/content/search?q=${'x'.repeat(201)}`, ['?q']],
      ['/content/compare?cameras=canon-eos-r1', ['?cameras']],
      ['/content/compare?cameras=a,a', ['?cameras']],
      ['/content/compare?cameras=a,b,c,d,e,f,g', ['?cameras']],
      ['/content/compare', ['?cameras']],
      ['/content/compare?cameras=a,b&reviews=c,d', ['?cameras']],
    ]
    for (const [path, pointers] of faults) {
      const { errors = [] } = await body<{ errors: { pointer: string }[] }>(path, 400)
      expect([path, [...new Set(errors.map(({ pointer }) => pointer))].sort()]).toEqual([path, pointers])
    }
  })
})

describe('pages', () => {
  test('follow their links to the end', async () => {
    const slugs: string[] = []
    let path: string | null = '?brand=canon&limit=50'
    while (path !== null) {
      const page: PageBody = await body(`/content${path}`)
      slugs.push(...page.data.map(({ slug }) => slug))
      path = page.links.next
    }
    expect(slugs).toHaveLength(120)
    expect(new Set(slugs).size).toBe(120)
  })

  test('refuse a cursor of another question, allow another size', async () => {
    const { metadata } = await body<PageBody>('/content?brand=canon&limit=5')
    const cursor = `cursor=${metadata.nextCursor}`
    for (const other of [
      '/content?',
      '/content?brand=nikon&',
      '/content?brand=canon&sort=oldest&',
      '/content/search?q=x&',
      '/cameras?brand=canon&',
    ])
      await body(`${other}${cursor}`, 400)
    expect((await body<PageBody>(`/content?brand=canon&limit=7&${cursor}`)).data).toHaveLength(7)
  })

  test('of a search stay within its window', async () => {
    const first = await body<PageBody>('/content/search?q=camera&language=en&limit=30')
    expect(first.metadata).toMatchObject({ total: 80, totalIs: 'exact', window: 80, correctedQuery: null })
    const second = await body<PageBody>(`/content/search${first.links.next}`)
    const third = await body<PageBody>(`/content/search${second.links.next}`)
    expect(third.links.next).toBeNull()
    expect(new Set([first, second, third].flatMap(({ data }) => data.map(({ slug }) => slug))).size).toBe(80)
  })
})

describe('search', () => {
  test('corrects a slip where hardly anything was found, and goes on with it on the next page', async () => {
    const page = await body<PageBody>('/content/search?q=colibrees')
    expect(page.metadata.correctedQuery).toBe('colibríes')
    expect(page.metadata.total).toBe(6)
    const first = await body<PageBody>('/content/search?q=nikno%20sensor%20-bolsillo&limit=1')
    expect(first.metadata.correctedQuery).toBe('nikon sensor -bolsillo')
    const next = await body<PageBody>(`/content/search?q=bolsilo&limit=2`)
    expect((await body<PageBody>(`/content/search${next.links.next}`)).data).toHaveLength(2)
    expect((await body<PageBody>('/content/search?q=xqzwkv')).metadata.correctedQuery).toBeNull()
  })

  test('answers two hundred odd characters in no time', async () => {
    const odd = [
      'a '.repeat(100),
      Array.from({ length: 50 }, (_, n) => `ca${n}`)
        .join(' ')
        .slice(0, 200),
      '"'.repeat(200),
      '-'.repeat(200),
      'or '.repeat(66),
      'ñ'.repeat(200),
      '%'.repeat(200),
      'cámara '.repeat(28),
      '🦜'.repeat(100),
    ]
    for (const q of odd) {
      const startedMs = performance.now()
      const { status } = await ask(`/content/search?q=${encodeURIComponent(q)}`)
      expect([q, status === 200 || status === 400]).toEqual([q, true])
      expect(performance.now() - startedMs).toBeLessThan(300)
    }
  })
})

describe('compare', () => {
  test('reads like a guide', async () => {
    const { subjects, groups } = await body<{ subjects: { name: string }[]; groups: { rows: { key: string; why: string }[] }[] }>(
      '/content/compare?cameras=canon-eos-r2,nikon-z6-iii',
    )
    expect(subjects.map(({ name }) => name)).toEqual(['Canon EOS R2', 'Nikon Z6 III'])
    const rows = groups.flatMap(({ rows }) => rows)
    expect(rows.find(({ key }) => key === 'weightGrams')?.why).toBe('Canon EOS R2 weighs least: 650 g against 738 g (Nikon Z6 III).')
    expect(rows.find(({ key }) => key === 'megapixels')?.why).toBe('Nikon Z6 III resolves most: 45 MP against 24.2 MP (Canon EOS R2).')
  })

  test('names who is unknown', async () => {
    const problem = await body<{ detail: string; code: string }>('/content/compare?cameras=canon-eos-r2,nope', 404)
    expect(problem).toMatchObject({ code: 'missing-subject', detail: 'There is no such camera: nope.' })
  })
})

describe('addresses', () => {
  test('a former slug leads on', async () => {
    const moved = await ask('/api/v1/content/antes-se-llamaba-asi')
    expect([moved.status, moved.headers.get('location')]).toEqual([301, '/api/v1/content/resena-8'])
  })

  test('one that leads nowhere says so, and works from the moment on that somebody has it', async () => {
    expect((await ask('/content/soon')).status).toBe(404)
    expect((await ask('/content/soon')).status).toBe(404)
    const token = await tokenOf([published(900, { slug: 'soon', publishedAt: minute(900) })])
    await seenBy(token)
    expect((await ask('/content/soon')).status).toBe(200)
  })
})

/** Publishes, and gives what the writer would have been given. */
async function tokenOf(documents: Parameters<Library['publish']>[0]): Promise<string> {
  const seq = await library.publish(documents)
  const { position } = await library.content.applied()
  return sealer(secret, 'token').seal([position.epoch, seq])
}

/** The tail has come as far. */
async function seenBy(token: string): Promise<void> {
  const opened = sealer(secret, 'token').open(token) as [string, number]
  while ((read.status().position?.seq ?? 0) < opened[1]) await new Promise((resolve) => setImmediate(resolve))
}

describe('freshness', () => {
  test('a reader with a token sees the change at once, others as soon as the tail does', async () => {
    await ask('/content/resena-9')
    const token = await tokenOf([published(9, { title: 'Cambiada', slug: 'resena-9' })])
    const response = await ask('/content/resena-9', { 'consistency-token': token })
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect((await response.json()) as object).toMatchObject({ title: 'Cambiada', version: 2 })
    await seenBy(token)
    expect(await body('/content/resena-9')).toMatchObject({ title: 'Cambiada' })
  })

  test('a token from ahead waits, then says that this region is behind', async () => {
    const { position } = await library.content.applied()
    const ahead = sealer(secret, 'token').seal([position.epoch, position.seq + 1])
    const waiting = ask('/content/resena-10', { 'consistency-token': ahead })
    await library.publish([published(10, { title: 'Justo a tiempo' })])
    expect((await (await waiting).json()) as object).toMatchObject({ title: 'Justo a tiempo' })
    const far = sealer(secret, 'token').seal([position.epoch, position.seq + 100])
    const late = await ask('/content/resena-10', { 'consistency-token': far })
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await late.json()) as object).toMatchObject({ code: 'replica-behind' })
    expect((await ask('/content/resena-10', { 'consistency-token': 'forged' })).status).toBe(400)
  })

  test('what is withdrawn is out of every list, search and page that had it', async () => {
    const paths = ['/content?limit=5', '/content/search?q=viaje', '/content/facets', '/content/resena-240']
    for (const path of paths) await ask(path)
    const token = await tokenOf([published(240, { status: 'withdrawn' })])
    await seenBy(token)
    expect((await ask('/content/resena-240')).status).toBe(404)
    for (const path of paths.slice(0, 3))
      expect([path, await (await ask(path)).text()]).not.toEqual([path, expect.stringContaining('resena-240')])
  })

  test('a camera that gets another name has it in every list', async () => {
    await ask('/content?brand=nikon')
    const document = JSON.parse(await (await ask('/cameras/nikon-z6-iii')).text())
    const token = await tokenOf([['camera', document.id, { ...document, model: 'Z6 III Mark II' }]])
    await seenBy(token)
    expect(await (await ask('/content?brand=nikon')).text()).toContain('Z6 III Mark II')
    expect(await (await ask('/cameras/nikon-z6-iii')).text()).toContain('Z6 III Mark II')
  })
})
