// A deadline goes down to the database: what nobody waits for any more is given up there.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { systemClock } from '../../src/kit/clock.ts'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { startSystem, type TestSystem } from '../start.ts'
import { type GrpcClient, grpcClient } from './client.ts'

let system: TestSystem
let listener: GrpcListener
let client: GrpcClient
/** Within a transaction PostgreSQL shows everybody as they were at first: one looks, the other locks. */
let operator: pg.Client
let locker: pg.Client

beforeAll(async () => {
  system = await startSystem()
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  client = grpcClient(listener.address)
  ;[operator, locker] = [1, 2].map(() => new pg.Client({ connectionString: system.databaseUrl })) as [pg.Client, pg.Client]
  await Promise.all([operator.connect(), locker.connect()])
})
afterAll(async () => {
  await Promise.all([operator?.end(), locker?.end()])
  client?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

/** Statements of readers that PostgreSQL works on and that wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await operator.query(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name like 'rcr_read%' and state = 'active' and wait_event_type = 'Lock'`,
  )
  return rows[0].count
}

async function locked(work: () => Promise<void>): Promise<void> {
  const { rows } = await operator.query('select schema from content.live limit 1')
  await locker.query('begin')
  await locker.query(`lock table "${rows[0].schema}".review in access exclusive mode`)
  try {
    await work()
  } finally {
    await locker.query('rollback')
  }
}

/** The statement’s own time is 450 ms. */
const deadlineMs = 250
const search = (q: string, asking: object) => client.call('ContentService/SearchContent', { q }, asking)
const msUntilNone = async (sinceMs: number) => {
  while ((await waiting()) > 0) await systemClock.sleep(2)
  return performance.now() - sinceMs
}

/** On a connection that is there: making one may take longer than anybody waits here. */
const connected = async () => {
  while ((await search(`sensor ${performance.now()}`, {})).code !== 'OK') await systemClock.sleep(5)
}

test('a search that waits in PostgreSQL ends there at its client’s deadline, well before the statement’s own', async () => {
  // On a busy machine it may not have come as far as PostgreSQL by then: asked again.
  for (let isSeen = false; !isSeen; ) {
    await connected()
    await locked(async () => {
      const sinceMs = performance.now()
      const asked = search('autofoco', { timeoutMs: deadlineMs })
      while (!isSeen && performance.now() - sinceMs < deadlineMs - 20) isSeen = (await waiting()) > 0
      expect((await asked).code).toBe('DEADLINE_EXCEEDED')
      expect(await msUntilNone(sinceMs + deadlineMs)).toBeLessThan(100)
    })
  }
})

test('and at once when its client goes; the next one is answered', async () => {
  await connected()
  await locked(async () => {
    const gone = new AbortController()
    const asked = search('bateria', { signal: gone.signal })
    while ((await waiting()) === 0) await systemClock.sleep(2)
    const goneMs = performance.now()
    gone.abort()
    expect((await asked).code).toBe('CANCELLED')
    expect(await msUntilNone(goneMs)).toBeLessThan(100)
  })
  while ((await search('bateria', {})).code !== 'OK') await systemClock.sleep(5)
})
