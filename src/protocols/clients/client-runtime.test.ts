import { describe, expect, test } from 'bun:test'
import { type ClientOptions, ProblemError, sender } from './client-runtime.ts'

/** A server that answers in turn, and remembers what it was asked. */
function server(...answers: (Response | Error)[]) {
  const asked: { url: string; headers: Headers; signal: AbortSignal | null | undefined }[] = []
  const fetch: NonNullable<ClientOptions['fetch']> = async (url, { headers, signal }) => {
    asked.push({ url, headers: new Headers(headers), signal })
    const answer = answers.shift() ?? new Response('{}')
    if (answer instanceof Error) throw answer
    return answer
  }
  return { asked, client: (more: Partial<ClientOptions> = {}) => sender({ baseUrl: 'http://api/', fetch, ...more }) }
}

const busy = (status: number, headers: Record<string, string> = {}) =>
  new Response('busy', { status, headers: { 'retry-after': '0', ...headers } })
const shown = (token: string) => new Response('{}', { headers: { 'consistency-token': token } })
const content = { method: 'GET', path: '/content', isContent: true } as const
const command = { method: 'POST', path: '/things', body: {}, takesKey: true } as const

describe('a call that is not answered', () => {
  test('is repeated with the key that it had at first', async () => {
    const { asked, client } = server(busy(503), busy(429), new Response('{"id":1}', { status: 201 }))
    expect((await client()<{ id: number }>(command, {})).body.id).toBe(1)
    const keys = asked.map(({ headers }) => headers.get('idempotency-key'))
    expect(keys).toEqual([keys[0] ?? '', keys[0] ?? '', keys[0] ?? ''])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  })

  test('is not repeated where it could be done twice', async () => {
    const { asked, client } = server(busy(503))
    const { takesKey: _, ...keyless } = command
    await expect(client()(keyless, {})).rejects.toMatchObject({ status: 503, code: 'unknown', retryAfter: 0 })
    expect(asked.length).toBe(1)
  })

  test('is given up when the wait is long, or the tries are used up', async () => {
    const patient = server(busy(503, { 'retry-after': '60' }))
    await expect(patient.client()(content, {})).rejects.toMatchObject({ status: 503, retryAfter: 60 })
    expect(patient.asked.length).toBe(1)
    const tired = server(busy(503), busy(503))
    await expect(tired.client({ attempts: 2 })(content, {})).rejects.toBeInstanceOf(ProblemError)
    expect(tired.asked.length).toBe(2)
  })

  test('is a problem too when nobody was reached', async () => {
    const cause = new TypeError('connection refused')
    const { client } = server(cause)
    await expect(client({ attempts: 1 })(content, {})).rejects.toMatchObject({ status: 0, code: 'unreachable', cause })
  })

  test('ends with the reason of its signal, also between two tries', async () => {
    const stop = new AbortController()
    const { asked, client } = server(busy(503, { 'retry-after': '4' }))
    const call = client()(content, { signal: stop.signal })
    stop.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(asked[0]?.signal).toBe(stop.signal)
  })
})

describe('a client with monotonic reads', () => {
  test('sends what it saw last with each read of content', async () => {
    const { asked, client } = server(shown('one'), shown('two'), shown('three'))
    const send = client({ monotonic: true })
    for (const call of [content, command, content]) await send(call, {})
    expect(asked.map(({ headers }) => headers.get('consistency-token'))).toEqual([null, null, 'two'])
  })

  test('does not fall back to a read that was under way while it wrote', async () => {
    const slow = Promise.withResolvers<Response>()
    const tokens: (string | null)[] = []
    const send = sender({
      baseUrl: 'http://api',
      monotonic: true,
      async fetch(url, { headers }) {
        tokens.push(new Headers(headers).get('consistency-token'))
        return url.endsWith('/things') ? shown('new') : tokens.length === 1 ? slow.promise : shown('new')
      },
    })
    const reading = send(content, {})
    await send(command, {})
    slow.resolve(shown('old'))
    await reading
    await send(content, {})
    expect(tokens.at(-1)).toBe('new')
  })

  test('names nobody when it reads public content, so that caches can answer', async () => {
    const { asked, client } = server()
    const send = client({ accessToken: async () => 'mine' })
    await send(content, {})
    await send({ method: 'GET', path: '/users/me' }, {})
    expect(asked.map(({ headers }) => headers.get('authorization'))).toEqual([null, 'Bearer mine'])
  })
})

test('parameters that are undefined are left out, the others encoded', async () => {
  const { asked, client } = server()
  await client()({ ...content, query: { q: 'cámara & más', limit: 3, cursor: undefined } }, {})
  expect(asked[0]?.url).toBe('http://api/content?q=c%C3%A1mara+%26+m%C3%A1s&limit=3')
})
