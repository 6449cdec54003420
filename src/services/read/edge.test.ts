// The response cache as a client sees it: over a stand-in for the framework, with a clock that only moves when told.
import { beforeEach, describe, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import { silentLog } from '../../kit/log.ts'
import { type Answer, operation } from '../../kit/operation.ts'
import { sealer } from '../../kit/seal.ts'
import { showing } from '../../kit/shown.ts'
import type { Content, Seen, Tail } from '../../ports/content.ts'
import { noOutcomes, openCache, openEdge } from './edge.ts'
import { openTail } from './tail.ts'

const seal = sealer(new Uint8Array(32).fill(7), 'token')
const token = (seq: number, epoch = 'e1') => seal.seal([epoch, seq])

const list = operation({
  name: 'listContent',
  kind: 'query',
  summary: '',
  tag: 'content',
  rest: { method: 'GET', path: '/content' },
  access: 'anyone',
  input: { query: z.strictObject({ brand: z.string().optional(), limit: z.string().optional() }) },
  status: 200,
  cache: 'content',
  run: async () => ({}),
})
const one = operation({ ...list, name: 'readContent', rest: { method: 'GET', path: '/content/{slug}' }, input: {}, run: async () => ({}) })

const long = 'word '.repeat(400)

/** What stands in the database: the origin reads it, the tail follows it. */
function stage() {
  let nowMs = 1_000_000
  const sleepers = new Set<() => void>()
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          sleepers.delete(wake)
          resolve()
        }
        if (signal?.aborted) return resolve()
        sleepers.add(wake)
        signal?.addEventListener('abort', wake)
      }),
  }
  const world = {
    seq: 10,
    epoch: 'e1',
    build: 'b1',
    text: `{"data":"${long}","n":10}`,
    tags: ['reviews'],
    away: false,
    changes: [] as Seen[],
  }
  let asked = 0
  let gate: Promise<void> = Promise.resolve()
  const seenRequests: Request[] = []
  let respond: ((request: Request) => Response | null) | null = null
  const origin = async (request: Request) => {
    asked += 1
    seenRequests.push(request)
    const requestId = request.headers.get('x-request-id') ?? ''
    const problem = (status: number) =>
      new Response(JSON.stringify({ status, requestId }), {
        status,
        headers: { 'content-type': 'application/problem+json', 'x-request-id': requestId },
      })
    const snapshot = { ...world }
    await gate
    const special = respond?.(request)
    if (special) return special
    if (snapshot.away) return problem(503)
    const answer: Answer = { position: { epoch: snapshot.epoch, seq: snapshot.seq }, tags: snapshot.tags }
    const missing = request.url.includes('/nobody')
    const response = missing
      ? problem(404)
      : new Response(snapshot.text, {
          headers: {
            'content-type': 'application/json',
            etag: '"3.abc"',
            vary: 'Accept-Encoding, Consistency-Token',
            'cache-control': 'public, max-age=5',
            'cdn-cache-control': 'public, max-age=60',
            'cache-tag': 'reviews',
            'consistency-token': token(snapshot.seq, snapshot.epoch),
            'x-request-id': requestId,
          },
        })
    showing(response, list, missing ? { ...answer, tags: ['slug:nobody'] } : answer)
    return response
  }
  const content = {
    async tail(after: number | null): Promise<Tail> {
      if (world.away) throw new Error('away')
      const { epoch, seq, build } = world
      const changes = after === null ? [] : world.changes.filter((change) => change.seq > after)
      return { position: { epoch, seq }, caughtUpAt: new Date(nowMs).toISOString(), build, changes, upTo: seq, gap: false }
    },
  } as Content
  const cache = openCache(1_000_000)
  const outcomes = noOutcomes()
  const tail = openTail({ content, cache, clock, log: silentLog })
  let ids = 0
  const newRequestId = () => `request-${++ids}`
  const edge = openEdge({ operations: [list, one], cache, tail, tokenSeal: seal, newRequestId, clock, outcomes }, origin)
  const stop = new AbortController()
  void tail.run(stop.signal)
  const settle = async () => {
    for (let n = 0; n < 20; n++) await Promise.resolve()
  }
  return {
    world,
    cache,
    outcomes,
    seenRequests,
    tail,
    asked: () => asked,
    settle,
    get: async (path: string, headers: Record<string, string> = {}, method = 'GET', host = 'rcr.example') =>
      edge(new Request(`http://${host}${path}`, { method, headers }), { address: '192.0.2.1' }),
    /** Time passes; the tail looks once. */
    async pass(ms: number) {
      nowMs += ms
      for (const wake of [...sleepers]) wake()
      await settle()
    },
    /** Time passes in which the tail does not look. */
    drift(ms: number) {
      nowMs += ms
    },
    change(text: string, tags: string[], act = 'revised') {
      world.seq += 1
      world.text = text
      world.changes.push({ seq: world.seq, kind: 'review', id: '', act, at: '', tags })
    },
    /** The origin's answers wait until the returned function is called; what they say was read before. */
    hold() {
      let open = () => {}
      gate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    respondWith(next: typeof respond) {
      respond = next
    },
    stop: () => stop.abort(),
  }
}

