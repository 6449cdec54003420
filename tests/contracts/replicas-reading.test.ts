// The port `Content` over two databases of which the nearer one fails in every way it can.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { openRelay, type Relay } from '../../scripts/world/relay.ts'
import { openContent } from '../../src/engines/postgres/content.ts'
import { openNearest } from '../../src/engines/postgres/content-nearest.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import type { Call } from '../../src/kit/operation.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import { openAnswers } from '../../src/services/read/answers.ts'
import { openTail } from '../../src/services/read/tail.ts'
import { dependencyOf } from '../dependencies.ts'
import { epoch, type Library, openLibrary, published } from '../library.ts'
import { ask, until } from '../ring.ts'
import { sampleId } from '../samples.ts'

let near: Library
let far: Library
let way: Relay
let aheadMs = 0
let content: ReturnType<typeof openNearest>

beforeAll(async () => {
  ;[near, far] = await Promise.all([openLibrary(), openLibrary()])
  await far.publish([published(1000)])
  const url = new URL(near.url)
  way = await openRelay(Number(url.port))
}, 60_000)
afterAll(async () => {
  await way[Symbol.asyncDispose]()
  await Promise.all([near.close(), far.close()])
})

beforeEach(() => {
  way.mend()
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const around = { clock, log: silentLog }
  const replica = (region: string, url: string) => ({
    region,
    content: openContent({ url, dependency: dependencyOf('database', { clock }), ...around }),
    dependency: dependencyOf('replica', { clock }),
  })
  const overWay = new URL(near.url)
  overWay.port = String(way.port)
  content = openNearest({ replicas: [replica('eu', overWay.href), replica('sa', far.url)], ...around })
})
afterEach(() => content.close())

const item = (signal?: AbortSignal) => content.item('camera', sampleId('camera', 1), signal)
const answeredBy = async (signal?: AbortSignal) => ((await item(signal)).borrowed ? 'sa' : 'eu')
const breakerOf = (region: string) => content.regions().find((status) => status.region === region)?.breaker

test('the near one answers; while it is away the next does, and says so', async () => {
  expect(await item()).not.toHaveProperty('borrowed')
  way.cut()
  expect(await item()).toMatchObject({ found: true, borrowed: true, position: { epoch, seq: far.seq() } })
  way.mend()
  aheadMs += 1_500 // the engine itself asks again after a second
  expect(await answeredBy()).toBe('eu')
})

test('after five failures in a row it is left alone for a minute, and two answers bring it back', async () => {
  way.cut()
  for (let n = 1; n <= 5; n++) expect(await answeredBy()).toBe('sa')
  expect(breakerOf('eu')).toBe('open')
  way.mend()
  aheadMs += 59_000
  expect(await answeredBy()).toBe('sa')
  aheadMs += 1_000
  expect(await answeredBy()).toBe('eu')
  expect(breakerOf('eu')).toBe('half-open')
  expect(await answeredBy()).toBe('eu')
  expect(breakerOf('eu')).toBe('closed')
})

test('a failure on trial leaves it alone for another minute', async () => {
  way.cut()
  for (let n = 1; n <= 5; n++) await item()
  aheadMs += 60_000
  expect(await answeredBy()).toBe('sa')
  expect(breakerOf('eu')).toBe('open')
})

