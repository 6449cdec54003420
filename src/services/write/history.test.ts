import { describe, expect, test } from 'bun:test'
import type { Camera } from '../../domain/camera.ts'
import type { Review } from '../../domain/review.ts'
import { openNewsroom, r5 } from './newsroom.suite.ts'

interface Versions {
  data: { version: number; status: string | null; title: string | null; by: string | null }[]
  metadata: { nextCursor: string | null }
}

describe('the history of a review', () => {
  test('lists every version newest first, page by page, and shows each as it was', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    await room.editor.asks('changeReview', { path, body: { title: 'Better' }, ifMatch: [1] })
    await room.editor.asks('publishReview', { path, ifMatch: [2] })
    const first = await room.editor.asks<Versions>('listReviewHistory', { path, query: { limit: '2' } })
    expect(first.body.data.map(({ version, status, title }) => [version, status, title])).toEqual([
      [3, 'published', 'Better'],
      [2, 'draft', 'Better'],
    ])
    const cursor = first.body.metadata.nextCursor
    const second = await room.editor.asks<Versions>('listReviewHistory', { path, query: { limit: '2', cursor } })
    expect(second.body.data).toMatchObject([{ version: 1, title: 'A year with it', by: room.editor.id }])
    expect(second.body.metadata.nextCursor).toBeNull()
    const old = await room.editor.asks<{ review: Review }>('readReviewVersion', { path: { ...path, version: '1' } })
    expect(old.body.review).toEqual(body)
    expect(await room.editor.isRefused('readReviewVersion', { path: { ...path, version: '4' } })).toMatchObject({ reason: 'missing' })
  })

  test('brings back a text as a new version; status and address stay', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    await room.editor.asks('changeReview', { path, body: { title: 'Worse', slug: 'worse' }, ifMatch: [1] })
    await room.editor.asks('publishReview', { path, ifMatch: [2] })
    const restoring = { path: { ...path, version: '1' }, ifMatch: [3], key: 'k' }
    const restored = await room.editor.asks('restoreReviewVersion', restoring)
    expect(restored.body).toMatchObject({ title: 'A year with it', slug: 'worse', status: 'published', version: 4, formerSlugs: [] })
    expect(await room.editor.asks('restoreReviewVersion', restoring)).toEqual(restored)
    expect(await room.editor.isRefused('restoreReviewVersion', { ...restoring, key: 'other' })).toMatchObject({ reason: 'stale' })
  })

  test('counts the camera of the version that came back', async () => {
    await using room = await openNewsroom()
    const other = await room.editor.asks<Camera>('createCamera', { body: { ...r5, model: 'EOS R6' } })
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    await room.editor.asks('changeReview', { path: { id: body.id }, body: { cameraId: other.body.id }, ifMatch: [1] })
    await room.editor.asks('restoreReviewVersion', { path: { id: body.id, version: '1' }, ifMatch: [2] })
    expect(await room.master.counter(`refs:camera:${room.camera.id}`)).toBe(1)
    expect(await room.master.counter(`refs:camera:${other.body.id}`)).toBe(0)
  })
})

describe('a review that was deleted', () => {
  test('comes back as a draft at its last address, and counts again', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published', slug: 'mine' }) })
    const path = { id: body.id }
    await room.editor.asks('deleteReview', { path, ifMatch: [1] })
    const { body: versions } = await room.editor.asks<Versions>('listReviewHistory', { path })
    expect(versions.data.map(({ version, status }) => [version, status])).toEqual([
      [2, null],
      [1, 'published'],
    ])
    const restored = await room.editor.asks('restoreReviewVersion', { path: { ...path, version: '1' }, ifMatch: [2] })
    expect(restored.body).toMatchObject({ status: 'draft', slug: 'mine', version: 3, title: body.title, publishedAt: body.publishedAt })
    expect(await room.editor.asks('readReview', { path })).toMatchObject({ body: restored.body })
    expect(await room.master.counter(`refs:camera:${room.camera.id}`)).toBe(1)
  })

  test('comes back at another address where somebody took its own', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ slug: 'mine' }) })
    await room.editor.asks('deleteReview', { path: { id: body.id }, ifMatch: [1] })
    await room.editor.asks('createReview', { body: room.text({ slug: 'mine' }) })
    const restored = await room.editor.asks('restoreReviewVersion', { path: { id: body.id, version: '1' }, ifMatch: [2] })
    expect(restored.body.slug).toBe('mine-2')
  })

  test('cannot come back without its camera, and not as its own deletion', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    await room.editor.asks('deleteReview', { path: { id: body.id }, ifMatch: [1] })
    await room.editor.asks('deleteCamera', { path: { id: room.camera.id }, ifMatch: [1] })
    const restoring = (version: string) => ({ path: { id: body.id, version }, ifMatch: [2] })
    expect((await room.editor.isRefused('restoreReviewVersion', restoring('1'))).faults[0]?.code).toBe('unknown_camera')
    expect(await room.editor.isRefused('restoreReviewVersion', restoring('2'))).toMatchObject({ code: 'nothing-to-restore' })
  })

  test('is seen by its author and admins only', async () => {
    await using room = await openNewsroom()
    const [other, admin] = [await room.hire('Bea'), await room.hire('Chief', ['admin'])]
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    await room.editor.asks('deleteReview', { path: { id: body.id }, ifMatch: [1] })
    for (const [name, path] of [
      ['listReviewHistory', { id: body.id }],
      ['readReviewVersion', { id: body.id, version: '1' }],
      ['restoreReviewVersion', { id: body.id, version: '1' }],
    ] as const)
      expect(await other.isRefused(name, { path, ifMatch: [2] })).toMatchObject({ reason: 'missing' })
    expect((await admin.asks<Versions>('listReviewHistory', { path: { id: body.id } })).body.data).toHaveLength(2)
  })
})
