// The breaker before the read model opens for a database that hangs, and never because our own process stood still.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { openContent } from '../../src/engines/postgres/content.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Content } from '../../src/ports/content.ts'
import { dependencyOf } from '../dependencies.ts'
import { type Library, openLibrary } from '../library.ts'
import { openWire } from '../wire.ts'

let library: Library
beforeAll(async () => {
  library = await openLibrary()
})
afterAll(() => library.close())

const list = (content: Content) => content.list({ filters: {}, sort: 'newest', after: null, limit: 3 })

/** As a collection of garbage, or a machine that is paused: nothing of this process runs. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** Whoever reads reviews waits. */
async function holdReviews() {
  const client = new pg.Client({ connectionString: library.url })
  await client.connect()
  await client.query(`begin; lock table "${library.schema}".review in access exclusive mode`)
  return { release: () => client.end() }
}

const reasonOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'answered',
    (error) => (error instanceof Refusal ? error.reason : String(error)),
  )

// Longer than the patience with one read; longer than the driver's; longer than its patience with a new connection.
for (const ms of [1_100, 1_900, 2_600])
  test(`a process that stood still for ${ms} ms with reads under way goes on reading`, async () => {
    const content = openContent({ url: library.url, log, dependency: dependencyOf('database'), max: 4 })
    try {
      await list(content)
      // The first four hold the connections, the others wait for one.
      const underWay = Array.from({ length: 8 }, () => reasonOf(list(content)))
      standStill(ms)
      const outcomes = await Promise.all(underWay)
      if (ms < 1_600) expect(outcomes).toEqual(outcomes.map(() => 'answered'))
      expect(await reasonOf(list(content))).toBe('answered')
    } finally {
      await content.close()
    }
  })

test('a statement that takes too long is late, and no sign of trouble', async () => {
  const content = openContent({ url: library.url, log, dependency: dependencyOf('database'), max: 8 })
  const eight = () => Promise.all(Array.from({ length: 8 }, () => reasonOf(list(content))))
  await eight() // on a busy machine connecting takes what a read has beyond its statement
  const held = await holdReviews()
  try {
    const outcomes = await eight()
    expect(outcomes).toEqual(outcomes.map(() => 'late'))
  } finally {
    await held.release()
  }
  expect(await reasonOf(list(content))).toBe('answered')
  await content.close()
})

test('a database that hangs costs five reads their patience; the next is refused at once, and it is asked again when it is back', async () => {
  const wire = await openWire(library.url)
  const content = openContent({ url: wire.url, log, dependency: dependencyOf('database') })
  try {
    await list(content)
    wire.hang()
    expect(await Promise.all(Array.from({ length: 5 }, () => reasonOf(list(content))))).toEqual(Array(5).fill('unavailable'))
    const askedMs = systemClock.monotonic()
    expect(await reasonOf(list(content))).toBe('unavailable')
    expect(systemClock.monotonic() - askedMs).toBeLessThan(200)
    wire.mend()
    const deadlineMs = systemClock.monotonic() + 5_000
    while ((await reasonOf(list(content))) !== 'answered') {
      expect(systemClock.monotonic()).toBeLessThan(deadlineMs)
      await systemClock.sleep(20)
    }
  } finally {
    await content.close()
    wire.close()
  }
})
