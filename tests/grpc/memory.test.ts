// What was asked before is given again without a question to the database, for as long as it stands and to nobody who may not have it.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/clock.ts'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { countStatements } from '../statements.ts'
import { type GrpcClient, grpcClient } from './client.ts'

let system: TestSystem
let editor: User
let listener: GrpcListener
let client: GrpcClient
const reviews = countStatements(/\.review\b/)

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  client = grpcClient(listener.address)
})
afterAll(async () => {
  reviews.end()
  client?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

const statements = reviews.count
const read = (slug: string, headers: Record<string, string> = {}) => client.call('ContentService/ReadContent', { slug }, { headers })

async function published(title: string) {
  const { data } = (await system.ask('GET /cameras?limit=1')).body
  const body = { title, summary: 'One.', body: 'Text.', language: 'en', cameraId: data[0].id, status: 'published' }
  const made = await editor.ask('POST /reviews', { body })
  await system.settled()
  return made.body as { id: string; slug: string; version: number }
}

test('the second of the same question costs no statement, and has an id of its own', async () => {
  const { slug } = await published('Asked twice')
  const first = await read(slug)
  const before = statements()
  const again = await read(slug, { 'x-request-id': 'the-second-one' })
  expect(statements()).toBe(before)
  expect(again).toEqual({ ...first, metadata: { ...again.metadata } })
  expect(again.metadata['x-request-id']).toBe('the-second-one')
  for (const name of ['etag', 'consistency-token']) expect(again.metadata[name]).toBe(first.metadata[name])
  const page = await client.call('ContentService/ListContent', { limit: 2 })
  expect(await client.call('ContentService/ListContent', { limit: 3 })).not.toEqual(page)
  expect(statements()).toBe(before + 2)
})

test('what has changed is never given again to whoever knows of the change, and soon to nobody', async () => {
  const { id, slug } = await published('Changed twice')
  expect((await read(slug)).message.review.summary).toBe('One.')
  const summarised = async (summary: string) =>
    (await editor.ask(`PATCH /reviews/${id}`, { body: { summary }, headers: { 'if-match': '*' } })).headers.get('consistency-token') ?? ''
  await summarised('Two.')
  while ((await read(slug)).message.review.summary !== 'Two.') await systemClock.sleep(5)
  const token = await summarised('Three.')
  expect((await read(slug, { 'consistency-token': token })).message.review.summary).toBe('Three.')
  const withdrawn = await editor.ask(`POST /reviews/${id}/withdraw`, { headers: { 'if-match': '*' } })
  const gone = await read(slug, { 'consistency-token': withdrawn.headers.get('consistency-token') ?? '' })
  expect(gone.code).toBe('NOT_FOUND')
  while ((await read(slug)).code !== 'NOT_FOUND') await systemClock.sleep(5)
})

test('neither whoever is signed in, nor who brings a token that is none, is answered from it', async () => {
  const { slug } = await published('Not for all')
  await read(slug)
  const before = statements()
  expect((await read(slug, { authorization: `Bearer ${editor.accessToken}` })).code).toBe('OK')
  expect(statements()).toBe(before + 1)
  expect((await read(slug, { authorization: 'Bearer nothing' })).code).toBe('UNAUTHENTICATED')
  expect((await read(slug, { 'consistency-token': 'nothing' })).code).toBe('INVALID_ARGUMENT')
})
