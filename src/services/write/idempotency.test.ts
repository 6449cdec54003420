import { describe, expect, test } from 'bun:test'
import type { Camera } from '../../domain/camera.ts'
import { openNewsroom, r5 } from './newsroom.suite.ts'

describe('an editor whose connection broke and who sends the same again with the same key', () => {
  test('gets the first answer and no second review', async () => {
    await using room = await openNewsroom()
    const asking = { body: room.text(), key: 'k1' }
    const first = await room.editor.asks('createReview', asking)
    const path = { id: first.body.id }
    await room.editor.asks('changeReview', { path, body: { title: 'Changed since' }, ifMatch: [1] })
    const head = await room.master.head()
    room.clock.pass(3_600_000)
    expect(await room.editor.asks('createReview', asking)).toEqual(first)
    expect(await room.master.head()).toEqual(head)
  })

  test('gets it also where the version named has gone by, or the review has gone', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    const change = { path, body: { verdict: 'v' }, ifMatch: [1], key: 'k' }
    const publish = { path, ifMatch: [2], key: 'k' }
    const remove = { path, ifMatch: [3], key: 'k' }
    const changed = await room.editor.asks('changeReview', change)
    const published = await room.editor.asks('publishReview', publish)
    const removed = await room.editor.asks('deleteReview', remove)
    expect(await room.editor.asks('changeReview', change)).toEqual(changed)
    expect(await room.editor.asks('publishReview', publish)).toEqual(published)
    expect(await room.editor.asks('deleteReview', remove)).toEqual(removed)
    expect(await room.master.versionOf('review', body.id)).toBe(4)
  })

  test('gets it also for an edit that changed nothing', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    const asking = { path, body: {}, ifMatch: [1], key: 'k' }
    const first = await room.editor.asks('changeReview', asking)
    await room.editor.asks('changeReview', { path, body: { verdict: 'v' }, ifMatch: [1] })
    expect(await room.editor.asks('changeReview', asking)).toEqual(first)
  })

  test('gets it for cameras too', async () => {
    await using room = await openNewsroom()
    const asking = { body: { ...r5, model: 'EOS R6' }, key: 'k' }
    const first = await room.editor.asks<Camera>('createCamera', asking)
    expect(await room.editor.asks<Camera>('createCamera', asking)).toEqual(first)
    expect((await room.master.list('cameras', '*', { limit: 10 })).documents).toHaveLength(2)
  })

  test('is refused with another body', async () => {
    await using room = await openNewsroom()
    await room.editor.asks('createReview', { body: room.text(), key: 'k' })
    expect(await room.editor.isRefused('createReview', { body: room.text({ title: 'Other' }), key: 'k' })).toMatchObject({
      reason: 'key-reused',
    })
  })

  test('may try again after a refusal, which is not remembered', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ slug: 'taken' }) })
    const asking = { body: room.text({ slug: 'taken' }), key: 'k' }
    expect(await room.editor.isRefused('createReview', asking)).toMatchObject({ code: 'slug-taken' })
    await room.editor.asks('deleteReview', { path: { id: body.id }, ifMatch: [1] })
    expect((await room.editor.asks('createReview', asking)).body.slug).toBe('taken')
  })

  test('many times at once makes one review and one answer', async () => {
    await using room = await openNewsroom()
    const before = await room.master.head()
    const all = await Promise.all(Array.from({ length: 10 }, () => room.editor.asks('createReview', { body: room.text(), key: 'k' })))
    for (const answer of all) expect(answer).toEqual(all[0] as never)
    expect((await room.master.head()).seq).toBe(before.seq + 1)
  })

  test('gets the answer of the twin that was faster, not a refusal about what the twin did', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const asking = { path: { id: body.id }, ifMatch: [1], key: 'k' }
    let twin: unknown
    // The twin comes in between the look-up of the key and the reading of the review.
    const late = room.open({
      ...room.master,
      async idempotency(key) {
        const found = await room.master.idempotency(key)
        twin ??= await room.editor.asks('publishReview', asking)
        return found
      },
    })
    expect(await room.seat(room.editor.id, ['editor'], late).asks('publishReview', asking)).toEqual(twin as never)
    expect(await room.master.versionOf('review', body.id)).toBe(2)
  })
})
