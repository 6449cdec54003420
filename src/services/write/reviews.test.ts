import { describe, expect, test } from 'bun:test'
import type { Camera } from '../../domain/camera.ts'
import type { Lens } from '../../domain/lens.ts'
import { slugClaim } from '../../domain/slug.ts'
import { fifty, openNewsroom, r5 } from './newsroom.suite.ts'

const nobody = '01941f29-7c00-7000-8000-00000000dead'

describe('a new review', () => {
  test('is a draft with an address, a version and the place where it is found', async () => {
    await using room = await openNewsroom()
    const { body, version, position, location } = await room.editor.asks('createReview', { body: room.text({ tags: ['Café ', 'café'] }) })
    expect(body).toMatchObject({ status: 'draft', slug: 'a-year-with-it', editorId: room.editor.id, tags: ['café'], publishedAt: null })
    expect({ version, location }).toEqual({ version: 1, location: `/reviews/${body.id}` })
    expect(position).toEqual(await room.master.head())
    expect(await room.master.read('review', body.id)).toEqual(body)
  })

  test('is public at once where the editor says so', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    expect(body).toMatchObject({ status: 'published', publishedAt: room.clock.at(0), version: 1 })
  })

  test('needs a camera, a lens and an author that exist, and says which is missing', async () => {
    await using room = await openNewsroom()
    const refusal = await room.editor.isRefused('createReview', { body: room.text({ cameraId: nobody, lensId: nobody }) })
    expect(refusal.reason).toBe('invalid')
    expect(refusal.faults.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['#/cameraId', 'unknown_camera'],
      ['#/lensId', 'unknown_lens'],
    ])
    const stranger = room.seat(nobody, ['editor'])
    expect(await stranger.isRefused('createReview', { body: room.text() })).toMatchObject({ reason: 'conflict', code: 'no-byline' })
    expect(await room.master.counter(`refs:camera:${room.camera.id}`)).toBe(0)
  })

  test('names every fault of its members at once', async () => {
    await using room = await openNewsroom()
    const refusal = await room.editor.isRefused('createReview', { body: { title: '', language: 'fr', rating: 5, pros: ['ok', ''] } })
    expect(refusal.faults.map(({ pointer }) => pointer).toSorted()).toEqual([
      '#/body',
      '#/cameraId',
      '#/language',
      '#/pros/1',
      '#/rating',
      '#/title',
    ])
  })

  test('over the size of a document is refused and leaves nothing', async () => {
    await using room = await openNewsroom()
    const before = await room.master.head()
    const refusal = await room.editor.isRefused('createReview', { body: room.text({ body: 'ñ'.repeat(90_000) }) })
    expect(refusal.reason).toBe('too-large')
    expect(await room.master.head()).toEqual(before)
    expect(await room.master.owner(slugClaim('review', 'a-year-with-it'))).toBeNull()
  })
})

describe('the address of a review', () => {
  test('made from the title gets a suffix where it is taken, also by many at once', async () => {
    await using room = await openNewsroom()
    const answers = await Promise.all(Array.from({ length: 20 }, () => room.editor.asks('createReview', { body: room.text() })))
    const slugs = answers.map(({ body }) => body.slug)
    expect(new Set(slugs).size).toBe(20)
    expect(slugs).toContain('a-year-with-it')
    for (const slug of slugs) expect(slug).toMatch(/^a-year-with-it(-[0-9a-f]+)?$/)
  })

  test('that was asked for is refused when another review has it', async () => {
    await using room = await openNewsroom()
    await room.editor.asks('createReview', { body: room.text({ slug: 'the-one' }) })
    const refusal = await room.editor.isRefused('createReview', { body: room.text({ slug: 'the-one' }) })
    expect(refusal).toMatchObject({ reason: 'conflict', code: 'slug-taken' })
    expect(refusal.faults[0]?.pointer).toBe('#/slug')
  })

  test('is given up freely while nobody has seen it', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const changed = await room.editor.asks('changeReview', { path: { id: body.id }, body: { slug: 'better' }, ifMatch: [1] })
    expect(changed.body).toMatchObject({ slug: 'better', formerSlugs: [] })
    expect(await room.master.owner(slugClaim('review', 'a-year-with-it'))).toBeNull()
  })

  test('goes on leading to it once it was out, for it alone, and can be taken back', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    const path = { id: body.id }
    const moved = await room.editor.asks('changeReview', { path, body: { slug: 'better' }, ifMatch: [1] })
    expect(moved.body).toMatchObject({ slug: 'better', formerSlugs: ['a-year-with-it'] })
    expect(await room.editor.isRefused('createReview', { body: room.text({ slug: 'a-year-with-it' }) })).toMatchObject({
      code: 'slug-taken',
    })
    const back = await room.editor.asks('changeReview', { path, body: { slug: 'a-year-with-it' }, ifMatch: [2] })
    expect(back.body).toMatchObject({ slug: 'a-year-with-it', formerSlugs: ['better'] })
  })

  test('is remembered twenty times; older ones are free again', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ slug: 's0', status: 'published' }) })
    for (let n = 1; n <= 21; n++) await room.editor.asks('changeReview', { path: { id: body.id }, body: { slug: `s${n}` }, ifMatch: [n] })
    const after = await room.master.read('review', body.id)
    expect(after?.formerSlugs).toEqual(Array.from({ length: 20 }, (_, n) => `s${n + 1}`))
    expect(await room.master.owner(slugClaim('review', 's0'))).toBeNull()
    expect(await room.master.owner(slugClaim('review', 's1'))).toBe(body.id)
  })
})

