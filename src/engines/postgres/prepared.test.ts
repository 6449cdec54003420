// Named statements on one connection: what comes back, and that whatever fails leaves the connection, or the pool, fit for the next.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type TestDatabase, testPostgres } from '../../../tests/postgres.ts'
import { silentLog as log } from '../../kit/log.ts'
import { type Database, openPool } from './connect.ts'

let database: TestDatabase
let pool: Database
beforeAll(async () => {
  database = await (await testPostgres()).database()
  pool = openPool({ url: database.url, role: null, max: 1, log, timeoutMs: 300 })
  await pool.query('create table kept (n int)')
}, 60_000)
afterAll(async () => {
  await pool.close()
  await database.drop()
})

const ask = (name: string, text: string, ...values: unknown[]) => pool.query<Record<string, unknown>>({ name, text }, values)
const two = 'select $1::int8 as n, $2::text as t, null::text as none from generate_series(1, 2)'

test('rows come with the same columns and types each time, also none, and of no columns', async () => {
  const row = { n: 9_007_199_254_740_991, t: 'é', none: null }
  for (let time = 0; time < 3; time++) expect(await ask('two', two, '9007199254740991', 'é')).toEqual([row, row])
  expect(await ask('none', 'select 1 as n where $1::int = 2', 1)).toEqual([])
  expect(await ask('empty', 'select from generate_series(1, $1::int)', 2)).toEqual([{}, {}])
  expect(await ask('no answer', 'insert into kept values ($1)', 7)).toEqual([])
  expect(await pool.query('select n from kept')).toEqual([{ n: 7 }])
  expect(await ask('json', 'select $1::json as j, array[$2::int] as a', '{"a":1}', 3)).toEqual([{ j: { a: 1 }, a: [3] }])
})

test('a statement that fails fails alone', async () => {
  const half = 'select 10 / (n - $1::int) as q from generate_series(1, 3) n'
  for (let time = 0; time < 2; time++) {
    await expect(ask('half', half, 2)).rejects.toThrow() // with its second row
    expect(await ask('half', half, 0)).toEqual([{ q: 10 }, { q: 5 }, { q: 3 }])
    await expect(ask('two', two, 'no number', '')).rejects.toThrow()
    expect(await ask('two', two, 1, 'x')).toHaveLength(2)
    await expect(ask('wrong', 'select from nowhere where $1', 1)).rejects.toThrow()
  }
  await expect(ask('late', 'select pg_sleep($1)', 5)).rejects.toThrow()
  expect(await ask('two', two, 1, 'x')).toHaveLength(2)
})

test('another text under a name that is taken is refused, and the first stays', async () => {
  expect(await ask('taken', 'select 1 + $1::int as n', 1)).toEqual([{ n: 2 }])
  const thrown = await ask('taken', 'select 2 + $1::int as n', 1).catch((error: Error) => error)
  expect(String(thrown instanceof Error && (thrown.cause ?? thrown))).toContain('another statement')
  expect(await ask('taken', 'select 1 + $1::int as n', 1)).toEqual([{ n: 2 }])
})

test('whoever leaves in the middle takes the connection with him, and the next one gets another', async () => {
  const leaving = new AbortController()
  const given = pool.query({ name: 'slow', text: 'select pg_sleep($1)' }, [0.2], leaving.signal)
  setTimeout(() => leaving.abort(), 30)
  await expect(given).rejects.toMatchObject({ reason: 'late' })
  expect(await ask('two', two, 1, 'x')).toHaveLength(2)
})
