// A thousand readers and one slow question: what waits behind the database waits once, and nobody else waits with it.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Socket } from 'bun'
import pg from 'pg'
import { post } from '../process.ts'
import { pageOf, type Standing, standing, until } from './load.ts'

let here: Standing
let other: pg.Client
let schema: string

beforeAll(async () => {
  here = await standing()
  other = new pg.Client({ connectionString: here.databaseUrl })
  await other.connect()
  const { rows } = await other.query('select schema from content.live order by switched_at desc limit 1')
  schema = rows[0].schema
}, 60_000)
afterAll(async () => {
  await other?.end()
  await here?.[Symbol.asyncDispose]()
})

/** Every question about reviews waits meanwhile. Statements give up after 0.7 s, so the work must be shorter. */
async function whileReviewsAreLocked<T>(work: () => Promise<T>): Promise<T> {
  await other.query(`begin; lock table "${schema}".review in access exclusive mode`)
  try {
    return await work()
  } finally {
    await other.query('rollback')
  }
}

/** Questions that wait for the lock. */
const locked = () => other.query(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)

const get = (path: string, headers: Record<string, string> = {}) => fetch(here.system.api + path, { headers })

/** So many connections that are open before they ask together. */
async function crowd(size: number) {
  const { hostname, port } = new URL(here.system.api)
  const heads: PromiseWithResolvers<string>[] = []
  const sockets: Socket<number>[] = []
  const lines: string[] = []
  for (let at = 0; at < size; at += 100)
    sockets.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(100, size - at) }, (_, n) =>
          Bun.connect<number>({
            hostname,
            port: Number(port),
            data: at + n,
            socket: {
              // Bun sends the line of a status in pieces, when it answers later than at once.
              data({ data }, chunk) {
                lines[data] = (lines[data] ?? '') + chunk.toString('latin1', 0, 12)
                if (lines[data].length >= 12) heads[data]?.resolve(lines[data].slice(0, 12))
              },
              close: ({ data }) => heads[data]?.resolve('closed'),
            },
          }),
        ),
      )),
    )
  return {
    ask(path: (n: number) => string): Promise<string[]> {
      lines.length = 0
      heads.splice(0, size, ...sockets.map(() => Promise.withResolvers<string>()))
      for (const socket of sockets) socket.write(`GET ${path(socket.data)} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
      return Promise.all(heads.map(({ promise }) => promise))
    },
    close: () => sockets.map((socket) => socket.end()),
  }
}

test('1,000 readers of one list that has just changed make one query', async () => {
  const list = '/api/v1/content?limit=7'
  await (await get(list)).text()
  const readers = await crowd(1000)
  await publish('Just changed')
  const before = (await pageOf(here.system)).read.cache
  let asking: Promise<string[]> = Promise.resolve([])
  const waiting = await whileReviewsAreLocked(async () => {
    asking = readers.ask(() => list)
    // Until all of them are in, or as long as a statement may take. Whoever comes later finds the answer.
    const endMs = performance.now() + 400
    while ((await pageOf(here.system)).read.cache.joined < before.joined + 999 && performance.now() < endMs) await Bun.sleep(5)
    return (await locked()).rows[0].count
  })
  const statuses = await asking
  expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 200']))
  expect(statuses.length).toBe(1000)
  expect(waiting).toBe('1')
  const after = (await pageOf(here.system)).read.cache
  expect(after.fill - before.fill).toBe(1)
  expect(after.joined + after.hit - before.joined - before.hit).toBe(999)
  readers.close()
}, 30_000)

test('a question that hangs does not slow what is in memory', async () => {
  const list = '/api/v1/content?limit=8'
  await (await get(list)).text()
  let isAnswered = false
  let slow: Promise<Response> | undefined
  await whileReviewsAreLocked(async () => {
    slow = get('/api/v1/content?limit=9')
    void slow.then(() => {
      isAnswered = true
    })
    await until(locked, ({ rows }) => rows[0].count === '1')
    for (let n = 0; n < 50; n++) expect((await get(list)).headers.get('cache-status')).toContain('hit')
    expect(isAnswered).toBe(false)
  })
  expect((await slow)?.status).toBe(200)
}, 30_000)

test('when all places are taken the next are refused at once, readers of what is in memory are not, nor is readiness touched', async () => {
  const readers = await crowd(60)
  const before = (await pageOf(here.system)).load.query.refused
  let asking: Promise<string[]> = Promise.resolve([])
  await whileReviewsAreLocked(async () => {
    asking = readers.ask((n) => `/api/v1/content?publishedBefore=2031-01-01T00:00:${String(n).padStart(2, '0')}Z`)
    const { load } = await until(
      () => pageOf(here.system),
      ({ load: { query } }) => query.refused >= before + 44,
      600,
    )
    expect(load.query).toEqual({ running: 16, waiting: 0, refused: before + 44 })
    expect((await get('/api/v1/content?limit=8')).status).toBe(200)
    expect((await fetch(`${here.system.ops}/readyz`)).status).toBe(200)
    const refused = await get('/api/v1/content?publishedBefore=2032-01-01T00:00:00Z')
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(await refused.json()).toMatchObject({ status: 503, code: 'overloaded' })
  })
  const statuses = await asking
  expect(statuses.filter((status) => status === 'HTTP/1.1 200').length).toBe(16)
  expect(statuses.filter((status) => status === 'HTTP/1.1 503').length).toBe(44)
  readers.close()
}, 30_000)

/** Published, and every reader sees it. */
async function publish(title: string): Promise<void> {
  const { api } = here.system
  const signedIn = await post(`${api}/auth/login`, { email: 'editor@example.com', password: 'first-light-2026' })
  const authorization = `Bearer ${((await signedIn.json()) as { accessToken: string }).accessToken}`
  const camera = (await (await get('/cameras/nikon-z8')).json()) as { id: string }
  const review = { title, summary: title, body: 'Text.', language: 'en', cameraId: camera.id, status: 'published' }
  const made = await post(`${api}/reviews`, review, { authorization })
  expect(made.status).toBe(201)
  const token = made.headers.get('consistency-token') ?? ''
  await until(
    () => get('/api/v1/content?limit=1', { 'consistency-token': token }),
    ({ status }) => status === 200,
  )
}
