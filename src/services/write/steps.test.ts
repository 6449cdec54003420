import { describe, expect, test } from 'bun:test'
import { openNewsroom } from './newsroom.suite.ts'

describe('the life of a review', () => {
  test('draft → published → withdrawn → published keeps the day of its first publication', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    const published = await room.editor.asks('publishReview', { path, ifMatch: [1] })
    const publishedAt = room.clock.at(0)
    expect(published.body).toMatchObject({ status: 'published', publishedAt, version: 2 })
    room.clock.pass(60_000)
    expect((await room.editor.asks('withdrawReview', { path, ifMatch: [2] })).body).toMatchObject({ status: 'withdrawn', publishedAt })
    expect((await room.editor.asks('publishReview', { path, ifMatch: [3] })).body).toMatchObject({ status: 'published', publishedAt })
  })

  test('a scheduled one waits, can be moved, and is a draft again when taken out', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    const inHour = room.clock.at(3_600_000)
    const asOffset = inHour.replace('Z', '+00:00')
    expect((await room.editor.asks('scheduleReview', { path, body: { publishAt: asOffset }, ifMatch: [1] })).body).toMatchObject({
      status: 'scheduled',
      publishAt: inHour,
    })
    const later = room.clock.at(7_200_000)
    expect((await room.editor.asks('scheduleReview', { path, body: { publishAt: later }, ifMatch: [2] })).body.publishAt).toBe(later)
    expect((await room.editor.asks('withdrawReview', { path, ifMatch: [3] })).body).toMatchObject({ status: 'draft', publishAt: null })
  })

  test('a step that its status does not allow is refused, with the status', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    const path = { id: body.id }
    const wrong = { reason: 'conflict', code: 'wrong-status', facts: { reviewStatus: 'published' } }
    expect(await room.editor.isRefused('publishReview', { path, ifMatch: [1] })).toMatchObject(wrong)
    const publishAt = room.clock.at(1000)
    expect(await room.editor.isRefused('scheduleReview', { path, body: { publishAt }, ifMatch: [1] })).toMatchObject(wrong)
  })

  test('a time that has passed, or more than a year ahead, or no time at all, is refused', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    for (const publishAt of [room.clock.at(0), room.clock.at(400 * 86_400_000), 'tomorrow']) {
      const refusal = await room.editor.isRefused('scheduleReview', { path: { id: body.id }, body: { publishAt }, ifMatch: [1] })
      expect([refusal.reason, refusal.faults[0]?.pointer]).toEqual(['invalid', '#/publishAt'])
    }
  })
})
