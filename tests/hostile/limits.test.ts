// Somebody asks too often: refused before it costs anything, over every protocol, and nobody else notices.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { demoPassword } from '../../src/commands/demo.ts'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { type GrpcClient, grpcClient } from '../grpc/client.ts'
import { startSystem, type TestSystem } from '../start.ts'

let system: TestSystem
let listener: GrpcListener
let client: GrpcClient
let accessToken: string

beforeAll(async () => {
  const limits = { 'sign-in': 4, search: 5, read: 20, write: 12, graphql: 9, register: 2 }
  system = await startSystem({ limits, trustedProxies: '127.0.0.1,10.0.0.0/8' })
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  client = grpcClient(listener.address)
  accessToken = (await login('192.0.2.1', 'editor@example.com', demoPassword)).body.accessToken
})
afterAll(async () => {
  client?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

interface Asked {
  body?: object
  headers?: Record<string, string>
  peer?: string
}

/** From an address behind our proxy; `peer`: from elsewhere. */
async function from(address: string, what: string, { body, headers = {}, peer = '127.0.0.1' }: Asked = {}) {
  const [method = '', path = ''] = what.split(' ')
  const init = {
    method,
    headers: { 'x-forwarded-for': address, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  }
  const response = await system.fetch(new Request(`http://localhost/api/v1${path}`, init), peer)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}
const login = (address: string, email: string, password: string) => from(address, 'POST /auth/login', { body: { email, password } })
const times = async <T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> => {
  const all: T[] = []
  for (let n = 0; n < count; n++) all.push(await work(n))
  return all
}
const checked = async () => {
  const metrics = await (await system.ops('/metrics')).text()
  return Number(/^rcr_auth_sign_ins_total\{result="wrong"\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
}

test('many passwords at many accounts from one address are refused before one is looked at, everybody else signs in', async () => {
  const before = await checked()
  const answers = await times(30, (n) => login('203.0.113.1', `guess-${n}@example.com`, 'a wrong password'))
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, ...Array<number>(26).fill(429)])
  expect((await checked()) - before).toBe(4)
  const last = answers.at(-1)
  expect(last?.headers.get('retry-after')).toMatch(/^1[45]$/)
  expect(last?.headers.get('ratelimit')).toMatch(/^"sign-in-address";r=0;t=1[45]$/)
  expect(last?.body).toMatchObject({ status: 429, code: 'rate-limited', limit: 'sign-in-address' })
  expect((await login('203.0.113.2', 'editor@example.com', demoPassword)).status).toBe(200)
})

test('the limit is one for all protocols, spellings of the path and forged headers', async () => {
  const credentials = { email: 'nobody@example.com', password: 'a wrong password' }
  const headers = { 'x-forwarded-for': '203.0.113.3' }
  const overGrpc = () => client.call('AuthService/Login', credentials, { headers })
  const mutation = `mutation($i: CredentialsInput!) { ${Array.from({ length: 5 }, (_, n) => `a${n}: login(input: $i) { accessToken }`).join(' ')} }`
  const overGraph = () => from('203.0.113.3', 'POST /graphql', { body: { query: mutation, variables: { i: credentials } } })
  expect((await overGrpc()).code).toBe('UNAUTHENTICATED')
  const { body } = await overGraph()
  const codes = body.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)
  expect(codes).toEqual([...Array<string>(3).fill('wrong-credentials'), ...Array<string>(2).fill('rate-limited')])
  expect(body.errors.at(-1).extensions).toMatchObject({ status: 429, limit: 'sign-in-address' })
  const refused = await overGrpc()
  expect([refused.code, refused.details.ErrorInfo.reason]).toEqual(['RESOURCE_EXHAUSTED', 'RATE_LIMITED'])
  for (const seconds of [refused.details.RetryInfo.retryDelay.seconds, body.errors.at(-1).extensions.retryAfterS])
    expect([14, 15]).toContain(Number(seconds))
  for (const what of ['POST /auth/login', 'POST /auth/%6Cogin', 'PUT /auth/login/../login'])
    expect([what, (await from('203.0.113.3', what, { body: credentials })).status]).toEqual([what, what.startsWith('PUT') ? 405 : 429])
  // What the client wrote itself stands left of what the proxy saw.
  for (const written of ['198.51.100.1, 203.0.113.3', '203.0.113.3, 10.1.1.1', '::ffff:203.0.113.3', '203.0.113.3:4711'])
    expect([written, (await login(written, 'nobody@example.com', 'x')).status]).toEqual([written, 429])
})

test('a stranger who is no proxy of ours cannot say that it is somebody else', async () => {
  const peer = '198.51.100.9'
  const answers = await times(6, (n) =>
    from(`203.0.113.${100 + n}`, 'POST /auth/login', { body: { email: 'x@example.com', password: 'x' }, peer }),
  )
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 429, 429])
})

