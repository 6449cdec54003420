// The response cache as a client sees it: what is answered from memory, and what HTTP says of it.
import { beforeEach, describe, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { openStage, type Stage } from './stage.suite.ts'

let s: Stage
beforeEach(async () => {
  s = await openStage()
})

describe('what was asked before', () => {
  test('is answered from memory, under every spelling of the same question', async () => {
    const first = await s.get('/api/v1/content?brand=canon&limit=5')
    expect(first.headers.get('cache-status')).toBe('rcr; fwd=uri-miss; stored')
    for (const path of ['/api/v1/content?brand=canon&limit=5', '/content?limit=5&brand=canon', '/api/v1/content?brand=%63anon&limit=5']) {
      for (const again of [await s.get(path), await s.get(path)]) {
        expect(again.headers.get('cache-status')).toBe('rcr; hit')
        expect(again.headers.get('age')).toBe('0')
        expect(await again.text()).toBe(s.world.text)
      }
    }
    expect(s.asked()).toBe(1)
    await s.get('/api/v1/content?brand=nikon&limit=5')
    expect(s.asked()).toBe(2)
  })

  test('is not what a faulty, personal or other question is answered with', async () => {
    await s.get('/content')
    for (const [path, headers] of [
      ['/content?unknown=1', {}],
      ['/content?brand=a&brand=b', {}],
      ['/content', { authorization: 'Bearer x' }],
      ['/content', { accept: 'text/html' }],
      ['/content', { accept: 'application/json;q=0' }],
    ] as const) {
      const before = s.asked()
      await s.get(path, headers)
      expect(s.asked()).toBe(before + 1)
      expect(s.seenRequests.at(-1)?.url).toContain(path) // the request itself, not a cleaned one
    }
    await s.get('/content', { accept: 'text/html, application/*;q=0.5' })
    expect(s.outcomes.hit).toBe(1)
    const before = s.asked()
    await s.get('/content', {}, 'POST')
    expect(s.asked()).toBe(before + 1)
  })

  test('holds nothing of the request that filled it', async () => {
    const evil = {
      'x-forwarded-host': 'evil.example',
      cookie: 'a=b',
      origin: 'https://evil.example',
      'x-request-id': 'first-request',
      'x-http-method-override': 'DELETE',
    }
    const first = await s.get('/content', evil, 'GET', 'evil.example')
    expect(first.headers.get('x-request-id')).toBe('first-request')
    const seen = s.seenRequests[0]
    expect([...(seen?.headers.keys() ?? [])]).toEqual(['x-request-id'])
    expect(seen?.url).toBe('http://localhost/api/v1/content')
    const second = await s.get('/content', {}, 'GET', 'rcr.example')
    expect(second.headers.get('cache-status')).toBe('rcr; hit')
    expect(second.headers.get('x-request-id')).not.toBe('first-request')
    expect((await s.get('/content')).headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'))
  })
})

describe('HTTP', () => {
  test('each coding has its own strong tag and is the same content', async () => {
    const codings = { gzip: gunzipSync, br: brotliDecompressSync }
    const plain = await s.get('/content')
    expect(plain.headers.get('etag')).toBe('"3.abc"')
    expect(plain.headers.get('content-encoding')).toBeNull()
    for (const [coding, decode] of Object.entries(codings)) {
      const coded = await s.get('/content', { 'accept-encoding': coding })
      expect(coded.headers.get('content-encoding')).toBe(coding)
      expect(coded.headers.get('etag')).toBe(`"3.abc-${coding}"`)
      expect(coded.headers.get('vary')).toContain('Accept-Encoding')
      const bytes = new Uint8Array(await coded.arrayBuffer())
      expect(coded.headers.get('content-length')).toBe(String(bytes.length))
      expect(decode(bytes).toString()).toBe(s.world.text)
    }
    for (const [header, expected] of [
      ['gzip;q=0.5, br;q=0', 'gzip'],
      ['gzip;q=0', null],
      ['identity, gzip;q=0.5', null],
      ['identity;q=0, *;q=0', null],
      ['*', 'br'],
      ['deflate', null],
      ['GZIP', 'gzip'],
      ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ] as const)
      expect([header, (await s.get('/content', { 'accept-encoding': header })).headers.get('content-encoding')]).toEqual([header, expected])
  })

  test('If-None-Match is compared weakly, in lists, with the star, within the coding', async () => {
    const status = async (ifNoneMatch: string, coding = 'identity') =>
      (await s.get('/content', { 'if-none-match': ifNoneMatch, 'accept-encoding': coding })).status
    for (const same of ['"3.abc"', 'W/"3.abc"', '"x", W/"3.abc"', '"a,b" , "3.abc"', '*', ' * '])
      expect([same, await status(same)]).toEqual([same, 304])
    for (const other of ['"3"', '3.abc', '"3.abc', '"x"', '"3.abc-gzip"', '']) expect([other, await status(other)]).toEqual([other, 200])
    expect(await status('"3.abc-gzip"', 'gzip')).toBe(304)
    const unchanged = await s.get('/content', { 'if-none-match': '*' })
    expect(await unchanged.text()).toBe('')
    expect(unchanged.headers.get('etag')).toBe('"3.abc"')
    expect(unchanged.headers.get('cache-control')).toBe('public, max-age=5')
    expect(unchanged.headers.get('content-length')).toBeNull()
  })

  test('HEAD is GET without the body, filled and from memory', async () => {
    const [filled, head, get] = [await s.get('/content', {}, 'HEAD'), await s.get('/content', {}, 'HEAD'), await s.get('/content')]
    expect(await filled.text()).toBe('')
    expect(await head.text()).toBe('')
    const compared = (response: Response) => [...response.headers].filter(([name]) => name !== 'x-request-id')
    expect(compared(head)).toEqual(compared(get))
    expect(head.headers.get('content-length')).toBe(String(s.world.text.length))
    expect(s.asked()).toBe(1)
  })

  test('a missing slug is remembered for a moment, under each asker’s own request id, until somebody takes it', async () => {
    const ask = async (id: string) => {
      const response = await s.get('/content/nobody', { 'x-request-id': id })
      return [response.status, ((await response.json()) as { requestId: string }).requestId, response.headers.get('x-request-id')]
    }
    expect(await ask('first-asker')).toEqual([404, 'first-asker', 'first-asker'])
    expect(await ask('second-asker')).toEqual([404, 'second-asker', 'second-asker'])
    expect(s.asked()).toBe(1)
    await s.pass(2000)
    await ask('third-asker')
    expect(s.asked()).toBe(1)
    s.change('', ['slug:nobody'], 'published')
    await s.pass(100)
    await ask('fourth-asker')
    expect(s.asked()).toBe(2)
    await s.pass(3000)
    await ask('fifth-asker')
    expect(s.asked()).toBe(3)
  })
})
