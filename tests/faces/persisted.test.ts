// Trusted documents by GET: as cacheable as REST, from the same memory, purged by the same changes.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/kit/clock.ts'
import { documentId, readDocuments } from '../../src/protocols/graphql/library.ts'
import { testPostgres } from '../postgres.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { codesOf, graph, graphGet } from './graph.ts'

const folder = join(import.meta.dir, '../../contracts/documents')
const text = (name: string) => readFileSync(join(folder, `${name}.graphql`), 'utf8')
const idOf = (name: string) => documentId(text(name))

let system: TestSystem
let editor: User

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

const outcomes = () => system.services.read.status().cache
const reviews = (variables: object, headers: Record<string, string> = {}) =>
  graphGet(system, { documentId: idOf('reviews'), variables: JSON.stringify(variables) }, headers)

async function publish(title: string) {
  const { body: cameras } = await system.ask('GET /cameras?limit=1')
  const body = { title, body: 'Text.', language: 'en', cameraId: cameras.data[0].id, status: 'published' }
  return editor.ask('POST /reviews', { body })
}

describe('a trusted document', () => {
  test('is answered by its hash as if it had been sent, by GET and by POST', async () => {
    expect(readDocuments(folder).length).toBeGreaterThan(3)
    const sent = await graph(system, text('reviews'), { variables: { first: 3 } })
    const asked = await reviews({ first: 3 })
    expect(sent.body.errors).toBeUndefined()
    expect(asked.body).toEqual({ data: sent.body.data })
    const init = { documentId: idOf('reviews'), variables: { first: 3 } }
    const headers = { 'content-type': 'application/json' }
    const posted = await system.fetch(new Request('http://localhost/graphql', { method: 'POST', headers, body: JSON.stringify(init) }))
    expect((await posted.json()).data).toEqual(sent.body.data)
  })

  test('has the cache headers of REST; what was sent as text, or by POST, or signed in, is for nobody else', async () => {
    const rest = await system.ask('GET /content?limit=4')
    const asked = await reviews({ first: 4 })
    for (const name of ['cache-control', 'cdn-cache-control']) expect(asked.headers.get(name)).toBe(rest.headers.get(name) ?? 'none')
    expect(asked.headers.get('cache-tag')).not.toBeNull()
    expect(asked.headers.get('vary')).toContain('Accept')
    const sent = await graphGet(system, { query: '{ listContent(first: 4) { nodes { id } } }' })
    const signedIn = await reviews({ first: 4 }, { authorization: `Bearer ${editor.accessToken}` })
    for (const reply of [sent, signedIn, await graph(system, '{ listContent { nodes { id } } }')]) {
      expect(reply.headers.get('cache-control')).toBe('private, no-store')
      expect(reply.headers.get('cache-tag')).toBeNull()
    }
  })

  test('comes from memory the second time, whatever the order of its parameters, and as 304 for whoever has it', async () => {
    await reviews({ first: 7 })
    const before = outcomes()
    const hit = await reviews({ first: 7 })
    const turned = await graphGet(system, { variables: '{"first":7}', documentId: idOf('reviews') })
    expect([outcomes().hit - before.hit, outcomes().fill - before.fill]).toEqual([2, 0])
    expect(turned.body).toEqual(hit.body)
    const etag = hit.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{11}"$/)
    const known = await reviews({ first: 7 }, { 'if-none-match': etag })
    expect([known.status, known.body]).toEqual([304, null])
  })

  test('shows what has changed as soon as readers do, also in a list that did not hold it before', async () => {
    const before = await reviews({ first: 2 })
    await publish('Fresh from the press')
    await system.settled()
    const after = await reviews({ first: 2 })
    expect(after.body.data.listContent.nodes[0].title).toBe('Fresh from the press')
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  })

  test('is never older than the token that comes with it', async () => {
    await reviews({ first: 1 })
    const made = await publish('Newer than any copy')
    const reply = await reviews({ first: 1 }, { 'consistency-token': made.headers.get('consistency-token') ?? '' })
    expect(reply.body.data.listContent.nodes[0].title).toBe('Newer than any copy')
    expect(reply.headers.get('cache-control')).toBe('private, no-store')
  })
})

describe('memory is not filled with', () => {
  test('errors, unknown documents, or variables that the document does not have', async () => {
    const before = outcomes().entries
    const missing = { documentId: idOf('review'), variables: '{"slug":"no-such-review"}' }
    expect(codesOf(await graphGet(system, missing))).toEqual(['missing'])
    const unknown = await graphGet(system, { documentId: documentId('{ nothing }') })
    expect([unknown.status, ...codesOf(unknown)]).toEqual([404, 'unknown-document'])
    const invented = await reviews({ first: 1, junk: 1 })
    expect([invented.status, ...codesOf(invented)]).toEqual([400, 'invalid'])
    expect(invented.body.errors[0].extensions.faults[0].pointer).toBe('#/variables/junk')
    expect(outcomes().entries).toBe(before)
  })
})

test('with the database gone, what was seen before is still there, and says so', async () => {
  const database = await (await testPostgres()).database()
  let laterMs = 0
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs }
  const lonely = await startSystem({ databaseUrl: database.url, clock })
  try {
    const ask = (first: number) => graphGet(lonely, { documentId: idOf('reviews'), variables: JSON.stringify({ first }) })
    const before = await ask(3)
    await database.drop()
    laterMs = 60_000
    const after = await ask(3)
    expect([after.status, after.body]).toEqual([200, before.body])
    expect(after.headers.get('cache-status')).toContain('stale')
    const unseen = await ask(4)
    expect(unseen.status).toBeGreaterThanOrEqual(500)
    expect(unseen.headers.get('cache-control')).toBe('private, no-store')
  } finally {
    await lonely[Symbol.asyncDispose]()
  }
})