describe('an edit', () => {
  test('by PUT replaces everything but address and status', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ pros: ['Fast'], status: 'published' }) })
    const replaced = await room.editor.asks('replaceReview', {
      path: { id: body.id },
      body: room.text({ title: 'Two years' }),
      ifMatch: [1],
    })
    expect(replaced.body).toMatchObject({ title: 'Two years', pros: [], slug: 'a-year-with-it', status: 'published', version: 2 })
  })

  test('by merge patch changes what it names, and null resets', async () => {
    await using room = await openNewsroom()
    const lens = await room.editor.asks<Lens>('createLens', { body: fifty })
    const { body } = await room.editor.asks('createReview', { body: room.text({ pros: ['Fast'], lensId: lens.body.id, slug: 'x' }) })
    const changed = await room.editor.asks('changeReview', {
      path: { id: body.id },
      body: { pros: null, lensId: null, slug: null, verdict: 'Good.' },
      ifMatch: [1],
    })
    expect(changed.body).toEqual({
      ...body,
      pros: [],
      lensId: null,
      slug: 'a-year-with-it',
      verdict: 'Good.',
      version: 2,
      updatedAt: room.clock.at(0),
    })
  })

  test('by merge patch refuses unknown members and null where something must stand', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const patch = JSON.parse('{"title": null, "__proto__": {"status": "published"}, "constructor": 1, "status": "published", "x/y": null}')
    const refusal = await room.editor.isRefused('changeReview', { path: { id: body.id }, body: patch, ifMatch: [1] })
    expect(refusal.reason).toBe('invalid')
    expect(refusal.faults.map(({ pointer }) => pointer).toSorted()).toEqual([
      '#/__proto__',
      '#/constructor',
      '#/status',
      '#/title',
      '#/x~1y',
    ])
    expect(await room.master.read('review', body.id)).toEqual(body)
  })

  test('that changes nothing answers the review as it stands and makes no version', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const before = await room.master.head()
    room.clock.pass(1000)
    const path = { id: body.id }
    const same = [
      await room.editor.asks('changeReview', { path, body: {}, ifMatch: [1] }),
      await room.editor.asks('changeReview', { path, body: { title: ' A year with it ' }, ifMatch: [1], key: 'k' }),
      await room.editor.asks('replaceReview', { path, body: room.text(), ifMatch: [1] }),
    ]
    for (const answer of same) expect(answer).toMatchObject({ body, version: 1, position: before })
    expect(await room.master.head()).toEqual(before)
  })

  test('of an older version is refused and told the present one', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    await room.editor.asks('changeReview', { path, body: { verdict: 'Mine' }, ifMatch: [1] })
    for (const [name, more] of [
      ['changeReview', { body: { verdict: 'Theirs' } }],
      ['replaceReview', { body: room.text({ verdict: 'Theirs' }) }],
      ['deleteReview', {}],
      ['publishReview', {}],
      ['scheduleReview', { body: { publishAt: room.clock.at(60_000) } }],
    ] as const) {
      expect(await room.editor.isRefused(name, { path, ...more, ifMatch: [1] })).toMatchObject({
        reason: 'stale',
        facts: { currentVersion: 2 },
      })
      expect(await room.editor.isRefused(name, { path, ...more })).toMatchObject({ reason: 'unconditional' })
    }
    expect((await room.master.read('review', body.id))?.verdict).toBe('Mine')
  })

  test('accepts a list of versions, or any', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    expect((await room.editor.asks('changeReview', { path, body: { verdict: 'a' }, ifMatch: [7, 1] })).version).toBe(2)
    expect((await room.editor.asks('changeReview', { path, body: { verdict: 'b' }, ifMatch: '*' })).version).toBe(3)
  })

  test('of two at once with the same version lets one through; with any version both', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const path = { id: body.id }
    const race = (ifMatch: [number] | '*') =>
      Promise.allSettled(
        ['a', 'b', 'c'].map((verdict) => room.editor.asks('changeReview', { path, body: { verdict: verdict + ifMatch }, ifMatch })),
      )
    const strict = await race([1])
    expect(strict.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    for (const one of strict)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ reason: 'stale', facts: { currentVersion: 2 } })
    const open = await race('*')
    expect(open.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    expect(await room.master.versionOf('review', body.id)).toBe(5)
  })
})

