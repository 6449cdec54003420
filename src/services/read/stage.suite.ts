// The response cache over a stand-in for the framework and the database, with a clock that only moves when told.
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
export const token = (seq: number, epoch = 'e1') => seal.seal([epoch, seq])

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

export type Stage = Awaited<ReturnType<typeof openStage>>

/** What stands in the database: the origin reads it, the tail follows it. When it is open the tail has looked once. */
export async function openStage() {
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
  let isFull = false
  let turnedAway = 0
  const turnAway = (key: string, requestId: string) => {
    if (!isFull) return null
    turnedAway += 1
    return new Response(`${key} ${requestId}`, { status: 503, headers: { 'x-request-id': requestId, 'retry-after': '1' } })
  }
  const edge = openEdge({ operations: [list, one], cache, tail, tokenSeal: seal, newRequestId, clock, outcomes, turnAway }, origin)
  void tail.run(new AbortController().signal)
  const settle = async () => {
    for (let n = 0; n < 20; n++) await Promise.resolve()
  }
  await settle()
  return {
    world,
    cache,
    outcomes,
    seenRequests,
    tail,
    asked: () => asked,
    settle,
    /** Whether there is room behind the cache, and how many questions were refused for want of it. */
    fillUp: (full: boolean) => {
      isFull = full
    },
    turnedAway: () => turnedAway,
    /** The answer, or the promise of one where something has to be waited for. */
    ask: (path: string) => edge(new Request(`http://rcr.example${path}`), { address: '192.0.2.1' }),
    get: async (path: string, headers: Record<string, string> = {}, method = 'GET', host = 'rcr.example') =>
      edge(new Request(`http://${host}${path}`, { method, headers }), { address: '192.0.2.1' }),
    /** Time passes; the tail looks once. */
    async pass(ms: number) {
      nowMs += ms
      for (const wake of [...sleepers]) wake()
      await settle()
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
  }
}
