// What the RFCs of HTTP ask of every answer, on the whole system: 9110, 9457, 6750, 5789, 8288, and CORS.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let editor: User
let admin: User

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
  admin = await system.signIn('admin@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

async function draft(): Promise<{ at: string; etag: string }> {
  const { body: cameras } = await system.ask('GET /cameras?limit=1')
  const body = { title: 'Rules', body: 'Text.', language: 'en', cameraId: cameras.data[0].id }
  const { headers } = await editor.ask('POST /reviews', { body })
  return { at: headers.get('location') ?? '', etag: headers.get('etag') ?? '' }
}

describe('a problem', () => {
  test('keeps its own status whatever facts come with it', async () => {
    const { at } = await draft()
    const { status, body } = await editor.ask(`POST ${at}/withdraw`, { headers: { 'if-match': '*' } })
    expect([status, body.status, body.code, body.reviewStatus]).toEqual([409, 409, 'wrong-status', 'draft'])
  })

  test('401 names the scheme, and the error to those who sent a token (RFC 6750)', async () => {
    expect((await system.ask('GET /users/me')).headers.get('www-authenticate')).toBe('Bearer')
    const headers = { authorization: 'Bearer forged' }
    for (const path of ['/users/me', '/content'])
      expect((await system.ask(`GET ${path}`, { headers })).headers.get('www-authenticate')).toMatch(
        /^Bearer error="invalid_token", error_description="[^"\\]+"$/,
      )
  })

  test('405 says what is allowed, on the pages for people and on the operators’ port too', async () => {
    const allow = async (what: string) => {
      const { status, headers } = await system.ask(what)
      expect(status).toBe(405)
      return headers.get('allow')
    }
    expect(await allow('DELETE /content')).toBe('OPTIONS, GET, HEAD')
    expect(await allow('PUT /docs')).toBe('GET, HEAD, OPTIONS')
    expect(await allow('POST /')).toBe('GET, HEAD, OPTIONS')
    const ops = await system.doors.ops(new Request('http://localhost/healthz', { method: 'POST' }))
    expect([ops.status, ops.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('415 says what is taken; OPTIONS and 415 of PATCH say which patches (RFC 5789)', async () => {
    const { at } = await draft()
    const headers = { 'content-type': 'text/plain', 'if-match': '*' }
    const refused = await editor.ask(`PATCH ${at}`, { body: 'x', headers })
    expect([refused.status, refused.headers.get('accept-patch')]).toEqual([415, 'application/json, application/merge-patch+json'])
    expect((await system.ask(`OPTIONS ${at}`)).headers.get('accept-patch')).toBe('application/json, application/merge-patch+json')
    const posted = await editor.ask('POST /reviews', { body: 'x', headers })
    expect([posted.status, posted.headers.get('accept'), posted.headers.get('accept-patch')]).toEqual([415, 'application/json', null])
  })
})

describe('a condition', () => {
  test('that names no version of ours does not hold: 412, with the version that stands', async () => {
    const { at, etag } = await draft()
    const change = (ifMatch: string) => editor.ask(`PATCH ${at}`, { body: { title: 'Changed' }, headers: { 'if-match': ifMatch } })
    for (const tag of ['"of-somebody-else"', `W/${etag}`, '"0"', '"1x", "a,b"', '""']) {
      const { status, headers, body } = await change(tag)
      expect([tag, status, headers.get('etag'), body.currentVersion]).toEqual([tag, 412, etag, 1])
    }
    for (const malformed of ['1', '"1', 'W/1', '"1" "2"', '*, "1"', ','])
      expect([malformed, (await change(malformed)).status]).toEqual([malformed, 400])
    expect((await change(`"9", ${etag}`)).status).toBe(200)
  })

  test('answers 304 to GET and HEAD alike, with the headers that caches need', async () => {
    for (const path of ['/content?limit=2', '/openapi.json', '/docs/swagger-ui.css']) {
      const whole = await system.ask(`GET ${path}`)
      for (const method of ['GET', 'HEAD'])
        for (const tags of [whole.headers.get('etag') ?? '', `W/${whole.headers.get('etag')}, "x,y"`, '*']) {
          const { status, headers, body } = await system.ask(`${method} ${path}`, { headers: { 'if-none-match': tags } })
          expect([path, method, status, body]).toEqual([path, method, 304, ''])
          for (const name of ['etag', 'cache-control', 'vary']) expect(headers.get(name)).toBe(whole.headers.get(name))
        }
    }
  })
})

describe('every answer', () => {
  test('has a request id: pages, preflights, refusals and answers from memory', async () => {
    const asked = [
      'GET /',
      'GET /docs',
      'GET /openapi.json',
      'GET /favicon.ico',
      'GET /nowhere',
      'OPTIONS /content',
      'OPTIONS /docs',
      'PUT /docs',
      'PUT /content',
      'GET /content',
      'HEAD /content',
      'GET /users/me',
    ]
    for (const what of asked) {
      const [method = '', path = ''] = what.split(' ')
      const { headers } = await system.fetch(new Request(`http://localhost${path}`, { method, headers: { 'x-request-id': 'asked-by-me' } }))
      expect([what, headers.get('x-request-id')]).toEqual([what, 'asked-by-me'])
      expect([what, headers.get('x-content-type-options')]).toEqual([what, 'nosniff'])
    }
  })

  test('is readable by pages of every origin where reading is open, faults too; else it depends on the origin and says so', async () => {
    const origin = { origin: 'https://anyone.example' }
    for (const what of [
      'GET /content',
      'GET /content/none',
      'GET /content?limit=0',
      'PUT /content',
      'GET /nowhere',
      'GET /docs',
      'OPTIONS /docs',
    ]) {
      const { headers } = await system.ask(what, { headers: origin })
      expect([what, headers.get('access-control-allow-origin')]).toEqual([what, '*'])
    }
    for (const what of ['GET /users/me', 'POST /reviews', 'PUT /users', 'OPTIONS /users/me']) {
      const { headers } = await system.ask(what, { headers: origin })
      expect([what, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([what, null, 'Origin'])
    }
    for (const what of ['GET /content', 'OPTIONS /content', 'GET /users/me'])
      expect((await system.ask(what, { headers: origin })).headers.has('access-control-allow-credentials')).toBeFalse()
  })

  test('to a path that is no text, or holds U+0000, is a plain no', async () => {
    for (const path of [
      '/content/%00',
      '/content/a%00b',
      '/content/%ff',
      '/cameras/%c0%af',
      '/lenses/%',
      '/content/%zz',
      '/users/%ed%a0%80',
    ])
      expect([path, (await system.ask(`GET ${path}`)).status]).toEqual([path, path.startsWith('/users') ? 401 : 400])
    for (const query of ['/content?brand=%00', '/content/search?q=a%00', '/content/suggest?q=%00', '/cameras?type=%00'])
      expect([query, (await system.ask(`GET ${query}`)).status]).toEqual([query, 400])
  })

  test('to a path with a slash too many is 404, and OPTIONS of nothing as well', async () => {
    for (const what of ['GET /content/', 'GET //content', 'GET /api/v1/', 'OPTIONS /nowhere', 'GET /api/v1/api/v1/content'])
      expect([what, (await system.ask(what)).status]).toEqual([what, 404])
  })
})

test('lists link to their next page (RFC 8288), and the links lead through all of them', async () => {
  const lists: [string, TestSystem['ask']][] = [
    ['/api/v1/content?limit=9', system.ask],
    ['/content/search?q=sensor&limit=9', system.ask],
    ['/cameras?limit=90', system.ask],
    ['/api/v1/users?limit=2', admin.ask],
    ['/reviews?editor=*&limit=13', admin.ask],
  ]
  for (const [start, ask] of lists) {
    const seen: string[] = []
    let at: string | null = start
    while (at !== null) {
      const { status, headers, body } = await ask(`GET ${at}`)
      expect(status).toBe(200)
      seen.push(...body.data.map(({ id }: { id: string }) => id))
      const link: string | undefined = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
      expect(link ?? null).toBe(body.links.next)
      at = link === undefined ? null : new URL(link, `http://localhost${at}`).href.slice('http://localhost'.length)
    }
    expect([start, new Set(seen).size, seen.length > Number(/limit=(\d+)/.exec(start)?.[1])]).toEqual([start, seen.length, true])
  }
})
