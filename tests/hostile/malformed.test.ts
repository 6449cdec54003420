// Ten thousand malformed requests, drawn from the contract: every one is answered, in time, with a refusal that says so.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/clock.ts'
import { openApiOf } from '../../src/system/contracts.ts'
import { seeded } from '../random.ts'
import { startSystem, type TestSystem } from '../start.ts'
import { type Malformed, malformedRequests, operationsOf } from './requests.ts'
import { notJson } from './values.ts'

const seed = Number(process.env.HOSTILE_SEED ?? Math.floor(Math.random() * 2 ** 32))
const requests = Number(process.env.HOSTILE_REQUESTS ?? 10_000)
const longestMs = 5_000
const growthMax = 96 * 2 ** 20
const growthFrom = Math.min(3_000, requests / 2)

const callers = ['nobody', 'customer', 'editor', 'admin', 'admin'] as const
type Caller = (typeof callers)[number]

let system: TestSystem
let tokens: Record<Caller, string | null>
let document: ReturnType<typeof JSON.parse>

beforeAll(async () => {
  system = await startSystem()
  const tokenOf = async (name: string) => (await system.signIn(`${name}@example.com`)).accessToken
  tokens = { nobody: null, customer: await tokenOf('customer'), editor: await tokenOf('editor'), admin: await tokenOf('admin') }
  document = JSON.parse(openApiOf(system.services.operations))
})
afterAll(() => system?.[Symbol.asyncDispose]())

function requestOf({ method, target, headers, body }: Malformed, token: string | null): Request | null {
  try {
    const all = new Headers(token === null ? {} : { authorization: `Bearer ${token}` })
    for (const [name, value] of headers) all.set(name, value)
    const isRead = ['GET', 'HEAD'].includes(method.toUpperCase())
    return new Request(`http://localhost${target}`, { method, headers: all, body: isRead ? null : body })
  } catch {
    return null // what a client library refuses to send; tests/hostile/wire.test.ts sends bytes
  }
}

/** What is wrong with the answer, or null. */
async function faultOf(malformed: Malformed, request: Request): Promise<string | null> {
  const late = new AbortController()
  const answer = await Promise.race([system.fetch(request), systemClock.sleep(longestMs, late.signal).then(() => null)])
  late.abort()
  if (answer === null) return 'no answer'
  const { status, headers } = answer
  const text = await answer.text()
  if (status >= 500) return `${status} ${text}`
  if (!/^[\w.:-]{8,128}$/.test(headers.get('x-request-id') ?? '')) return `${status} without a request id`
  const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
  if (malformed.notJson && changes && status < 400) return `${status} to what is no JSON`
  if (status < 400) return null
  if (headers.get('content-type') !== 'application/problem+json') return `${status} as ${headers.get('content-type')}`
  if (request.method === 'HEAD') return text === '' ? null : 'a body for HEAD'
  const problem = JSON.parse(text)
  const isWhole =
    problem.status === status && [problem.type, problem.title, problem.detail, problem.code].every((one) => typeof one === 'string')
  return isWhole ? null : `${status} as ${text}`
}

describe('hostile input', () => {
  test(
    `${requests} malformed requests (seed ${seed}): each refused or answered as the contract says, none forgotten`,
    async () => {
      const content = await system.ask('GET /content?limit=5')
      const cameras = await system.ask('GET /cameras?limit=5')
      const found = [...content.body.data, ...cameras.body.data]
      const random = seeded(seed)
      const ids: string[] = found.map(({ id }) => id)
      const next = malformedRequests({ document, random, ids, slugs: found.map(({ slug }) => slug) })
      const faults: string[] = []
      let sent = 0
      let unsendable = 0
      let rss = 0
      while (sent < requests && faults.length < 20) {
        const malformed = next()
        const caller = callers[Math.floor(random() * callers.length)] ?? 'nobody'
        // Signing out would make strangers of all who come after.
        const request = requestOf(malformed, malformed.operationId === 'logout' ? null : tokens[caller])
        if (request === null) {
          unsendable += 1
          continue
        }
        const fault = await faultOf(malformed, request)
        if (fault !== null) faults.push(`${fault.slice(0, 300)} ← ${describeRequest(malformed, caller)}`)
        if (++sent === growthFrom) rss = settledRss()
        if (sent % 1000 === 0) faults.push(...faultsOfLog())
      }
      expect(faults).toEqual([])
      expect(unsendable).toBeLessThan(sent / 5)
      expect(settledRss() - rss).toBeLessThan(growthMax)
      expect((await system.ops('/healthz')).status).toBe(200)
      expect((await system.ask('GET /content')).status).toBe(200)
    },
    Math.max(120_000, requests * 20),
  )

  test('what is no JSON is refused by every operation that takes JSON', async () => {
    const operations = operationsOf(document).filter(({ body, operationId }) => body !== null && operationId !== 'logout')
    const accepted: string[] = []
    for (const { method, path, operationId, body } of operations)
      for (const text of notJson) {
        const headers = { authorization: `Bearer ${tokens.admin}`, 'content-type': body?.types[0] ?? '', 'if-match': '*' }
        const target = `http://localhost${path.replaceAll(/\{\w+\}/g, '01941f29-7c00-7000-8000-000000000001').replace('{version}', '1')}`
        const { status } = await system.fetch(new Request(target, { method, headers, body: text }))
        if (status !== 400) accepted.push(`${operationId}: ${status} to ${String(text).slice(0, 40)}`)
      }
    expect(accepted).toEqual([])
    expect(operations.length).toBeGreaterThan(15)
  }, 60_000)

  test('a line of the log is one event of what was asked, whatever stands in path and headers', async () => {
    expect(faultsOfLog()).toEqual([])
    const headers = { 'user-agent': '\u001b[31mred', 'x-request-id': '{"level":"error"}', origin: 'x\u0085y' }
    await system.ask('GET /content/%0d%0a%7b%22level%22:%22error%22%7d%1b%5b31m', { headers })
    const [event, ...more] = system.logLines.map((line) => JSON.parse(line))
    expect(more).toEqual([])
    expect(event).toMatchObject({ event: 'request', level: 'info', status: 404 })
    expect(JSON.stringify(event)).not.toInclude('\u001b')
    expect(faultsOfLog()).toEqual([])
  })
})

const describeRequest = ({ operationId, how, method, target, headers, body }: Malformed, caller: Caller) =>
  `${operationId} spoilt in ${how}, by ${caller}: ${method} ${target.slice(0, 300)} ${JSON.stringify(headers).slice(0, 300)} ${String(body).slice(0, 300)}`

/** Takes the lines that there are: each must be one event, no defect, and hold nothing that is secret. */
function faultsOfLog(): string[] {
  const secrets = [...Object.values(tokens), 'first-light', '$argon2', 'passwordHash', '@example.com'].filter((one) => one !== null)
  return system.logLines
    .splice(0)
    .filter(
      (line) =>
        !line.endsWith('}\n') ||
        line.indexOf('\n') < line.length - 1 ||
        JSON.parse(line).level === 'error' ||
        secrets.some((secret) => line.includes(secret)),
    )
    .map((line) => `logged: ${line}`)
}

function settledRss(): number {
  Bun.gc(true)
  return process.memoryUsage().rss
}
