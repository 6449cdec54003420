// The gateway before a region, as HAProxy runs it: what is asked once more and what never, who answers for whom, how much one may ask.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findHaproxy } from '../../scripts/world/engines.ts'
import { readingOperations } from '../../src/commands/haproxy.ts'
import { Gateway, haproxyConfig } from '../../src/commands/haproxy-config.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { haproxyIsThere } from '../haproxy.ts'
import { freePorts, until } from '../ring.ts'

const deploy = join(import.meta.dir, '..', '..', 'deploy', 'haproxy')
const folder = mkdtempSync(join(tmpdir(), 'rcr-gateway-'))
const reading = readingOperations({
  clock: systemClock,
  random: secureRandom,
  log: silentLog,
  metrics: openMetrics({ ofProcess: false }),
})

/** A service that remembers what it was asked. `status`: of its answers; null: it ends the connection without one. */
interface Stub {
  port: number
  asked: string[]
  status: number | null
  /** Of its check: 404 when it is about to stop. */
  readyz: 200 | 404 | 503
  /** An answer to a path with `slow` in it is whole when this resolves. */
  pace: Promise<void>
  /** It takes connections, and says nothing on them. */
  still: boolean
  close(): void
}
const stubs = new Map<string, Stub>()
const gateways: ChildProcess[] = []
let front = ''
let operators = ''
const limits = { reading: 300, other: 30 }

