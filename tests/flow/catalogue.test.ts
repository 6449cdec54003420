// Cameras and lenses: editors keep the facts, readers see them everywhere at once.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let editor: User

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('a new camera can be read, compared and reviewed', async () => {
  const { body: model } = await system.ask('GET /cameras/nikon-z8')
  const { id, version, createdAt, updatedAt, ...facts } = model
  const made = await editor.ask('POST /cameras', { body: { ...facts, model: 'Z8 Prototype', slug: 'nikon-z8-prototype', weightGrams: 1 } })
  expect(made.status).toBe(201)
  await system.settled()
  expect((await system.ask('GET /cameras/nikon-z8-prototype')).body).toMatchObject({ model: 'Z8 Prototype', weightGrams: 1 })
  expect((await system.ask('GET /content/compare?cameras=nikon-z8,nikon-z8-prototype')).status).toBe(200)
  const taken = await editor.ask('POST /cameras', { body: { ...facts, model: 'Another', slug: 'nikon-z8-prototype' } })
  expect(taken.status).toBe(409)
})

test('a camera that a review refers to stays; one that nobody refers to goes', async () => {
  const { body: model } = await system.ask('GET /cameras/nikon-z8')
  const { id, version, createdAt, updatedAt, ...facts } = model
  const { body: camera } = await editor.ask('POST /cameras', { body: { ...facts, model: 'Short-lived', slug: 'short-lived' } })
  const { body: review } = await editor.ask('POST /reviews', {
    body: { title: 'About it', body: 'Text.', language: 'en', cameraId: camera.id },
  })
  const remove = () => editor.ask(`DELETE /cameras/${camera.id}`, { headers: { 'if-match': '"1"' } })
  expect((await remove()).status).toBe(409)
  await editor.ask(`DELETE /reviews/${review.id}`, { headers: { 'if-match': '"1"' } })
  expect((await remove()).status).toBe(204)
  await system.settled()
  expect((await system.ask('GET /cameras/short-lived')).status).toBe(404)
})

test('a renamed camera is found under its new name in every review of it', async () => {
  const { body: camera } = await system.ask('GET /cameras/canon-eos-r5')
  await editor.ask('POST /reviews', {
    body: { title: 'Renaming', body: 'Text.', language: 'en', cameraId: camera.id, status: 'published' },
  })
  const renamed = await editor.ask(`PATCH /cameras/${camera.id}`, { body: { model: 'EOS R5 Zyxwvut' }, headers: { 'if-match': '*' } })
  expect(renamed.status).toBe(200)
  await system.settled()
  const { body } = await system.ask('GET /content/search?q=zyxwvut')
  expect(body.data.map(({ slug }: { slug: string }) => slug)).toContain('renaming')
  expect(body.data[0].camera.model).toBe('EOS R5 Zyxwvut')
})

test('customers and strangers may not touch it', async () => {
  const customer = await system.signIn('customer@example.com')
  expect((await customer.ask('POST /cameras', { body: {} })).status).toBe(403)
  expect((await system.ask('POST /cameras', { body: {} })).status).toBe(401)
})

test('faults are named with their place', async () => {
  const { status, body } = await editor.ask('POST /cameras', { body: { brand: '', sensor: { format: 'huge' }, colour: 'red' } })
  expect(status).toBe(400)
  const places = body.errors.map(({ pointer }: { pointer: string }) => pointer)
  expect(places).toEqual(expect.arrayContaining(['#/brand', '#/sensor/format', '#/colour', '#/model']))
})
