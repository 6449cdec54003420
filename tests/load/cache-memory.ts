// A process of its own that fills the response cache twice over, with lists that are asked for twice each, and says what it held at
// most beyond what it held before.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { systemClock } from '../../src/kit/clock.ts'
import { leanHeap } from '../../src/kit/lean-heap.ts'
import { operation } from '../../src/kit/operation.ts'
import { sealer } from '../../src/kit/seal.ts'
import { showing } from '../../src/kit/shown.ts'
import { noOutcomes, openCache, openEdge } from '../../src/services/read/edge.ts'

export interface Held {
  entries: number
  bytes: number
  /** The process, at most. */
  grownMib: number
}

const cacheMib = Number(process.argv[2])
// The second time a list is found by its key, and from then on by its address.
const times = 2
leanHeap(cacheMib)

const position = { epoch: 'e', seq: 1 }
const list = operation({
  name: 'listContent',
  kind: 'query',
  summary: '',
  tag: 'content',
  rest: { method: 'GET', path: '/content' },
  access: 'anyone',
  input: { query: z.strictObject({ page: z.string().optional() }) },
  status: 200,
  cache: 'content',
  run: async () => ({}),
})

/** As large as a list of twenty reviews, with as many tags: twenty of its own, the others shared, all in strings of their own as a driver makes them. */
function answer(request: Request): Response {
  const page = Number(new URL(request.url).searchParams.get('page'))
  const tags = Array.from({ length: 46 }, (_, n) => `review:${JSON.stringify([n < 20 ? page : page % 100, n])}`)
  const text = JSON.stringify({ page, data: Array.from({ length: 20 }, (_, n) => ({ n, text: 'words of a review. '.repeat(45) })) })
  const headers = {
    'content-type': 'application/json',
    etag: `"${page}"`,
    'cache-control': 'public, max-age=5',
    'cache-tag': tags.join(','),
  }
  const response = new Response(text, { headers })
  showing(response, list, { position, tags })
  return response
}

const cache = openCache(cacheMib * 2 ** 20)
const edge = openEdge(
  {
    operations: [list],
    cache,
    tail: { position: () => position, confirmedMs: () => systemClock.monotonic(), stalenessS: () => 0 },
    tokenSeal: sealer(new Uint8Array(32), 'token'),
    newRequestId: () => 'request-0001',
    clock: systemClock,
    outcomes: noOutcomes(),
    turnAway: () => null,
  },
  answer,
)

let next = 0
async function ask(count: number): Promise<number> {
  let most = 0
  for (let n = 0; n < count; n++) {
    next += 1
    for (let time = 0; time < times; time++)
      await (await edge(new Request(`http://localhost/content?page=${next}`), { address: '' })).arrayBuffer()
    if (n % 100 === 0) most = Math.max(most, rssBytes())
    if (n % 20 === 0) await systemClock.sleep(0) // a server turns with every request
  }
  return most
}
const rssBytes = () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024

await ask(300)
cache.clear(position)
Bun.gc(true)
const before = rssBytes()
const most = await ask(Math.round((2 * cacheMib * 2 ** 20) / 24_000))
process.stdout.write(JSON.stringify({ ...cache.size(), grownMib: Math.round((most - before) / 2 ** 20) } satisfies Held))
