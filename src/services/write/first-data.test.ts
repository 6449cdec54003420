import { describe, expect, test } from 'bun:test'
import type { Camera } from '../../domain/camera.ts'
import { slugClaim } from '../../domain/slug.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { FirstData } from './first-data.ts'
import { fifty, openNewsroom, r5 } from './newsroom.suite.ts'

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString()

const data = {
  editors: [{ byline: 'Mesa Sur', slug: 'mesa-sur' }],
  cameras: [
    { ...r5, slug: 'r5' },
    { ...r5, model: 'EOS R6', slug: 'r6' },
  ],
  lenses: [{ ...fifty, slug: 'fifty' }],
  // Of a size at which they need several commits.
  reviews: Array.from({ length: 120 }, (_, n) => ({
    title: `Review ${n}`,
    slug: `review-${n}`,
    body: 'x'.repeat(5000),
    language: 'es',
    camera: n % 2 ? 'r5' : 'r6',
    lens: n % 3 ? null : 'fifty',
    desk: 'mesa-sur',
    publishedAt: day(n),
  })),
} as FirstData

describe('the first data', () => {
  test('is there after one call: published on its days, with its references', async () => {
    await using room = await openNewsroom()
    expect(await room.write.bringFirstData(data)).toMatchObject({
      editors: { added: 1 },
      cameras: { added: 2 },
      lenses: { added: 1 },
      reviews: { added: 120, present: 0, skipped: 0 },
    })
    const id = (await room.master.owner(slugClaim('review', 'review-3'))) ?? ''
    const camera = await room.master.owner(slugClaim('camera', 'r5'))
    const review = await room.master.read('review', id)
    expect(review).toMatchObject({ status: 'published', publishedAt: day(3), cameraId: camera, title: 'Review 3', version: 1 })
    expect(await room.master.read('editor', review?.editorId ?? '')).toMatchObject({ byline: 'Mesa Sur' })
    expect(await room.master.counter(`refs:camera:${camera}`)).toBe(60)
    const admin = await room.hire('Chief', ['admin'])
    expect(await admin.isRefused('deleteCamera', { path: { id: camera }, ifMatch: '*' })).toMatchObject({ code: 'still-referenced' })
  })

  test('does not come twice, and then costs one look', async () => {
    await using room = await openNewsroom()
    await room.write.bringFirstData(data)
    const before = await room.master.head()
    let reads = 0
    const counting = room.open({
      ...room.master,
      read(kind, id) {
        reads += 1
        return room.master.read(kind, id)
      },
    })
    expect(await counting.bringFirstData(data)).toBeNull()
    expect(reads).toBe(1)
    expect(await room.master.head()).toEqual(before)
  })

  test('goes on where a crash in any commit left it', async () => {
    await using room = await openNewsroom()
    let crashes = 0
    for (let survives = 0; ; survives++) {
      let commits = 0
      const mortal = room.open({
        ...room.master,
        async commit(commit) {
          if (commits++ === survives) throw new Refusal('unavailable', 'Killed.')
          return room.master.commit(commit)
        },
      })
      const done = await mortal.bringFirstData(data).catch(() => undefined)
      if (done !== undefined) break
      crashes += 1
    }
    expect(crashes).toBeGreaterThan(2)
    const { documents } = await room.master.list('reviews', '*', { limit: 200 })
    expect(documents).toHaveLength(120)
    const camera = await room.master.owner(slugClaim('camera', 'r6'))
    expect(await room.master.counter(`refs:camera:${camera}`)).toBe(60)
  })

  test('is brought by two processes at once without doubles', async () => {
    await using room = await openNewsroom()
    await Promise.all([room.write.bringFirstData(data), room.open().bringFirstData(data)])
    expect((await room.master.list('reviews', '*', { limit: 200 })).documents).toHaveLength(120)
    expect((await room.master.list('cameras', '*', { limit: 10 })).documents).toHaveLength(3) // one is the newsroom's own
  })

  test('of a later release adds what is new and brings back nothing that editors renamed or deleted', async () => {
    await using room = await openNewsroom()
    await room.write.bringFirstData(data)
    const admin = await room.hire('Chief', ['admin'])
    const idOf = async (kind: 'review' | 'camera', slug: string) => ({ id: await room.master.owner(slugClaim(kind, slug)) })
    await admin.asks('deleteReview', { path: await idOf('review', 'review-1'), ifMatch: '*' })
    await admin.asks<Camera>('changeCamera', { path: await idOf('camera', 'r5'), body: { slug: 'eos-r5' }, ifMatch: '*' })
    const [first] = data.reviews
    const later = { ...data, reviews: [...data.reviews, { ...first, slug: 'brand-new', camera: 'r5' }] } as FirstData
    expect(await room.write.bringFirstData(later)).toMatchObject({
      cameras: { added: 0, present: 2 },
      reviews: { added: 1, present: 120, skipped: 0 },
    })
    expect(await idOf('camera', 'r5')).toEqual({ id: null })
    expect(await idOf('review', 'review-1')).toEqual({ id: null })
    const fresh = await room.master.read('review', (await idOf('review', 'brand-new')).id ?? '')
    expect(fresh?.cameraId).toBe((await idOf('camera', 'eos-r5')).id ?? '')
  })

  test('finds its cameras also where an editor has added them before', async () => {
    await using room = await openNewsroom()
    const cameras = [{ ...r5, slug: room.camera.slug }]
    const reviews = [{ ...data.reviews[0], camera: room.camera.slug }]
    const counts = await room.write.bringFirstData({ ...data, cameras, reviews } as FirstData)
    expect(counts).toMatchObject({ cameras: { added: 0, present: 1 }, reviews: { added: 1 } })
    expect(await room.master.counter(`refs:camera:${room.camera.id}`)).toBe(1)
  })

  test('leaves out what refers to something deleted, and says how many', async () => {
    await using room = await openNewsroom()
    await room.write.bringFirstData({ ...data, reviews: [] })
    await room.editor.asks('deleteCamera', { path: { id: await room.master.owner(slugClaim('camera', 'r5')) }, ifMatch: '*' })
    expect(await room.write.bringFirstData(data)).toMatchObject({ reviews: { added: 60, skipped: 60 } })
  })

  test('that is faulty is refused before anything is written', async () => {
    await using room = await openNewsroom()
    const before = await room.master.head()
    const faulty = { ...data, reviews: [{ ...data.reviews[0], title: '' }] } as FirstData
    await expect(room.write.bringFirstData(faulty)).rejects.toThrow('reviews')
    expect(await room.master.head()).toEqual(before)
  })
})
