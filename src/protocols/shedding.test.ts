import { expect, test } from 'bun:test'
import { systemClock } from '../kit/clock.ts'
import { silentLog } from '../kit/log.ts'
import { openMetrics } from '../kit/metric.ts'
import { type Call, operation } from '../kit/operation.ts'
import type { Refusal } from '../kit/refusal.ts'
import { openShedding } from './shedding.ts'

const received = { address: '127.0.0.1' }
const url = 'http://localhost/api/v1'

function sheddingOf() {
  const metrics = openMetrics({ ofProcess: false })
  const shedding = openShedding({
    atOnce: { query: 1, search: 1, personal: 1, command: 1 },
    searches: ['/content/search'],
    origins: [],
    newRequestId: () => 'made-here',
    clock: systemClock,
    log: silentLog,
    metrics,
  })
  const open: (() => void)[] = []
  const handler = shedding.queries(() => new Promise((resolve) => open.push(() => resolve(new Response('answer')))))
  const ask = (path: string, init: RequestInit = {}) => handler(new Request(url + path, init), received)
  /** Holds the place of a class, and fills what may stand in line for it, so that the next is refused at once. */
  const fill = (path: string, init: RequestInit = {}) => Array.from({ length: 40 }, () => ask(path, init))
  const end = async (asked: Promise<Response>[]) => {
    const all = Promise.all(asked)
    const opening = setInterval(() => open.splice(0).map((one) => one()), 1)
    await all
    clearInterval(opening)
  }
  return { shedding, metrics, ask, fill, end, open }
}

test('a flood of one class takes no place of another', async () => {
  const { shedding, fill, ask, end, open } = sheddingOf()
  const flood = fill('/content?limit=3')
  expect(open.length).toBe(1)
  const others = [
    ask('/content/search?q=x'),
    ask('/content', { headers: { authorization: 'Bearer x' } }),
    ask('/content', { method: 'POST' }),
    ask('/content', { method: 'OPTIONS' }),
  ]
  await Promise.resolve()
  expect(open.length).toBe(5)
  expect(shedding.load()).toMatchObject({ search: { running: 1 }, personal: { running: 1 }, query: { running: 1 } })
  await end([...flood, ...others])
})

test('what is refused is a problem document with the time to come back, open to every page, and counted', async () => {
  const { metrics, fill, ask, end } = sheddingOf()
  const flood = fill('/content')
  const refused = await ask('/content', { headers: { 'x-request-id': 'asked-with-it' } })
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toMatch(/^[123]$/)
  expect(refused.headers.get('x-request-id')).toBe('asked-with-it')
  expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  expect(refused.headers.get('cache-control')).toBe('no-store')
  expect(await refused.json()).toMatchObject({ status: 503, code: 'overloaded', instance: '/api/v1/content' })
  const head = await ask('/content', { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([503, ''])
  const { body } = await metrics.text()
  expect(body).toMatch(/^rcr_gate_requests\{class="query",state="running"\} 1$/m)
  expect(Number(/^rcr_gate_refused_total\{class="query"\} (\d+)$/m.exec(body)?.[1])).toBeGreaterThanOrEqual(2)
  await end(flood)
})

test('whoever stands further out is told beforehand, with the same answer, by the gate of the same class', async () => {
  const { shedding, fill, ask, end } = sheddingOf()
  expect(shedding.turnAway('/api/v1/content', 'asked-first')).toBeNull()
  const flood = fill('/content')
  const { refused } = shedding.load().query
  const shown = async ({ status, headers, body }: Response) => {
    const { 'retry-after': _, 'content-length': __, ...others } = Object.fromEntries(headers)
    return { status, others, document: await new Response(body).json() }
  }
  const late = await ask('/content?limit=3', { headers: { 'x-request-id': 'one-of-them' } })
  const early = shedding.turnAway('/api/v1/content?limit=3', 'one-of-them')
  if (early === null) throw new Error('let in')
  expect(early.headers.get('retry-after')).toMatch(/^[123]$/)
  expect(early.headers.get('content-length')).toBe(String((await early.clone().text()).length))
  expect(await shown(early)).toEqual(await shown(late))
  expect(shedding.load().query.refused).toBe(refused + 2)
  expect(shedding.turnAway('/api/v1/content/search?q=x', 'asked-too')).toBeNull()
  await end(flood)
})

test('a command takes its place when it is run, not while it is sent', async () => {
  const { shedding } = sheddingOf()
  const place = Promise.withResolvers<void>()
  const declared = operation({
    name: 'makeIt',
    kind: 'command',
    summary: 'Makes it.',
    tag: 'things',
    rest: { method: 'POST', path: '/things' },
    access: 'anyone',
    input: {},
    status: 204,
    run: () => place.promise.then(() => ({})),
  })
  const [gated] = shedding.commands([declared])
  const runs = Array.from({ length: 40 }, () => gated?.run({} as never, {} as Call).catch((refusal: Refusal) => refusal.code))
  expect(shedding.load().command.running).toBe(1)
  expect(shedding.load().command.refused).toBeGreaterThan(10)
  place.resolve()
  const outcomes = await Promise.all(runs)
  expect(outcomes.filter((outcome) => outcome === 'overloaded').length).toBe(shedding.load().command.refused)
  expect(shedding.load().command).toMatchObject({ running: 0, waiting: 0 })
})