async function openStub(name: string): Promise<Stub> {
  const stub: Stub = { port: 0, asked: [], status: 200, readyz: 200, pace: Promise.resolve(), still: false, close: () => server.close() }
  const server: Server = createHttp(async (request, response) => {
    if (stub.still) return
    if (request.url === '/readyz') return void response.writeHead(stub.readyz).end()
    stub.asked.push(`${request.method} ${request.url} ${request.headers['x-forwarded-for']}`)
    if (stub.status === null) return void request.socket.destroy()
    response.writeHead(stub.status, { 'x-by': name }).write(`${name} `)
    if (request.url?.includes('slow')) await stub.pace
    response.end('whole')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stub.port = (server.address() as AddressInfo).port
  stubs.set(name, stub)
  return stub
}

const stub = (name: string): Stub => stubs.get(name) ?? expect.unreachable(name)
const by = async (path: string, init: RequestInit = {}, gateway = front) => {
  // A connection each: on one that was used before, the client would itself ask once more.
  const response = await fetch(`${gateway}${path}`, { keepalive: false, ...init })
  await response.arrayBuffer()
  return `${response.status} ${response.headers.get('x-by')}`
}
const afresh = () => {
  for (const one of stubs.values()) Object.assign(one, { asked: [], status: 200, readyz: 200, pace: Promise.resolve() })
}

beforeAll(async () => {
  if (!haproxyIsThere) return
  for (const name of ['eu-1', 'eu-2', 'na-1', 'sa-1', 'home']) await openStub(name)
  const opened = await openGateway([
    { region: 'eu', servers: [at('eu-1'), at('eu-2')] },
    { region: 'na', servers: [at('na-1')] },
    { region: 'sa', servers: [at('sa-1')] },
  ])
  front = opened.front
  operators = opened.operators
}, 20_000)

afterAll(async () => {
  for (const gateway of gateways) {
    const ended = new Promise((resolve) => gateway.once('exit', resolve))
    gateway.kill('SIGTERM')
    await ended
  }
  for (const one of stubs.values()) one.close()
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string) => ({ address: `127.0.0.1:${stub(name).port}`, check: `127.0.0.1:${stub(name).port}` })

/** HAProxy before the first of these regions. */
async function openGateway(readers: Gateway['readers']) {
  const [listen, ops, refusing] = (await freePorts(3)) as [number, number, number]
  const gateway: Gateway = {
    region: readers[0]?.region ?? '',
    listen: [`127.0.0.1:${listen}`],
    secure: null,
    operators: `127.0.0.1:${ops}`,
    readers,
    // Said to be ready by another one: nobody listens where it should.
    home: [{ ...at('home'), grpc: `127.0.0.1:${refusing}` }],
    limits,
  }
  const file = join(folder, `${gateway.region}.cfg`)
  writeFileSync(file, haproxyConfig(gateway, reading))
  gateways.push(spawn(findHaproxy(), ['-W', '-db', '-f', file], { stdio: 'ignore' }))
  const opened = { front: `http://127.0.0.1:${listen}`, operators: `http://127.0.0.1:${ops}` }
  await until(async () => (await fetch(`${opened.operators}/readyz`)).status === 200)
  return opened
}

test.skipIf(!haproxyIsThere)('what is shipped is what is generated, and HAProxy accepts it', async () => {
  const shipped = readFileSync(join(deploy, 'haproxy.cfg'), 'utf8')
  expect(shipped).toBe(haproxyConfig(Gateway.parse(JSON.parse(readFileSync(join(deploy, 'eu.json'), 'utf8'))), reading))
  const certificates = join(folder, 'certificates')
  mkdirSync(certificates)
  const [key, certificate, both] = ['key', 'crt', 'pem'].map((end) => join(certificates, `eu.${end}`)) as [string, string, string]
  const subject = ['-subj', '/CN=localhost', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate]
  // Not at once: meanwhile the services have to answer the checks of the gateway.
  const runToEnd = promisify(execFile)
  await runToEnd('openssl', ['req', '-x509', ...subject])
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
  for (const file of [key, certificate]) rmSync(file)
  copyFileSync(join(deploy, 'haproxy.cfg'), join(folder, 'shipped.cfg'))
  await runToEnd(findHaproxy(), ['-c', '-f', join(folder, 'shipped.cfg')])
})

test.skipIf(!haproxyIsThere)('what readers ask is answered in the region, everything else at home', async () => {
  afresh()
  for (const path of ['/api/v1/content?limit=3', '/content/search?q=a', '/api/v1/cameras/nikon-z8', '/graphql?documentId=sha256:1'])
    expect(await by(path)).toMatch(/^200 eu-[12]$/)
  for (const path of ['/api/v1/reviews', '/docs', '/graphql?query={a}', '/api/v1/content/a/b']) expect(await by(path)).toBe('200 home')
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) expect(await by('/api/v1/cameras/nikon-z8', { method })).toBe('200 home')
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  expect(await by('/api/v1/reviews', { headers })).toBe('200 home')
  expect(stub('home').asked.at(-1)).toBe('GET /api/v1/reviews 127.0.0.1')
})

test.skipIf(!haproxyIsThere)('a reader who got no answer is answered by another process; a command is never sent twice', async () => {
  afresh()
  stub('eu-1').status = null
  for (let n = 0; n < 10; n++) expect(await by(`/content?limit=${n}`)).toBe('200 eu-2')
  expect(stub('eu-1').asked.length).toBeGreaterThan(0)
  afresh()
  stub('home').status = null
  // The gateway ends the connection as the service did, or says so.
  const outcome = await by('/api/v1/reviews', { method: 'POST', body: '{}' }).catch(() => 'ended')
  expect(outcome).toMatch(/^(ended|502 null)$/)
  expect(stub('home').asked.length).toBe(1)
})

test.skipIf(!haproxyIsThere)(
  'when the only process of a region is killed in the middle of answers, the next region answers them',
  async () => {
    afresh()
    // A process of its own, for a kill closes all at once. It answers checks alone, and says with a dot that it was asked something else.
    const [port] = (await freePorts(1)) as [number]
    const answers = `({ url }) => url.endsWith('/readyz') ? new Response() : (process.stdout.write('.'), new Promise(() => {}))`
    const script = `Bun.serve({ hostname: '127.0.0.1', port: ${port}, fetch: ${answers} })`
    const only = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      let asked = 0
      only.stdout.on('data', (dots: Buffer) => {
        asked += dots.length
      })
      await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
      const servers = [{ address: `127.0.0.1:${port}`, check: `127.0.0.1:${port}` }]
      const lonely = await openGateway([
        { region: 'lonely', servers },
        { region: 'sa', servers: [at('sa-1')] },
      ])
      const waiting = Array.from({ length: 8 }, (_, n) => by(`/content?limit=${n}`, {}, lonely.front))
      await until(async () => asked >= waiting.length)
      only.kill('SIGKILL')
      expect(await Promise.all(waiting)).toEqual(waiting.map(() => '200 sa-1'))
    } finally {
      only.kill('SIGKILL')
    }
  },
  20_000,
)

test.skipIf(!haproxyIsThere)('a 503 stands: nobody else is asked', async () => {
  afresh()
  for (const name of ['eu-1', 'eu-2']) stub(name).status = 503
  expect(await by('/content')).toMatch(/^503 eu-[12]$/)
  expect(stub('eu-1').asked.length + stub('eu-2').asked.length).toBe(1)
  expect(stub('na-1').asked).toEqual([])
})

test.skipIf(!haproxyIsThere)(
  'a region whose processes are not ready is answered for by the next, or the one after it, which metrics tell, and answers again afterwards',
  async () => {
    afresh()
    for (const name of ['eu-1', 'eu-2']) stub(name).readyz = 503
    await until(async () => (await by('/content')) === '200 na-1')
    expect(await by('/api/v1/content/search?q=a')).toBe('200 na-1')
    stub('na-1').readyz = 503
    await until(async () => (await by('/content')) === '200 sa-1')
    expect((await fetch(`${operators}/readyz`)).status).toBe(200) // readers are answered
    for (const name of ['eu-1', 'eu-2']) expect(await statesOf(name)).toEqual({ 'readers-eu': 'DOWN' })
    for (const name of ['eu-1', 'eu-2', 'na-1']) stub(name).readyz = 200
    await until(async () => /^200 eu-[12]$/.test(await by('/content')))
  },
  20_000,
)

test.skipIf(!haproxyIsThere)(
  'a process that stands still is found out within five seconds: others answer whoever waits for it, and all who come later',
  async () => {
    afresh()
    for (const name of ['eu-1', 'eu-2']) stub(name).still = true
    try {
      const sinceMs = systemClock.monotonic()
      const waiting = Array.from({ length: 8 }, (_, n) => by(`/content?limit=${n}`))
      expect(await Promise.all(waiting)).toEqual(waiting.map(() => '200 na-1'))
      expect(systemClock.monotonic() - sinceMs).toBeLessThan(6_000)
      const laterMs = systemClock.monotonic()
      expect(await by('/content')).toBe('200 na-1')
      expect(systemClock.monotonic() - laterMs).toBeLessThan(500)
    } finally {
      for (const name of ['eu-1', 'eu-2']) stub(name).still = false
    }
    await until(async () => /^200 eu-[12]$/.test(await by('/content')))
  },
  30_000,
)

test.skipIf(!haproxyIsThere)('over HTTP/2 as well', async () => {
  afresh()
  const session = connectHttp2(front)
  const status = await new Promise((resolve, reject) => {
    session.once('error', reject)
    session.request({ ':path': '/api/v1/content' }).once('response', (headers) => resolve(headers[':status']))
  })
  session.destroy()
  expect(status).toBe(200)
})

test.skipIf(!haproxyIsThere)('a connection refused to a command is a 503 that says when to come back, with its metrics', async () => {
  const response = await fetch(`${front}/rcr.v1.ContentService/ReadCamera`, {
    method: 'POST',
    headers: { 'content-type': 'application/grpc' },
  })
  expect({ status: response.status, retryAfter: response.headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '1' })
  expect(await response.json()).toMatchObject({ status: 503, code: 'unavailable' })
  const metrics = await (await fetch(`${operators}/metrics`)).text()
  expect(metrics).toMatch(/haproxy_server_connection_attempts_total\{proxy="home-grpc",server="home-1"\} 1\b/)
})

/** How the gateway sees a server, by backend. */
const statesOf = async (name: string) => {
  const metrics = await (await fetch(`${operators}/metrics`)).text()
  const states = metrics.matchAll(/haproxy_server_status\{proxy="([^"]+)",server="([^"]+)",state="([^"]+)"\} 1\b/g)
  return Object.fromEntries([...states].filter(([, , server]) => server === name).map(([, proxy, , state]) => [proxy, state]))
}
const untilSeen = (name: string, state: string) => until(async () => Object.values(await statesOf(name)).every((seen) => seen === state))

test.skipIf(!haproxyIsThere)(
  'a process that is about to stop is sent nobody else, and what it has begun to answer comes whole',
  async () => {
    afresh()
    const names = ['eu-1', 'eu-2', 'na-1']
    for (const name of names) await untilSeen(name, 'UP')
    const slow = Promise.withResolvers<void>()
    for (const name of names) stub(name).pace = slow.promise
    const begun = await Promise.all([1, 2, 3, 4].map((n) => fetch(`${front}/content?slow=${n}`, { keepalive: false })))
    for (const name of names) stub(name).readyz = 404
    for (const name of names) await untilSeen(name, 'NOLB') // not down: that is what its operators are woken up for
    await until(async () => (await by('/content')) === '200 sa-1')
    slow.resolve()
    for (const answer of begun) expect(await answer.text()).toBe(`${answer.headers.get('x-by')} whole`)
    expect(new Set(begun.map(({ headers }) => headers.get('x-by')))).toEqual(new Set(['eu-1', 'eu-2']))
    afresh()
    for (const name of names) await untilSeen(name, 'UP')
  },
  20_000,
)

test.skipIf(!haproxyIsThere)('at home, whoever is about to stop is sent no commands and no calls either', async () => {
  afresh()
  stub('home').readyz = 404
  await untilSeen('home-1', 'NOLB')
  expect(Object.keys(await statesOf('home-1'))).toEqual(['home', 'home-commands', 'home-grpc'])
  afresh()
  await untilSeen('home-1', 'UP')
})

test.skipIf(!haproxyIsThere)('whoever asks too much is told so, in each of two measures', async () => {
  afresh()
  const statuses: number[] = []
  for (let n = 0; n <= limits.other; n++) statuses.push((await fetch(`${front}/api/v1/reviews`, { method: 'POST' })).status)
  expect(statuses.at(-1)).toBe(429)
  const response = await fetch(`${front}/api/v1/reviews`)
  expect({ status: response.status, retryAfter: response.headers.get('retry-after') }).toEqual({ status: 429, retryAfter: '10' })
  expect(await response.json()).toMatchObject({ code: 'too-many' })
  expect(await by('/content')).toMatch(/^200 eu/) // reading is another measure
  const asked = await Promise.all(Array.from({ length: limits.reading + 1 }, () => fetch(`${front}/content`).then(({ status }) => status)))
  expect(asked).toContain(429)
})