let s: ReturnType<typeof stage>
beforeEach(async () => {
  s = stage()
  await s.settle()
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

describe('changes', () => {
  test('show at once when the tail has seen them, and not before', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['reviews'])
    expect(await (await s.get('/content')).text()).toContain('"n":10')
    await s.pass(200)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
    s.change('{"n":12}', ['something-else'])
    await s.pass(200)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
  })

  test('that come while an answer is read keep that answer out, and its asker gets the newer one', async () => {
    const open = s.hold()
    const slow = s.get('/content')
    s.change('{"n":11}', ['reviews'], 'withdrawn')
    await s.pass(200)
    open()
    const response = await slow
    expect(await response.text()).toBe('{"n":11}')
    expect(s.asked()).toBe(2)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
    expect(s.asked()).toBe(2)
  })

  test('an answer that stays behind the purges is given to its asker alone', async () => {
    s.change('{"n":11}', ['reviews'])
    await s.pass(200)
    s.world.seq = 9 // a replica further back answers
    const response = await s.get('/content')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('cache-tag')).toBeNull()
    expect(s.asked()).toBe(3)
    await s.get('/content')
    expect(s.asked()).toBe(6)
  })

  test('of the build or of the epoch empty the cache', async () => {
    for (const move of [{ build: 'b2' }, { epoch: 'e2', seq: 3 }]) {
      await s.get('/content')
      const before = s.asked()
      await s.get('/content')
      expect(s.asked()).toBe(before)
      Object.assign(s.world, move)
      await s.pass(200)
      await s.get('/content')
      expect(s.asked()).toBe(before + 1)
    }
  })

  test('that are old are shown by what was read after them', async () => {
    s.change('{"n":11}', ['reviews'])
    await s.get('/content') // reads the change before the tail does
    await s.pass(200)
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
  })
})

describe('many at once', () => {
  test('a thousand ask, one query answers', async () => {
    const open = s.hold()
    const all = Array.from({ length: 1000 }, () => s.get('/content'))
    open()
    const responses = await Promise.all(all)
    expect(s.asked()).toBe(1)
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(responses[1]?.headers.get('cache-status')).toBe('rcr; fwd=uri-miss; stored; collapsed')
    expect(new Set(responses.map(({ headers }) => headers.get('x-request-id'))).size).toBe(1000)
    expect(await responses[999]?.text()).toBe(s.world.text)
  })

  test('a failed query is told to those who waited and is not remembered', async () => {
    s.world.away = true
    const responses = await Promise.all([s.get('/content'), s.get('/content')])
    expect(responses.map(({ status }) => status)).toEqual([503, 503])
    expect(s.asked()).toBe(1)
    s.world.away = false
    expect((await s.get('/content')).status).toBe(200)
  })

  test('a query that throws harms nobody else', async () => {
    s.respondWith(() => {
      throw new Error('defect')
    })
    await expect(s.get('/content')).rejects.toThrow('defect')
    s.respondWith(null)
    expect((await s.get('/content')).status).toBe(200)
  })
})

