// Writes to DynamoDB. Asked: { endpoint, table, side, concurrency, seconds, from }; `side` is `master`, for reviews as the write
// service commits them, or `bare`, for items of the same bytes, each put on condition that it is new.

import { draft, publish, type Review } from '../../src/domain/review.ts'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { openTable } from '../../src/engines/dynamodb/table.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { corpus } from '../../src/services/write/corpus.ts'
import { localClient } from '../kit/local-dynamo.ts'
import { percentile } from '../kit/measure.ts'
import { answer, asked, loops } from './asked.ts'

const { endpoint, table, side, concurrency, seconds, from } = asked<{
  endpoint: string
  table: string
  side: 'master' | 'bare'
  concurrency: number
  seconds: number
  from: number
}>()

const around = { clock: systemClock, random: secureRandom }
const call = localClient(endpoint)
const editorId = '019aa5c0-0000-7000-8004-000000000001'
const camera = { id: '019aa5c0-0000-7000-8002-000000000001', brand: 'Nikon', model: 'Z8', mount: 'Nikon Z' }
const make = corpus(2, { cameras: [camera], lenses: [], editorIds: [editorId] })

function reviewOf(nth: number): Review {
  const now = instant(systemClock)
  const id = `019aa5c0-0000-7000-8001-${(from + nth).toString(16).padStart(12, '0')}`
  const { slug, ...fields } = make(nth).fields
  return publish(draft(fields, { id, slug: `${slug}-${from + nth}`, editorId, now }), now)
}

const acts: Record<typeof side, () => Promise<(nth: number) => Promise<unknown>>> = {
  async bare() {
    const to = openTable(table, call)
    return (nth) => to.add({ pk: `bare#${from + nth}`, sk: Buffer.from([0]), value: JSON.stringify(reviewOf(nth)) })
  },
  async master() {
    const master = await openDynamoMaster({ table, call, ...around })
    return async (nth) => {
      const document = reviewOf(nth)
      const outcome = await master.commit({
        at: document.createdAt,
        by: document.editorId,
        writes: [{ kind: 'review', id: document.id, expected: 0, document }],
        claims: { take: [{ name: `slug:review:${document.slug}`, owner: document.id }] },
        idempotency: { key: document.id, requestHash: '', answer: { status: 201, kind: 'review', id: document.id, version: 1 } },
      })
      if (!outcome.committed) throw new Error(JSON.stringify(outcome))
    }
  },
}

const { tookMs, seconds: lasted } = await loops(concurrency, seconds, await acts[side]())
answer({ count: tookMs.length, seconds: lasted, p50Ms: percentile(tookMs, 50), p99Ms: percentile(tookMs, 99) })
process.exit(0)
