import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { openLog, silentLog } from '../kit/log.ts'
import { openMetrics } from '../kit/metric.ts'
import { type Call, type Operation, operation } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import { sealer } from '../kit/seal.ts'
import { openApi } from './openapi.ts'
import { rest } from './rest.ts'

const seal = sealer(new Uint8Array(32).fill(7), 'token')
const calls: { input: unknown; call: Call }[] = []

const operations: Operation[] = [
  operation({
    name: 'readThing',
    kind: 'query',
    summary: 'One thing.',
    tag: 'things',
    rest: { method: 'GET', path: '/things/{id}' },
    access: 'anyone',
    cache: 'content',
    input: {
      path: z.strictObject({ id: z.string().max(10) }),
      query: z.strictObject({ limit: z.coerce.number().int().max(100).optional() }),
    },
    output: z.object({ id: z.string() }).meta({ id: 'Thing' }),
    status: 200,
    run: async (input, call) => {
      calls.push({ input, call })
      if (input.path.id === 'bug') throw new TypeError('secret detail')
      if (input.path.id === 'slow') await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
      if (input.path.id === 'down') throw new Refusal('unavailable', 'The database does not answer now.')
      if (input.path.id === 'none') throw new Refusal('missing', 'There is no such thing.')
      return { body: { id: input.path.id }, version: 3, hash: 'abc', position: { epoch: 'e', seq: 9 } }
    },
  }),
  operation({
    name: 'listSpecial',
    kind: 'query',
    summary: 'A fixed path beside a parameter.',
    tag: 'things',
    rest: { method: 'GET', path: '/things/special' },
    access: 'anyone',
    input: {},
    status: 200,
    run: async () => ({ body: { special: true } }),
  }),
  operation({
    name: 'changeThing',
    kind: 'command',
    summary: 'Changes a thing.',
    tag: 'things',
    rest: { method: 'PATCH', path: '/things/{id}' },
    access: ['editor'],
    conditional: true,
    mediaType: 'application/merge-patch+json',
    input: { path: z.strictObject({ id: z.string() }), body: z.strictObject({ title: z.string().min(1), size: z.int() }) },
    status: 200,
    run: async (input, call) => {
      calls.push({ input, call })
      return { body: input.body, version: 4, location: `/things/${input.path.id}` }
    },
  }),
]

function api(log = silentLog) {
  const handler = rest({
    operations,
    authenticate: async (bearer) => {
      if (bearer === 'editor') return { accountId: 'a', sessionId: 's', roles: ['editor'] }
      if (bearer === 'customer') return { accountId: 'c', sessionId: 's', roles: ['customer'] }
      throw new Refusal('unauthenticated', 'The access token is not good.')
    },
    secret: new Uint8Array(32).fill(7),
    tokenSeal: seal,
    newRequestId: () => 'request-0001',
    origins: ['https://editors.example'],
    log,
    metrics: openMetrics({ ofProcess: false }),
    arrivalMs: 30,
    deadlineMs: 50,
  })
  return (path: string, init: RequestInit = {}) => handler(new Request(`http://localhost${path}`, init), { address: '127.0.0.1' })
}

const patch = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'PATCH',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { authorization: 'Bearer editor', 'content-type': 'application/json', 'if-match': '"3"', ...headers },
})

