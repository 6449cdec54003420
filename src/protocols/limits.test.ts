import { expect, test } from 'bun:test'
import { secureRandom } from '../kit/clock.ts'
import { openMetrics } from '../kit/metric.ts'
import { operation } from '../kit/operation.ts'
import type { Received } from './caller.ts'
import { openLimits } from './limits.ts'
import type { Handler } from './rest.ts'

const shared = { 'cache-control': 'public, max-age=5' }
const personal = { 'cache-control': 'private, no-store' }

const declared = { summary: '', tag: '', access: 'anyone', input: {}, status: 200, run: async () => ({}) } as const
const operations = [
  operation({ ...declared, name: 'login', kind: 'command', rest: { method: 'POST', path: '/auth/login' }, limit: 'sign-in' }),
  operation({ ...declared, name: 'search', kind: 'query', rest: { method: 'GET', path: '/content/search' }, limit: 'search' }),
]
const somebody = { accountId: 'ana', sessionId: 's', roles: [] }

function limited(next: Handler = async () => new Response('answer', { headers: personal })) {
  let nowMs = 1_000_000
  const metrics = openMetrics({ ofProcess: false })
  const limits = openLimits({
    counts: { read: 10, search: 4, write: 6, 'sign-in': 2, graphql: 3 },
    operations,
    origins: ['https://portal.example'],
    newRequestId: () => 'made-here',
    clock: { monotonic: () => nowMs, now: () => nowMs },
    random: secureRandom,
    metrics,
  })
  const door = limits.door(next)
  const ask = (what: string, { address = '203.0.113.9', ...init }: RequestInit & { address?: string } = {}) => {
    const [method = '', path = ''] = what.split(' ')
    return door(new Request(`http://localhost/api/v1${path}`, { method, ...init }), { address })
  }
  const statuses = async (times: number, what: string, init = {}) => {
    const all = []
    for (let n = 0; n < times; n++) all.push((await ask(what, init)).status)
    return all
  }
  return {
    limits,
    metrics,
    ask,
    statuses,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('each class has a quota of its own, signing in the least, and each address too', async () => {
  const { statuses, pass } = limited()
  expect(await statuses(3, 'POST /auth/login')).toEqual([200, 200, 429])
  expect(await statuses(5, 'GET /content/search')).toEqual([200, 200, 200, 200, 429])
  expect(await statuses(7, 'PUT /reviews/x')).toEqual([200, 200, 200, 200, 200, 200, 429])
  expect((await statuses(11, 'GET /content')).at(-1)).toBe(429)
  expect(await statuses(1, 'HEAD /content')).toEqual([429])
  expect(await statuses(1, 'POST /auth/login', { address: '203.0.113.10' })).toEqual([200])
  pass(30_000)
  expect(await statuses(2, 'POST /auth/login')).toEqual([200, 429])
})

test('a whole /64 of IPv6 is one address', async () => {
  const { statuses } = limited()
  expect(await statuses(2, 'POST /auth/login', { address: '2001:db8:1:2::1' })).toEqual([200, 200])
  expect(await statuses(1, 'POST /auth/login', { address: '2001:db8:1:2:9:9:9:9' })).toEqual([429])
  expect(await statuses(1, 'POST /auth/login', { address: '2001:db8:1:3::1' })).toEqual([200])
})

test('who is refused is told why, when to come again, and may read it from every page that may ask', async () => {
  const { ask, statuses, metrics } = limited()
  await statuses(2, 'POST /auth/login')
  const refused = await ask('POST /auth/login', { headers: { origin: 'https://portal.example' } })
  expect(refused.status).toBe(429)
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'retry-after': '30',
    'ratelimit-policy': '"sign-in-address";q=2;w=60',
    ratelimit: '"sign-in-address";r=0;t=30',
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': '1030',
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    'access-control-allow-origin': 'https://portal.example',
  })
  expect(await refused.json()).toMatchObject({ status: 429, code: 'rate-limited', limit: 'sign-in-address', requestId: 'made-here' })
  await statuses(10, 'GET /content')
  const page = await ask('GET /content', { headers: { origin: 'https://elsewhere.example' } })
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([429, '*'])
  expect((await metrics.text()).body).toMatch(/^rcr_limited_total\{class="sign-in",by="address"\} 1$/m)
})

test('nothing is done for who is refused: no handler runs, no body is read', async () => {
  let ran = 0
  const { ask } = limited(async () => {
    ran += 1
    return new Response('', { headers: personal })
  })
  for (let n = 0; n < 2; n++) await ask('POST /auth/login', { body: 'x' })
  const late = new Request('http://localhost/', { method: 'POST', body: 'x' })
  expect((await ask('POST /auth/login', { body: late.body })).status).toBe(429)
  expect([ran, late.bodyUsed]).toEqual([2, false])
})

test('what is left is told to who asks for himself, and never in what caches may keep', async () => {
  const mine = limited()
  const signedIn = { headers: { authorization: 'Bearer x' } }
  expect((await mine.ask('GET /orders', signedIn)).headers.get('ratelimit')).toBe('"read-address";r=9;t=6')
  expect((await mine.ask('POST /reviews')).headers.get('ratelimit-policy')).toBe('"write-address";q=6;w=60')
  const open = limited(async () => new Response('', { headers: shared }))
  for (const init of [{}, signedIn]) expect((await open.ask('GET /content', init)).headers.has('ratelimit')).toBe(false)
  // A problem of an open address is kept by the response cache, whatever it says of itself.
  const missing = limited(async () => new Response('', { status: 404, headers: { 'cache-control': 'no-store' } }))
  const found = await missing.ask('GET /content/x')
  expect([...found.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([])
})

test('an account has half of what an address has, wherever it asks from, and the nearest limit is told', async () => {
  const { ask } = limited(async (_request, { toll }: Received) => {
    toll?.address('write')
    toll?.account('write', somebody)
    return new Response('', { headers: personal })
  })
  const told = async (address: string) => (await ask('POST /reviews', { address })).headers.get('ratelimit')
  expect(await told('203.0.113.1')).toBe('"write-account";r=2;t=20')
  expect(await told('203.0.113.2')).toBe('"write-account";r=1;t=40')
  expect(await told('203.0.113.3')).toBe('"write-account";r=0;t=20')
  expect(told('203.0.113.4')).rejects.toMatchObject({ reason: 'too-many', retryAfterS: 20, facts: { limit: 'write-account' } })
})

test('what the address of a request hides, its operation shows: no spelling escapes the stricter class', async () => {
  const { ask } = limited(async (_request, { toll }) => {
    toll?.address('sign-in')
    return new Response('', { headers: personal })
  })
  await ask('POST /auth/%6cogin')
  await ask('POST /auth/login')
  expect(ask('POST /auth/%6cogin')).rejects.toMatchObject({ reason: 'too-many', facts: { limit: 'sign-in-address' } })
})

test('each field of one GraphQL request counts', async () => {
  let allowed = 0
  const { ask } = limited(async (_request, { toll }) => {
    toll?.address('graphql')
    for (let field = 0; field < 5; field++) {
      toll?.address('sign-in')
      allowed += 1
    }
    return new Response()
  })
  expect(ask('POST /graphql')).rejects.toMatchObject({ facts: { limit: 'sign-in-address' } })
  expect(allowed).toBe(2)
})

test('preflights are not counted', async () => {
  const { statuses } = limited()
  expect(new Set(await statuses(30, 'OPTIONS /reviews'))).toEqual(new Set([200]))
})
