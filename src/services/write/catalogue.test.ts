import { describe, expect, test } from 'bun:test'
import { slugClaim } from '../../domain/slug.ts'
import type { Commit } from '../../ports/master.ts'
import { fifty, openNewsroom, r5 } from './newsroom.suite.ts'

/** The only review that there is. */
async function written(room: Awaited<ReturnType<typeof openNewsroom>>) {
  const [review] = (await room.master.list('reviews', '*', { limit: 1 })).documents
  if (review === undefined) throw new Error('there is none')
  return review
}

interface Thing {
  id: string
  slug: string
  version: number
  weightGrams: number | null
}

describe.each([
  { kind: 'camera', name: 'Camera', path: '/cameras', given: { ...r5, model: 'EOS R6' }, slug: 'canon-eos-r6' },
  { kind: 'lens', name: 'Lens', path: '/lenses', given: { ...fifty, weightGrams: 160 }, slug: 'canon-rf-50mm-f1-8-stm' },
] as const)('a $kind', ({ kind, name, path: base, given, slug }) => {
  test('is added with an address made from brand and model, or the one given; what is absent is unknown', async () => {
    await using room = await openNewsroom()
    const { body, location, version } = await room.editor.asks<Thing>(`create${name}`, { body: given })
    expect(body).toMatchObject({ ...given, slug, releasedOn: null })
    expect({ location, version }).toEqual({ location: `${base}/${body.id}`, version: 1 })
    const second = await room.editor.asks<Thing>(`create${name}`, { body: given })
    expect(second.body.slug).toBe(`${slug}-2`)
    expect(await room.editor.isRefused(`create${name}`, { body: { ...given, slug } })).toMatchObject({ code: 'slug-taken' })
  })

  test('is replaced and changed by any editor, under If-Match', async () => {
    await using room = await openNewsroom()
    const other = await room.hire('Bea')
    const { body } = await room.editor.asks<Thing>(`create${name}`, { body: given })
    const path = { id: body.id }
    const changed = await other.asks<Thing>(`change${name}`, { path, body: { slug: 'other', weightGrams: 200 }, ifMatch: [1] })
    expect(changed.body).toMatchObject({ ...given, weightGrams: 200, slug: 'other' })
    expect(await room.master.owner(slugClaim(kind, slug))).toBeNull()
    const replaced = await other.asks<Thing>(`replace${name}`, { path, body: given, ifMatch: [2] })
    expect(replaced.body).toMatchObject({ ...given, slug: 'other', version: 3 })
    const unknown = await other.asks<Thing>(`change${name}`, { path, body: { weightGrams: null, slug: null }, ifMatch: [3] })
    expect(unknown.body).toMatchObject({ weightGrams: null, slug })
    expect(await other.isRefused(`change${name}`, { path, body: { weightGrams: 1 }, ifMatch: [3] })).toMatchObject({
      reason: 'stale',
      facts: { currentVersion: 4 },
    })
    expect(await other.isRefused(`replace${name}`, { path, body: given })).toMatchObject({ reason: 'unconditional' })
  })

  test('that would not differ gets no new version', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks<Thing>(`create${name}`, { body: given })
    const same = await room.editor.asks<Thing>(`replace${name}`, { path: { id: body.id }, body: given, ifMatch: [1] })
    expect(same).toMatchObject({ body, version: 1 })
  })

  test('stays while a review refers to it, draft or not, and says how many do', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks<Thing>(`create${name}`, { body: given })
    const path = { id: body.id }
    const review = await room.editor.asks('createReview', { body: room.text({ [`${kind}Id`]: body.id }) })
    expect(await room.editor.isRefused(`delete${name}`, { path, ifMatch: [1] })).toMatchObject({
      reason: 'conflict',
      code: 'still-referenced',
      facts: { references: 1 },
    })
    await room.editor.asks('deleteReview', { path: { id: review.body.id }, ifMatch: [1] })
    expect(await room.editor.asks(`delete${name}`, { path, ifMatch: [1] })).toMatchObject({ version: 2 })
    expect(await room.master.read(kind, body.id)).toBeNull()
    expect(await room.master.owner(slugClaim(kind, slug))).toBeNull()
    expect(await room.editor.isRefused(`delete${name}`, { path, ifMatch: [2] })).toMatchObject({ reason: 'missing' })
  })

  test('is not lost to a review that is written in the same moment, nor the other way round', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks<Thing>(`create${name}`, { body: given })
    const write = () => room.editor.asks('createReview', { body: room.text({ [`${kind}Id`]: body.id }) })
    const remove = () => room.editor.asks(`delete${name}`, { path: { id: body.id }, ifMatch: [1] })
    /** At the desk of somebody before whose first commit something else happens. */
    const slow = (happens: () => Promise<unknown>) => {
      let happened: Promise<unknown> | undefined
      const master = {
        ...room.master,
        async commit(commit: Commit) {
          happened ??= happens()
          await happened
          return room.master.commit(commit)
        },
      }
      return room.seat(room.editor.id, ['editor'], room.open(master))
    }
    const refused = await slow(write).isRefused(`delete${name}`, { path: { id: body.id }, ifMatch: [1] })
    expect(refused).toMatchObject({ code: 'still-referenced', facts: { references: 1 } })
    await room.editor.asks('deleteReview', { path: { id: (await written(room)).id }, ifMatch: [1] })
    const late = await slow(remove).isRefused('createReview', { body: room.text({ [`${kind}Id`]: body.id }) })
    expect(late.faults).toMatchObject([{ pointer: `#/${kind}Id`, code: `unknown_${kind}` }])
  })
})

test('a camera’s nested facts are patched one by one, and every fault is named', async () => {
  await using room = await openNewsroom()
  const path = { id: room.camera.id }
  const patch = { sensor: { megapixels: 47, widthMm: null }, features: { cardSlots: 2 } }
  const { body } = await room.editor.asks<typeof room.camera>('changeCamera', { path, body: patch, ifMatch: [1] })
  expect(body.sensor).toEqual({ format: 'full-frame', widthMm: null, heightMm: null, megapixels: 47 })
  expect(body.features).toEqual({ ...room.camera.features, cardSlots: 2 })
  const faulty = { sensor: { format: null, iso: 1 }, type: 'phone', releasedOn: '2023-02-29' }
  const refusal = await room.editor.isRefused('changeCamera', { path, body: faulty, ifMatch: [2] })
  expect(refusal.faults.map(({ pointer }) => pointer).toSorted()).toEqual(['#/releasedOn', '#/sensor/format', '#/sensor/iso', '#/type'])
})

test('a lens whose focal lengths contradict each other is refused, also when only one of them is patched', async () => {
  await using room = await openNewsroom()
  const { body } = await room.editor.asks<Thing>('createLens', { body: fifty })
  const refusal = await room.editor.isRefused('changeLens', { path: { id: body.id }, body: { focalMinMm: 70 }, ifMatch: [1] })
  expect(refusal.faults.map(({ pointer }) => pointer)).toEqual(['#/focalMaxMm'])
})