describe('a request over REST', () => {
  test('is answered with and without the prefix', async () => {
    for (const path of ['/api/v1/things/x', '/things/x']) {
      const response = await api()(path)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ id: 'x' })
      expect(response.headers.get('etag')).toBe('"3.abc"')
      expect(seal.open(response.headers.get('consistency-token') ?? '')).toEqual(['e', 9])
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('cache-control')).toContain('stale-if-error=600')
    }
  })

  test('finds a fixed path before a parameter', async () => {
    expect(await (await api()('/things/special')).json()).toEqual({ special: true })
  })

  test('HEAD says what GET says, without the body', async () => {
    const [get, head] = [await api()('/things/x'), await api()('/things/x', { method: 'HEAD' })]
    expect(Object.fromEntries(head.headers)).toEqual({ ...Object.fromEntries(get.headers), 'content-length': '10' })
    expect(await head.text()).toBe('')
  })

  test('a held ETag gives 304, also in a list, weak or as *', async () => {
    for (const tag of ['"3.abc"', 'W/"3.abc"', '"other", "3.abc"', '*'])
      expect((await api()('/things/x', { headers: { 'if-none-match': tag } })).status).toBe(304)
    expect((await api()('/things/x', { headers: { 'if-none-match': '"3.other"' } })).status).toBe(200)
  })

  test('another method is 405 with Allow, another path 404, both as problems', async () => {
    const wrong = await api()('/things/x', { method: 'DELETE' })
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('OPTIONS, GET, PATCH, HEAD')
    const nowhere = await api()('/nowhere')
    expect(nowhere.status).toBe(404)
    for (const response of [wrong, nowhere]) expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test('OPTIONS and preflights: reading is open to all, writing to the origins of the setting', async () => {
    const preflight = (method: string, origin: string) =>
      api()('/things/x', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method } })
    expect((await preflight('GET', 'https://anyone.example')).headers.get('access-control-allow-origin')).toBe('*')
    expect((await preflight('PATCH', 'https://anyone.example')).headers.get('access-control-allow-origin')).toBeNull()
    const trusted = await preflight('PATCH', 'https://editors.example')
    expect(trusted.status).toBe(204)
    expect(trusted.headers.get('access-control-allow-origin')).toBe('https://editors.example')
    expect(trusted.headers.get('vary')).toBe('Origin')
  })

  test('every fault of path, query and body is named at once', async () => {
    const response = await api()('/things/x?colour=red&colour=blue', patch({ title: '', extra: 1 }))
    expect(response.status).toBe(400)
    const { errors } = (await response.json()) as { errors: { pointer: string }[] }
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['#/extra', '#/size', '#/title', '?colour', '?colour'])
  })

  test('a body is bounded, JSON and UTF-8', async () => {
    const status = async (init: RequestInit) => (await api()('/things/x', init)).status
    expect(await status(patch('{'))).toBe(400)
    expect(await status(patch('['.repeat(33) + ']'.repeat(33)))).toBe(400)
    expect(await status(patch({ title: 'x', size: 1 }, { 'content-type': 'text/plain' }))).toBe(415)
    expect(await status(patch({ title: 'x', size: 1 }, { 'content-encoding': 'gzip' }))).toBe(415)
    expect(await status(patch({ title: 'x'.repeat(300_000), size: 1 }))).toBe(413)
    expect(await status({ ...patch(''), body: new Uint8Array([0x22, 0xff, 0x22]) })).toBe(400)
    expect(await status(patch({ title: 'x', size: 1 }, { 'content-type': 'application/merge-patch+json; charset=utf-8' }))).toBe(200)
  })

  test('a thousand refusals for want of a database are one line of trouble, and a thousand answers', async () => {
    const lines: string[] = []
    const call = api(openLog('error', (line) => lines.push(line)))
    const answers = await Promise.all(Array.from({ length: 1000 }, () => call('/things/down')))
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(1000)
    expect(lines.length).toBeGreaterThanOrEqual(1)
    expect(lines.length).toBeLessThan(10) // a slow machine takes a few seconds for them
  })

  test.each([
    ['of a length that is told', { 'content-length': '100' }],
    ['of unknown length', {}],
  ])('a body %s that does not come in time is 408, and one that breaks off is no defect of ours', async (_what, headers) => {
    const stream = (start: (controller: ReadableStreamDefaultController) => void) => ({
      ...patch('', headers),
      body: new ReadableStream({ start }),
    })
    const slow = await api()(
      '/things/x',
      stream((controller) => controller.enqueue(new TextEncoder().encode('{'))),
    )
    expect(slow.status).toBe(408)
    expect(slow.headers.get('connection')).toBe('close')
    const lines: string[] = []
    const log = openLog('error', (line) => lines.push(line))
    const broken = await api(log)(
      '/things/x',
      stream((controller) => controller.error(new Error('reset by peer'))),
    )
    expect(broken.status).toBe(400)
    expect(lines).toEqual([])
  })

  test('needs a token, the role, and If-Match where it changes something', async () => {
    const bare = patch({ title: 'x', size: 1 })
    expect((await api()('/things/x', patch({ title: 'x', size: 1 }, { authorization: '' }))).status).toBe(401)
    expect((await api()('/things/x', patch({ title: 'x', size: 1 }, { authorization: 'Bearer forged' }))).status).toBe(401)
    expect((await api()('/things/x', patch({ title: 'x', size: 1 }, { authorization: 'Bearer customer' }))).status).toBe(403)
    const { 'if-match': _, ...without } = bare.headers as Record<string, string>
    expect((await api()('/things/x', { ...bare, headers: without })).status).toBe(428)
    expect((await api()('/things/x', patch({ title: 'x', size: 1 }, { 'if-match': '3' }))).status).toBe(400)
    calls.length = 0
    await api()('/things/x', patch({ title: 'x', size: 1 }, { 'if-match': '"3", "4.hash"' }))
    expect(calls[0]?.call.ifMatch).toEqual([3, 4])
  })

  test('an Idempotency-Key is scoped by caller and operation and bound to the request', async () => {
    calls.length = 0
    const key = { 'idempotency-key': '"k1"' }
    await api()('/things/x', patch({ title: 'x', size: 1 }, key))
    await api()('/api/v1/things/x', patch({ title: 'x', size: 1 }, key))
    await api()('/things/x', patch({ title: 'y', size: 1 }, key))
    const [first, alias, other] = calls.map(({ call }) => call.idempotency)
    expect(first?.key).toBe('a:changeThing:k1')
    expect(alias).toEqual(first ?? null)
    expect(other?.requestHash).not.toBe(first?.requestHash ?? '')
    expect((await api()('/things/x', patch({ title: 'x', size: 1 }, { 'idempotency-key': 'a b' }))).status).toBe(400)
  })

  test('a forged Consistency-Token is 400; a good one makes the answer private', async () => {
    const read = (token: string) => api()('/things/x', { headers: { 'consistency-token': token } })
    expect((await read('bm9uc2Vuc2U.AAAAAAAAAAAA')).status).toBe(400)
    const good = await read(seal.seal(['e', 5]))
    expect(good.status).toBe(200)
    expect(good.headers.get('cache-control')).toBe('private, no-store')
  })

  test('a defect shows the request id and nothing of its cause; the log has it', async () => {
    const lines: string[] = []
    const response = await api(openLog('info', (line) => lines.push(line)))('/things/bug')
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).toContain('request-0001')
    expect(text).not.toContain('secret detail')
    expect(lines.join('')).toContain('secret detail')
  })

  test('what takes too long is answered 504 in time', async () => {
    expect((await api()('/things/slow')).status).toBe(504)
  })

  test('the request id of the caller is kept when it is harmless', async () => {
    const id = async (given: string) => (await api()('/things/x', { headers: { 'x-request-id': given } })).headers.get('x-request-id')
    expect(await id('portal-12345678')).toBe('portal-12345678')
    expect(await id('<script>alert(1)</script>')).toBe('request-0001')
  })
})

test('the OpenAPI document tells each operation with its parameters, refusals and named schemas', () => {
  const document = openApi(operations, '1.0.0') as {
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string }[]; responses: Record<string, unknown> }>>
    components: { schemas: Record<string, unknown> }
  }
  const change = document.paths['/things/{id}']?.patch
  expect(change?.operationId).toBe('changeThing')
  expect(change?.parameters.map(({ name }) => name)).toEqual(['id', 'If-Match', 'Idempotency-Key'])
  expect(Object.keys(change?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '400', '401', '403', '404', '412', '413', '415', '422', '428', '500', '503']),
  )
  expect(document.components.schemas.Thing).toBeDefined()
})
