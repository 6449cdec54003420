// The main story: an editor publishes, every reader finds it; versions guard it; a withdrawal removes it everywhere.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let editor: User
let review: { id: string; slug: string; version: number }
let token: string

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

const etag = (version: number) => ({ 'if-match': `"${version}"` })
const camera = async (slug: string) => (await system.ask(`GET /cameras/${slug}`)).body

describe('an editor publishes, and every reader finds it', () => {
  test('POST /reviews answers the review, its address and a token', async () => {
    const { id: cameraId } = await camera('canon-eos-r5')
    const made = await editor.ask('POST /reviews', {
      body: {
        title: 'Más allá de la nitidez: retratos en la montaña',
        summary: 'Una semana a 4.000 metros.',
        body: 'El **autoenfoque** no perdió un solo ojo, ni con pestañas heladas. La fotografía nocturna queda para otro día.',
        language: 'es',
        tags: ['Retrato', 'montaña'],
        cameraId,
        status: 'published',
      },
    })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`/reviews/${made.body.id}`)
    expect(made.headers.get('etag')).toBe('"1"')
    expect(made.body).toMatchObject({
      status: 'published',
      slug: 'mas-alla-de-la-nitidez-retratos-en-la-montana',
      tags: ['retrato', 'montaña'],
    })
    review = made.body
    token = made.headers.get('consistency-token') ?? ''
  })

  test('GET /content with the token shows it at once, first', async () => {
    const list = await system.ask('GET /content', { headers: { 'consistency-token': token } })
    expect(list.status).toBe(200)
    expect(list.body.data[0]).toMatchObject({ slug: review.slug, camera: { slug: 'canon-eos-r5' } })
    expect(list.headers.get('cache-control')).toBe('private, no-store')
  })

  test('its own address shows the whole of it, and the tag of the version that is shown', async () => {
    const { status, body, headers } = await system.ask(`GET /content/${review.slug}`)
    expect(status).toBe(200)
    expect(body.body).toContain('autoenfoque')
    expect(headers.get('etag')).toMatch(/^"1\./)
    const again = await system.ask(`GET /content/${review.slug}`, { headers: { 'if-none-match': headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  test('search finds it without accents, and with a slip of the pen', async () => {
    const found = async (q: string) => (await system.ask(`GET /content/search?q=${encodeURIComponent(q)}`)).body
    const slugs = (body: { data: { slug: string }[] }) => body.data.map(({ slug }) => slug)
    expect(slugs(await found('montana'))).toContain(review.slug)
    expect(slugs(await found('montaña'))).toContain(review.slug)
    const slip = await found('autoenfque')
    expect(slugs(slip)).toContain(review.slug)
    expect(slip.metadata.correctedQuery).toBe('autoenfoque')
  })

  test('compare lines three cameras up, with units, differences and what is best', async () => {
    const { status, body } = await system.ask('GET /content/compare?cameras=canon-eos-r5,sony-a7-iv,nikon-z8')
    expect(status).toBe(200)
    const text = JSON.stringify(body)
    expect(text).toContain('megapixels')
    expect(text).toContain('"unit"')
  })
})

describe('nobody overwrites anybody', () => {
  test('PATCH without If-Match is 428, with a stale one 412 that names the version', async () => {
    const patch = { body: { verdict: 'Para llevarla siempre.' } }
    expect((await editor.ask(`PATCH /reviews/${review.id}`, patch)).status).toBe(428)
    const revised = await editor.ask(`PATCH /reviews/${review.id}`, { ...patch, headers: etag(1) })
    expect(revised.status).toBe(200)
    expect(revised.body).toMatchObject({ version: 2, verdict: 'Para llevarla siempre.' })
    const stale = await editor.ask(`PATCH /reviews/${review.id}`, { body: { verdict: 'x' }, headers: etag(1) })
    expect(stale.status).toBe(412)
    expect(stale.body).toMatchObject({ currentVersion: 2 })
    expect(stale.headers.get('etag')).toBe('"2"')
  })

  test('the tag that a reader got is good for If-Match, too', async () => {
    await system.settled()
    const shown = await system.ask(`GET /content/${review.slug}`)
    const revised = await editor.ask(`PATCH /reviews/${review.id}`, {
      body: { pros: ['Autoenfoque'] },
      headers: { 'if-match': shown.headers.get('etag') ?? '' },
    })
    expect(revised.status).toBe(200)
  })

  test('another editor may not change it', async () => {
    const other = await system.signIn('second.editor@example.com')
    expect((await other.ask(`PATCH /reviews/${review.id}`, { body: { verdict: 'x' }, headers: { 'if-match': '*' } })).status).toBe(403)
  })

  test('a repeat with the same key gives the first answer; another body under it is 422', async () => {
    const { id: cameraId } = await camera('sony-a7-iv')
    const body = { title: 'Once only', body: 'Text.', language: 'en', cameraId }
    const key = { 'idempotency-key': 'flow-once-1' }
    const first = await editor.ask('POST /reviews', { body, headers: key })
    const again = await editor.ask('POST /reviews', { body, headers: key })
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect((await editor.ask('POST /reviews', { body: { ...body, title: 'Other' }, headers: key })).status).toBe(422)
  })
})

describe('a withdrawn review', () => {
  test('is gone from every read path', async () => {
    const { body: now } = await editor.ask(`GET /reviews/${review.id}`)
    const withdrawn = await editor.ask(`POST /reviews/${review.id}/withdraw`, { headers: etag(now.version) })
    expect(withdrawn.status).toBe(200)
    await system.settled()
    const { id: cameraId } = await camera('canon-eos-r5')
    const paths = [
      '/content?limit=100',
      `/content?camera=${cameraId}`,
      '/content?camera=canon-eos-r5',
      '/content?tag=retrato',
      '/content?language=es&sort=title',
      '/content?mount=Canon%20RF&sort=oldest',
      '/content/search?q=nitidez%20retratos',
      '/content/search?q=monta%C3%B1a',
      '/content/suggest?q=m%C3%A1s%20all%C3%A1',
      '/content/facets',
    ]
    for (const path of paths) {
      const { status, body } = await system.ask(`GET ${path}`)
      expect(status).toBe(200)
      expect(JSON.stringify(body)).not.toContain(review.slug)
      expect(JSON.stringify(body)).not.toContain('4.000 metros')
    }
    expect((await system.ask(`GET /content/${review.slug}`)).status).toBe(404)
    expect((await system.ask(`GET /content/compare?reviews=${review.slug},${review.id}`)).status).toBe(404)
  })

  test('is still there for its author, and comes back when published again', async () => {
    const { body } = await editor.ask(`GET /reviews/${review.id}`)
    expect(body.status).toBe('withdrawn')
    const back = await editor.ask(`POST /reviews/${review.id}/publish`, { headers: etag(body.version) })
    expect(back.body.publishedAt).toBe(body.publishedAt)
    const shown = await system.ask(`GET /content/${review.slug}`, {
      headers: { 'consistency-token': back.headers.get('consistency-token') ?? '' },
    })
    expect(shown.status).toBe(200)
  })
})

test('drafts are nowhere but with their author', async () => {
  const { id: cameraId } = await camera('nikon-z8')
  const draft = await editor.ask('POST /reviews', {
    body: { title: 'Secreto inconfundible zyxwv', body: 'zyxwv', language: 'es', cameraId },
  })
  expect(draft.body.status).toBe('draft')
  await system.settled()
  expect((await system.ask(`GET /content/${draft.body.slug}`)).status).toBe(404)
  expect((await system.ask('GET /content/search?q=zyxwv')).body.data).toEqual([])
  const other = await system.signIn('second.editor@example.com')
  expect((await other.ask(`GET /reviews/${draft.body.id}`)).status).toBe(404)
})

test('no log line of all this holds a password, a token or an address', () => {
  const log = system.logLines.join('')
  expect(log).toContain('"operation":"createReview"')
  for (const secret of ['first-light-2026', editor.accessToken, editor.refreshToken, 'editor@example.com'])
    expect(log).not.toContain(secret)
})
