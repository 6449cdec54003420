// The history of a review: every version is kept, and any of them can be taken back as a new one.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let editor: User

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

const etag = (version: number) => ({ 'if-match': `"${version}"` })

test('an editor sees each version and takes the first one back; readers see it', async () => {
  const { body: camera } = await system.ask('GET /cameras/sony-a7-iv')
  const { body: review } = await editor.ask('POST /reviews', {
    body: { title: 'First words', body: 'One.', language: 'en', cameraId: camera.id, status: 'published' },
  })
  const path = `/reviews/${review.id}`
  await editor.ask(`PATCH ${path}`, { body: { title: 'Second words', body: 'Two.' }, headers: etag(1) })
  const history = await editor.ask(`GET ${path}/history`)
  expect(history.body.data.map(({ version }: { version: number }) => version)).toEqual([2, 1])
  expect((await editor.ask(`GET ${path}/history/1`)).body).toMatchObject({ version: 1 })

  const restored = await editor.ask(`POST ${path}/history/1/restore`, { headers: etag(2) })
  expect(restored.body).toMatchObject({ version: 3, title: 'First words', body: 'One.', status: 'published' })
  await system.settled()
  expect((await system.ask(`GET /content/${restored.body.slug}`)).body).toMatchObject({ title: 'First words', version: 3 })
})

test('a former address of a published review leads to the new one', async () => {
  const { body: camera } = await system.ask('GET /cameras/sony-a7-iv')
  const { body: review } = await editor.ask('POST /reviews', {
    body: { title: 'Old address', body: 'Text.', language: 'en', cameraId: camera.id, status: 'published' },
  })
  await editor.ask(`PATCH /reviews/${review.id}`, { body: { slug: 'new-address' }, headers: etag(1) })
  await system.settled()
  const moved = await system.ask('GET /api/v1/content/old-address')
  expect(moved.status).toBe(301)
  expect(moved.headers.get('location')).toBe('/api/v1/content/new-address')
  expect((await system.ask('GET /content/new-address')).status).toBe(200)
})

test('a deleted review is gone for readers and editors; its last version can be restored as a draft', async () => {
  const { body: camera } = await system.ask('GET /cameras/sony-a7-iv')
  const { body: review } = await editor.ask('POST /reviews', {
    body: { title: 'Not for long', body: 'Text.', language: 'en', cameraId: camera.id, status: 'published' },
  })
  expect((await editor.ask(`DELETE /reviews/${review.id}`, { headers: etag(1) })).status).toBe(204)
  await system.settled()
  expect((await system.ask('GET /content/not-for-long')).status).toBe(404)
  expect((await editor.ask(`GET /reviews/${review.id}`)).status).toBe(404)
  const back = await editor.ask(`POST /reviews/${review.id}/history/1/restore`, { headers: { 'if-match': '*' } })
  expect(back.body).toMatchObject({ status: 'draft', version: 3, title: 'Not for long' })
})
