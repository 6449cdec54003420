// A scheduled review goes out by itself, once, also when nobody was there at its time.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/clock.ts'
import { startSystem, type TestSystem } from '../start.ts'

let aheadMs = 0
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
let system: TestSystem

beforeAll(async () => {
  system = await startSystem({ clock })
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('a scheduled review is nowhere before its time, and everywhere after it', async () => {
  const editor = await system.signIn('editor@example.com')
  const { body: camera } = await system.ask('GET /cameras/nikon-z8')
  const { body: draft } = await editor.ask('POST /reviews', {
    body: { title: 'Next week', body: 'Soon.', language: 'en', cameraId: camera.id },
  })
  const publishAt = new Date(clock.now() + 3_600_000).toISOString()
  const ifMatch = { 'if-match': '"1"' }
  const past = await editor.ask(`POST /reviews/${draft.id}/schedule`, { body: { publishAt: '2020-01-01T00:00:00Z' }, headers: ifMatch })
  expect(past.status).toBe(400)
  const scheduled = await editor.ask(`POST /reviews/${draft.id}/schedule`, { body: { publishAt }, headers: ifMatch })
  expect(scheduled.body).toMatchObject({ status: 'scheduled', publishAt })
  await system.settled()
  expect((await system.ask('GET /content/next-week')).status).toBe(404)

  aheadMs = 3_600_000
  const before = (await system.engines.master.head()).seq
  for (let tries = 0; tries < 1000 && (await system.engines.master.head()).seq === before; tries++) await systemClock.sleep(10)
  await system.settled()
  const shown = await system.ask('GET /content/next-week')
  expect(shown.status).toBe(200)
  expect(Date.parse(shown.body.publishedAt)).toBeGreaterThanOrEqual(Date.parse(publishAt))
  expect((await system.engines.master.head()).seq).toBe(before + 1)
})
