// The breaker before the read model opens for a database that hangs, and never because our own process stood still.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { openContent } from '../../src/engines/postgres/content.ts'
import { openNearest } from '../../src/engines/postgres/content-nearest.ts'
import type { BreakerPolicy, BreakerState } from '../../src/kit/breaker.ts'
import { type Clock, systemClock } from '../../src/kit/clock.ts'
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

/** Statements of readers that wait for a lock. */
async function waiting(): Promise<number> {
  const client = new pg.Client({ connectionString: library.url })
  await client.connect()
  const { rows } = await client.query(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name like 'rcr_read%' and state = 'active' and wait_event_type = 'Lock'`,
  )
  await client.end()
  return rows[0].count
}

test('a try whose time is over ends its statement, and does not keep its connection until the statement ends by itself', async () => {
  // PostgreSQL would give the statement almost a minute, and so does the clock until it is told that the minute has passed.
  const minute = Promise.withResolvers<void>()
  let nowMs = 0
  const clock: Clock = {
    now: systemClock.now,
    monotonic: () => nowMs,
    async sleep(ms) {
      await minute.promise
      nowMs += ms
    },
  }
  const dependency = dependencyOf('database', { clock, tryMs: 60_000, callMs: 60_000 })
  const content = openContent({ url: library.url, log, dependency, max: 1 })
  const held = await holdReviews()
  try {
    const asked = reasonOf(list(content))
    while ((await waiting()) === 0) await systemClock.sleep(5)
    minute.resolve()
    expect(await asked).toBe('unavailable')
    while ((await waiting()) > 0) await systemClock.sleep(5)
  } finally {
    await held.release()
    await content.close()
  }
}, 10_000)

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

test('the tail looks on while readers leave the database alone: what it purges must not wait for them', async () => {
  const wire = await openWire(library.url)
  const dependency = dependencyOf('database', { breaker: { failures: 1, openMs: 60_000, successes: 1 } })
  const content = openContent({ url: wire.url, log, dependency })
  try {
    wire.cut()
    await reasonOf(list(content))
    wire.mend()
    expect(await reasonOf(list(content))).toBe('unavailable')
    expect(await reasonOf(content.tail(null))).toBe('answered')
    expect(await reasonOf(content.applied())).toBe('answered')
  } finally {
    await content.close()
    wire.close()
  }
})

/** The near one lies behind a wire, and is given up soon; the far one is always there. */
async function openTwo(breaker: BreakerPolicy) {
  const wire = await openWire(library.url)
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const quick = dependencyOf('database', { tryMs: 500, callMs: 500 })
  const replica = dependencyOf('replica', { clock, breaker })
  const near = openContent({ url: wire.url, log, dependency: quick })
  const far = openContent({ url: library.url, log, dependency: dependencyOf('database') })
  const content = openNearest({
    clock,
    replicas: [
      { region: 'near', content: near, dependency: replica },
      { region: 'far', content: far, dependency: replica },
    ],
  })
  while ((await content.tail(null)).borrowed) await systemClock.sleep(5)
  return {
    wire,
    content,
    breaker: () => content.regions()[0]?.breaker,
    passMs: (ms: number) => {
      aheadMs += ms
    },
    async close() {
      await content.close()
      wire.close()
    },
  }
}

test('a replica that hangs is left alone though nobody but the tail looks at it, and again after a trial without an answer', async () => {
  const { wire, content, breaker, passMs, close } = await openTwo({ failures: 2, openMs: 60_000, successes: 1 })
  try {
    wire.hang()
    for (const state of ['closed', 'open']) {
      expect(await content.tail(null)).toMatchObject({ borrowed: true })
      expect(breaker()).toBe(state as BreakerState)
    }
    passMs(60_000)
    expect(await content.tail(null)).toMatchObject({ borrowed: true })
    expect(breaker()).toBe('open')
    passMs(60_000)
    wire.mend()
    expect(await content.tail(null)).not.toHaveProperty('borrowed')
    expect(breaker()).toBe('closed')
  } finally {
    await close()
  }
})

test('a trial that ends because this process stood still decides nothing', async () => {
  const { wire, content, breaker, close } = await openTwo({ failures: 1, openMs: 0, successes: 1 })
  try {
    wire.hang()
    await content.tail(null)
    expect(breaker()).toBe('open')
    const before = wire.connections()
    const trial = content.tail(null)
    while (wire.connections() === before) await systemClock.sleep(1)
    standStill(2_600) // longer than the driver's patience with a new connection
    await trial
    expect(breaker()).toBe('half-open')
  } finally {
    await close()
  }
})