describe('without the database', () => {
  test('what is in memory goes on: fresh for 5 s, then marked with its age, to the end of ten minutes', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(4000)
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
    await s.pass(2000)
    const stale = await s.get('/content')
    expect([stale.status, stale.headers.get('age'), stale.headers.get('cache-status')]).toEqual([
      200,
      '6',
      'rcr; hit; ttl=-1; detail=stale-while-revalidate',
    ])
    await s.settle()
    await s.pass(60_000)
    const rescued = await s.get('/content')
    expect([rescued.status, rescued.headers.get('age'), rescued.headers.get('cache-status')]).toEqual([
      200,
      '66',
      'rcr; hit; ttl=-61; detail=stale-if-error',
    ])
    await s.settle()
    await s.pass(600_000)
    expect((await s.get('/content')).status).toBe(503)
  })

  test('the first to find it gone is served what there is, and learns why', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    const rescued = await s.get('/content')
    expect(rescued.headers.get('cache-status')).toBe('rcr; fwd=stale; fwd-status=503; ttl=-45; detail=stale-if-error')
    expect(await rescued.text()).toBe(s.world.text)
  })

  test('a database that hangs slows one asker a second, not all', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    await s.get('/content')
    const before = s.asked()
    s.hold()
    for (let n = 0; n < 20; n++) expect((await s.get('/content')).status).toBe(200)
    expect(s.asked()).toBe(before + 1) // behind their backs
  })

  test('what changed before it went is still better than nothing, what was withdrawn is not', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['reviews'], 'revised')
    await s.pass(100)
    s.world.away = true
    expect((await s.get('/content')).headers.get('cache-status')).toContain('stale-if-error')
    s.world.away = false
    s.change('{"n":12}', ['reviews'], 'withdrawn')
    await s.pass(3000)
    s.world.away = true
    expect((await s.get('/content')).status).toBe(503)
  })

  test('it recovers by itself', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    await s.get('/content')
    s.world.away = false
    s.change('{"n":"new"}', ['reviews'])
    await s.pass(3000)
    await s.get('/content')
    await s.settle()
    await s.settle()
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
    expect(await (await s.get('/content')).text()).toBe('{"n":"new"}')
  })
})

describe('a Consistency-Token', () => {
  test('is served from memory when the tail has come so far, privately, and never answered with an older one', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['other'])
    await s.pass(200)
    const response = await s.get('/content', { 'consistency-token': token(11) })
    expect(s.asked()).toBe(1)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    for (const name of ['cdn-cache-control', 'cache-tag']) expect(response.headers.get(name)).toBeNull()
    expect(response.headers.get('consistency-token')).toBe(token(11))
    const older = await s.get('/content', { 'consistency-token': token(4) })
    expect(older.headers.get('consistency-token')).toBe(token(10))
    expect((await s.get('/content')).headers.get('cache-control')).toBe('public, max-age=5')
  })

  test('that is ahead of the tail, forged or malformed goes to the framework with the request', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['other'])
    for (const given of [token(11), token(1, 'e9'), 'forged', `${token(4)}x`]) {
      const before = s.asked()
      await s.get('/content', { 'consistency-token': given })
      expect(s.asked()).toBe(before + 1)
      expect(s.seenRequests.at(-1)?.headers.get('consistency-token')).toBe(given)
    }
  })

  test('of an older epoch is answered now', async () => {
    await s.get('/content')
    await s.get('/content', { 'consistency-token': token(99, 'e0') })
    expect(s.asked()).toBe(1)
  })

  test('is never served a stale copy', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(6000)
    expect((await s.get('/content', { 'consistency-token': token(4) })).status).toBe(503)
  })
})

describe('waiting for a position', () => {
  test('ends when the tail comes there, gives up when it does not', async () => {
    const patience = new AbortController()
    const reached = s.tail.reach({ epoch: 'e1', seq: 11 }, patience.signal)
    s.change('', [])
    await s.settle()
    await reached
    const never = s.tail.reach({ epoch: 'e1', seq: 99 }, patience.signal).catch((error) => error)
    patience.abort()
    expect(await never).toMatchObject({ reason: 'unavailable', code: 'replica-behind', retryAfterS: 1 })
  })

  test('is for two hundred at a time', async () => {
    const patience = new AbortController()
    const all = Array.from({ length: 201 }, () => s.tail.reach({ epoch: 'e1', seq: 99 }, patience.signal).catch((error) => error.message))
    expect(await all[200]).toContain('Too many readers')
    patience.abort()
    expect((await Promise.all(all)).filter((message) => message.includes('Too many'))).toHaveLength(1)
  })
})

describe('the bounds', () => {
  test('old answers make room for new ones', async () => {
    for (let n = 0; n < 400; n++) await s.get(`/content?brand=b${n}`)
    const { bytes, entries } = s.cache.size()
    expect(bytes).toBeLessThanOrEqual(1_000_000)
    expect(entries).toBeLessThan(200)
    const before = s.asked()
    await s.get('/content?brand=b399')
    expect(s.asked()).toBe(before)
    await s.get('/content?brand=b0')
    expect(s.asked()).toBe(before + 1)
  })

  test('what stays asked stays in', async () => {
    await s.get('/content?brand=hot')
    for (let n = 0; n < 400; n++) {
      for (let m = 0; m < 3; m++) await s.get('/content?brand=hot')
      await s.get(`/content?brand=b${n}`)
    }
    const before = s.asked()
    await s.get('/content?brand=hot')
    expect(s.asked()).toBe(before)
  })
})
