// The read model is disposable: rebuilt beside the live one while readers read, verified, switched.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { startSystem, type TestSystem } from '../start.ts'

let system: TestSystem

beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const watching = { signal: new AbortController().signal, progress: () => {} }

test('readers read on while the read model is rebuilt, and then read from the new one', async () => {
  const before = (await system.ask('GET /content?limit=100')).body
  let rebuilding = true
  const readers = (async () => {
    let reads = 0
    while (rebuilding) {
      const fresh = `/content?limit=100&publishedAfter=2020-01-01T00:00:00.${String(reads % 1000).padStart(3, '0')}Z`
      expect((await system.ask(`GET ${fresh}`)).status).toBe(200)
      reads += 1
    }
    return reads
  })()
  const { differing, replaced, schema } = await system.services.project.rebuild(watching)
  expect(differing).toEqual([])
  expect(replaced).not.toBe(schema)
  await system.settled()
  rebuilding = false
  expect(await readers).toBeGreaterThan(0)
  expect((await system.ask('GET /content?limit=100')).body).toEqual(before)
})

test('verify finds the live model equal to the log, and names what somebody changed by hand', async () => {
  const { project } = system.services
  expect((await project.verify(watching)).differing).toEqual([])
  const { schema } = await project.verify(watching)
  const client = new pg.Client(system.databaseUrl)
  await client.connect()
  await client.query(`update "${schema}".review set title = 'changed by hand' where slug = (select min(slug) from "${schema}".review)`)
  await client.end()
  const report = await project.verify(watching)
  expect(report.differing).toEqual(['review'])
  expect(report.differences).toMatchObject([{ table: 'review', in: 'both' }])
})
