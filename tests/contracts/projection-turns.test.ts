// A projector that works off a backlog in the process that answers readers: it never keeps that process to itself for long.
import { expect, test } from 'bun:test'
import type { Change } from '../../src/domain/change.ts'
import { wordDeltas } from '../../src/engines/postgres/counts.ts'
import { fold } from '../../src/engines/postgres/fold.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { mapped } from '../../src/engines/postgres/rows.ts'
import { systemClock as clock } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { corpus } from '../../src/services/write/corpus.ts'
import { testPostgres } from '../postgres.ts'
import { sampleCamera, sampleId, sampleReview, sampleTime } from '../samples.ts'

/** On the processor, so that others on the machine do not count. */
const usedMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

test('a batch of a thousand reviews leaves others their turn while it counts the words', async () => {
  await using stack = new AsyncDisposableStack()
  const database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  await prepareDatabase(database.url, log)
  const projection = openProjection({ url: database.url, clock, log })
  stack.defer(() => projection.close())

  const cameras = Array.from({ length: 50 }, (_, n) => sampleCamera(n))
  const review = corpus(1, { cameras, lenses: [], editorIds: [sampleId('editor', 1)] })
  const changes = Array.from({ length: 1001 }, (_, n): Change => {
    const { id, publishedAt, fields } = review(n)
    const document = sampleReview(n, { ...fields, id, status: 'published', publishedAt })
    return { seq: n + 1, at: sampleTime, by: null, kind: 'review', id, version: 1, document }
  })
  const { schema } = await projection.open('2026-11-28-a')
  await projection.apply(schema, changes.slice(0, 1), { seq: 1, at: sampleTime }) // from here on it counts words with every batch

  let isOver = false
  let longestMs = 0
  const others = (async () => {
    for (let lastMs = usedMs(); !isOver; ) {
      await new Promise((resolve) => setImmediate(resolve))
      const nowMs = usedMs()
      longestMs = Math.max(longestMs, nowMs - lastMs)
      lastMs = nowMs
    }
  })()
  await projection.apply(schema, changes.slice(1), { seq: 1001, at: sampleTime })
  isOver = true
  await others

  const kinds = ['review', 'camera', 'lens', 'editor', 'category', 'product', 'stock'] as const
  const nothing = Object.fromEntries(kinds.map((kind) => [kind, new Map()])) as unknown as Parameters<typeof fold>[0]
  const { changed } = fold(nothing, changes.slice(1).map(mapped))
  const beganMs = usedMs()
  expect(wordDeltas(changed).length).toBeGreaterThan(1000)
  const atOnceMs = usedMs() - beganMs
  console.log(`the longest ${longestMs.toFixed(0)} ms; all words at once ${atOnceMs.toFixed(0)} ms`)
  // Measured: 76 of 208, most of it rows made into JSON. With all words at once it is as much as that, and more.
  expect(longestMs).toBeLessThan(0.7 * atOnceMs)
}, 60_000)