test('a statement that takes too long is refused at once, and counts for nothing', async () => {
  const holding = 'rcr test holds a table'
  const locking = `set application_name = '${holding}'; begin; lock table "${near.schema}".camera in access exclusive mode; select pg_sleep(60)`
  const blocker = ask(near.url, locking).catch(() => {})
  while ((await ask<{ n: number }>(near.url, `select count(*)::int as n from pg_locks where mode = 'AccessExclusiveLock'`))[0]?.n === 0)
    await systemClock.sleep(5)
  try {
    for (let n = 1; n <= 5; n++) {
      const refusal = await item().catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(Refusal)
      expect((refusal as Refusal).reason).toBe('late')
    }
    expect(breakerOf('eu')).toBe('closed')
  } finally {
    await ask(near.url, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${holding}'`)
    await blocker
  }
}, 20_000)

test('whoever follows the near one is connected to the next before it is needed, for lists, for searches and for its tail', async () => {
  const [now] = await ask<{ at: string }>(far.url, 'select clock_timestamp()::text as at')
  await content.tail(null)
  const since = `backend_start > '${now?.at}' and application_name like 'rcr_read%' and datname = current_database()`
  await until(async () => (await ask<{ n: number }>(far.url, `select count(*)::int as n from pg_stat_activity where ${since}`))[0]?.n === 3)
})

/** Who reads cameras of the near one is told this. */
async function failing(code: string, meanwhile: () => Promise<void>): Promise<void> {
  await ask(
    near.url,
    `set search_path = "${near.schema}"; alter table camera rename to camera_aside;
    create function failing() returns setof camera_aside language plpgsql as $$ begin raise exception using errcode = '${code}'; end $$;
    create view camera as select * from failing(); grant select on camera to rcr_read`,
  )
  try {
    await meanwhile()
  } finally {
    const back = 'drop view camera; drop function failing(); alter table camera_aside rename to camera'
    await ask(near.url, `set search_path = "${near.schema}"; ${back}`)
  }
}

test('a row that replay takes away is asked of the next one, and counts for nothing', async () => {
  await failing('40001', async () => {
    for (let n = 1; n <= 6; n++) expect(await answeredBy()).toBe('sa')
    expect(breakerOf('eu')).toBe('closed')
  })
  expect(await answeredBy()).toBe('eu')
})

for (const [code, what] of [
  ['58030', 'whose disk does not read'],
  ['58P01', 'that misses a file'],
  ['53100', 'without room to sort in'],
  ['XX001', 'whose pages are damaged'],
  ['XX002', 'whose index is damaged'],
])
  test(`one ${what} is passed over, and left alone after five times`, async () => {
    await failing(code ?? '', async () => {
      for (let n = 1; n <= 5; n++) expect(await answeredBy()).toBe('sa')
      expect(breakerOf('eu')).toBe('open')
    })
  })

test('a request stays with the replica that answered it first', async () => {
  const [request, next] = [new AbortController().signal, new AbortController().signal]
  way.cut()
  expect(await answeredBy(request)).toBe('sa')
  way.mend()
  aheadMs += 1_500
  expect(await answeredBy(request)).toBe('sa')
  expect(await answeredBy(next)).toBe('eu')
})

test('a request that needs more than the near one has goes on where there is more', async () => {
  const { signal } = new AbortController()
  expect(await content.further?.({ epoch, seq: far.seq() + 1 }, signal)).toBe(false)
  expect(await answeredBy(signal)).toBe('eu')
  expect(await content.further?.({ epoch, seq: far.seq() }, signal)).toBe(true)
  expect(await answeredBy(signal)).toBe('sa')
})

test('with the near one away the tail follows the next, and comes back', async () => {
  expect((await content.tail(null)).position.seq).toBe(near.seq())
  way.cut()
  expect((await content.tail(near.seq())).changes).toMatchObject([{ kind: 'review', act: 'published' }])
  way.mend()
  expect((await content.tail(null)).position.seq).toBe(near.seq())
})

test('a token that the near one had while the next stood in for it is answered by that one', async () => {
  const cache = { purge() {}, clear() {} }
  const tail = openTail({ content, cache, clock: systemClock, log: silentLog })
  const looking = new AbortController()
  way.cut()
  const looked = tail.run(looking.signal)
  await until(() => tail.position()?.seq === far.seq())
  looking.abort() // before it sees that the near one is back
  await looked
  way.mend()
  aheadMs += 1_500
  const { signal } = new AbortController()
  const call = { atLeast: { epoch, seq: far.seq() }, signal } as Call
  expect(await openAnswers(tail, content).fresh(call, () => item(signal))).toMatchObject({ borrowed: true, position: { seq: far.seq() } })
})