test('answers from memory are not counted, and carry nothing of anybody’s limit', async () => {
  const answers = await times(60, () => from('203.0.113.4', 'GET /content?limit=2'))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  for (const { headers } of answers) expect([...headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([])
})

test('questions that nobody asked before are counted; the refused one harms nobody who waits for the same', async () => {
  const search = (address: string, q: string) => from(address, `GET /content/search?q=${q}`)
  const answers = await times(8, (n) => search('203.0.113.5', `palabra${n}`))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
  expect(answers[0]?.headers.has('ratelimit')).toBe(false)
  const [refused, other] = await Promise.all([search('203.0.113.5', 'nuevo'), search('203.0.113.6', 'nuevo')])
  expect([refused.status, other.status]).toEqual([429, 200])
  // Now it lies in memory, for everybody.
  expect((await search('203.0.113.5', 'nuevo')).status).toBe(200)
})

test('who is signed in is counted as an account, from wherever, and told what is left', async () => {
  const headers = { authorization: `Bearer ${accessToken}` }
  const answers = await times(12, (n) => from(`203.0.113.${20 + n}`, 'GET /users/me', { headers }))
  expect(answers.map(({ status }) => status)).toEqual([...Array<number>(10).fill(200), 429, 429])
  expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"read-account";q=10;w=60')
  expect(answers[0]?.headers.get('ratelimit')).toBe('"read-account";r=9;t=6')
  expect(answers[0]?.headers.get('x-ratelimit-remaining')).toBe('9')
  expect(answers.at(-1)?.body.limit).toBe('read-account')
})

test('forged tokens are counted before they are looked at', async () => {
  const headers = { authorization: 'Bearer not.a.token' }
  const answers = await times(22, () => from('203.0.113.7', 'GET /users/me', { headers }))
  expect(answers.map(({ status }) => status)).toEqual([...Array<number>(20).fill(401), 429, 429])
})

test('documents of GraphQL are counted before they are read, those that ask nothing too', async () => {
  const answers = await times(11, () => from('203.0.113.8', 'POST /graphql', { body: { query: '{ nothing' } }))
  expect(answers.slice(-3).map(({ status }) => status)).toEqual([200, 429, 429])
  expect(answers.at(-1)?.headers.get('retry-after')).toMatch(/^[67]$/)
  expect(answers.at(-1)?.body.errors[0].extensions).toMatchObject({ code: 'rate-limited', status: 429 })
})

test('accounts cannot be made in a row', async () => {
  const register = (n: number) =>
    from('2001:db8:1:2::1', 'POST /users', { body: { name: 'Ana', email: `ana-${n}@example.com`, password: 'correct horse battery' } })
  const answers = await times(3, register)
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 429])
  expect(answers.at(-1)?.headers.get('retry-after')).toMatch(/^(1800|17\d\d)$/)
  const neighbour = await from('2001:db8:1:2:ffff::1', 'POST /users', { body: {} })
  expect(neighbour.status).toBe(429)
})