describe('the review of another editor', () => {
  test('does not exist while readers do not see it, and is forbidden while they do', async () => {
    await using room = await openNewsroom()
    const other = await room.hire('Bea')
    const draft = await room.editor.asks('createReview', { body: room.text() })
    const published = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    const every: [string, object][] = [
      ['readReview', {}],
      ['changeReview', { body: { verdict: 'x' }, ifMatch: '*' }],
      ['replaceReview', { body: room.text(), ifMatch: '*' }],
      ['deleteReview', { ifMatch: '*' }],
      ['publishReview', { ifMatch: '*' }],
      ['withdrawReview', { ifMatch: '*' }],
      ['scheduleReview', { body: { publishAt: room.clock.at(1000) }, ifMatch: '*' }],
      ['listReviewHistory', {}],
    ]
    for (const [name, more] of every) {
      expect(await other.isRefused(name, { path: { id: draft.body.id }, ...more })).toMatchObject({ reason: 'missing' })
      expect(await other.isRefused(name, { path: { id: published.body.id }, ...more })).toMatchObject({ reason: 'forbidden' })
    }
    expect(await room.master.read('review', draft.body.id)).toEqual(draft.body)
  })

  test('is an admin’s to work on, and stays its author’s', async () => {
    await using room = await openNewsroom()
    const admin = await room.hire('Chief', ['admin'])
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    const changed = await admin.asks('changeReview', { path: { id: body.id }, body: { verdict: 'Checked' }, ifMatch: [1] })
    expect(changed.body).toMatchObject({ editorId: room.editor.id, verdict: 'Checked' })
    expect((await room.master.change('review', body.id, 2))?.by).toBe(admin.id)
  })
})

describe('a deleted review', () => {
  test('is gone, with its references and all its addresses', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text({ status: 'published' }) })
    const path = { id: body.id }
    await room.editor.asks('changeReview', { path, body: { slug: 'better' }, ifMatch: [1] })
    const answer = await room.editor.asks('deleteReview', { path, ifMatch: [2] })
    expect(answer).toEqual({ version: 3, position: await room.master.head() } as never)
    expect(await room.editor.isRefused('readReview', { path })).toMatchObject({ reason: 'missing' })
    for (const slug of ['better', 'a-year-with-it']) expect(await room.master.owner(slugClaim('review', slug))).toBeNull()
    expect(await room.master.counter(`refs:camera:${room.camera.id}`)).toBe(0)
  })

  test('had moved its references with every edit', async () => {
    await using room = await openNewsroom()
    const other = await room.editor.asks<Camera>('createCamera', { body: { ...r5, model: 'EOS R6' } })
    const lens = await room.editor.asks<Lens>('createLens', { body: fifty })
    const counts = () =>
      Promise.all([`refs:camera:${room.camera.id}`, `refs:camera:${other.body.id}`, `refs:lens:${lens.body.id}`].map(room.master.counter))
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    expect(await counts()).toEqual([1, 0, 0])
    const patch = { cameraId: other.body.id, lensId: lens.body.id }
    await room.editor.asks('changeReview', { path: { id: body.id }, body: patch, ifMatch: [1] })
    expect(await counts()).toEqual([0, 1, 1])
    await room.editor.asks('publishReview', { path: { id: body.id }, ifMatch: [2] })
    expect(await counts()).toEqual([0, 1, 1])
    await room.editor.asks('deleteReview', { path: { id: body.id }, ifMatch: [3] })
    expect(await counts()).toEqual([0, 0, 0])
  })
})
