// What every projection promises: see `src/ports/projection.ts`.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Camera } from '../../src/domain/camera.ts'
import type { Change } from '../../src/domain/change.ts'
import type { Editor } from '../../src/domain/editor.ts'
import type { Lens } from '../../src/domain/lens.ts'
import type { Review } from '../../src/domain/review.ts'
import { slugFrom } from '../../src/domain/slug.ts'
import type { Refusal } from '../../src/kit/refusal.ts'
import type { Projection } from '../../src/ports/projection.ts'
import { sampleCamera, sampleEditor, sampleId, sampleLens, sampleReview } from '../samples.ts'
import { chanceFrom, draftMark, history } from './histories.ts'

export interface ProjectionHarness {
  projection: Projection
  /** Another projector over the same database. */
  another: Projection
  /** All rows of a table of a build. */
  rows(schema: string, table: string): Promise<Record<string, unknown>[]>
  dispose(): Promise<void>
}

const tables = ['brand', 'camera', 'lens', 'editor', 'review', 'review_tag', 'former_slug', 'facet', 'word', 'change', 'applied', 'parked']

export function projectionSuite(name: string, open: () => Promise<ProjectionHarness>): void {
  describe(`projection on ${name}`, () => {
    let harness: ProjectionHarness
    let projection: Projection
    beforeAll(async () => {
      harness = await open()
      projection = harness.projection
    })
    afterAll(() => harness.dispose())

    const fresh = async () => (await projection.create('e1')).schema
    const rows = (schema: string, table: string) => harness.rows(schema, table)
    /** In cuts of 1 to `most` changes, some brought twice, some overlapping. */
    const projectIn = async (schema: string, changes: readonly Change[], chance: () => number, most: number, by = projection) => {
      for (let done = 0; done < changes.length; ) {
        const until = done + 1 + Math.floor(chance() * most)
        const from = Math.max(0, done - Math.floor(chance() * 4))
        await by.apply(schema, changes.slice(from, until), chance() < 0.1 ? { seq: until, at: '2026-11-20T00:00:00.000Z' } : null)
        done = Math.min(until, changes.length)
      }
      // Only now it holds the whole log, however it came to it.
      return by.apply(schema, [], { seq: changes.length, at: '2026-11-21T00:00:00.000Z' })
    }
    const sums = async (schema: string) => (await projection.checksums(schema)).tables

    test('readers get what the documents say, with counts, brands and words that add up', async () => {
      const { changes, documents } = history(7, 400)
      const schema = await fresh()
      await projectIn(schema, changes, chanceFrom(70), 60)
      const shown = [...documents.review.values()].filter(({ status }) => status === 'published')
      expect(shown.length).toBeGreaterThan(10)
      const expected = shown.map((review) => expectedReview(review, documents))
      const columns = Object.keys(expected[0] ?? {})
      const found = (await rows(schema, 'review')).map((row) => ({
        ...Object.fromEntries(columns.map((column) => [column, row[column]])),
        published_at: new Date(row.published_at as string | Date),
      }))
      expect(found.toSorted(byId)).toEqual(expected.toSorted(byId))
      for (const kind of ['camera', 'lens', 'editor'] as const)
        expect((await rows(schema, kind)).map(({ id, version, slug }) => ({ id, version, slug })).toSorted(byId)).toEqual(
          [...documents[kind].values()].map(({ id, version, slug }) => ({ id, version, slug })).toSorted(byId),
        )
      const brands = [...documents.camera.values(), ...documents.lens.values()].map(({ brand }) => brand)
      expect(new Set((await rows(schema, 'brand')).map(({ slug }) => slug))).toEqual(new Set(brands.map(slugFrom)))
      expect(counted(await rows(schema, 'facet'), 'dimension', 'value')).toEqual(tally(expected.flatMap(facetsOf)))
      const words = counted(await rows(schema, 'word'), 'language', 'word')
      const wanted = tally(expected.flatMap(wordsOf))
      for (const [word, reviews] of Object.entries(wanted)) if (!stopWords.has(word)) expect([word, words[word]]).toEqual([word, reviews])
      expect(Object.keys(words).filter((word) => wanted[word] === undefined)).toEqual([])
      expect(counted(await rows(schema, 'review_tag'), 'tag')).toEqual(tally(expected.flatMap(({ tags }) => tags)))
      expect((await rows(schema, 'former_slug')).length).toBe(shown.flatMap(({ formerSlugs }) => formerSlugs).length)
    })

    test('any replay, duplication or cut of the log leaves the same bytes', async () => {
      for (const seed of [1, 2, 3]) {
        const { changes } = history(seed, 250)
        const whole = await fresh()
        await projectIn(whole, changes, chanceFrom(0), 5000)
        for (const most of [1, 7, 90]) {
          const other = await fresh()
          await projectIn(other, changes, chanceFrom(seed * 100 + most), most)
          expect(await projection.differences(whole, other, 3)).toEqual([])
          expect(await sums(other)).toEqual(await sums(whole))
          await projection.drop(other)
        }
      }
    })

    test('two projectors at once bring every change once', async () => {
      const { changes } = history(11, 250)
      const [one, both] = [await fresh(), await fresh()]
      await projectIn(one, changes, chanceFrom(5), 50)
      const race = async (by: Projection, chance: () => number) => {
        for (let seq = 0; seq < changes.length; ) {
          const applied = await by.apply(both, changes.slice(seq, seq + 1 + Math.floor(chance() * 9)), null)
          expect(applied.position.seq).toBeGreaterThan(seq)
          seq = applied.position.seq
        }
      }
      await Promise.all([race(projection, chanceFrom(8)), race(harness.another, chanceFrom(9)), race(projection, chanceFrom(10))])
      await projection.apply(both, [], { seq: changes.length, at: '2026-11-21T00:00:00.000Z' })
      expect(await sums(both)).toEqual(await sums(one))
      expect((await rows(both, 'change')).map(({ seq }) => Number(seq)).toSorted((a, b) => a - b)).toEqual(
        (await rows(one, 'change')).map(({ seq }) => Number(seq)).toSorted((a, b) => a - b),
      )
    })

    test('nothing of what is not public stands anywhere, in no table', async () => {
      const { changes } = history(4, 400)
      expect(JSON.stringify(changes)).toContain(draftMark)
      const schema = await fresh()
      await projectIn(schema, changes, chanceFrom(4), 30)
      for (const table of tables) expect(JSON.stringify(await rows(schema, table))).not.toContain(draftMark)
    })

    test('a renamed camera takes all of its reviews along, in one batch of many', async () => {
      const camera = sampleCamera(1)
      const reviews = Array.from({ length: 2100 }, (_, n) => published(n + 1, { body: 'corto', cameraId: camera.id }))
      const log = logOf([camera, 'camera'], ...reviews.map((review) => [review, 'review'] as const))
      const renamed = [
        change(log.length + 1, 'camera', { ...camera, version: 2, brand: 'Nikon', mount: 'Nikon Z' }),
        change(log.length + 2, 'review', { ...published(1, { cameraId: camera.id, title: 'Zanahoria' }), version: 2 }),
      ]
      const schema = await fresh()
      await projection.apply(schema, log, null)
      await projection.apply(schema, renamed, { seq: log.length + 2, at: '2026-11-21T00:00:00.000Z' })
      expect(new Set((await rows(schema, 'review')).map(({ brand, mount }) => `${brand} ${mount}`))).toEqual(new Set(['nikon Nikon Z']))
      expect(await rows(schema, 'facet')).toContainEqual({ dimension: 'brand', value: 'nikon', reviews: 2100 })
      expect(await rows(schema, 'brand')).toEqual([{ slug: 'nikon', name: 'Nikon' }])
      expect((await rows(schema, 'word')).map(({ word }) => word)).not.toContain('canon')
    })

    test('a poisonous change is parked, takes its document away and stops nothing', async () => {
      const good = published(1)
      for (const poison of [
        { title: 'a\u0000b' },
        { language: 'xx' as 'es' },
        { pros: null as never },
        { cameraId: 'no uuid' },
        { publishedAt: null },
        { publishedAt: '20 Nov 2026' },
        { publishedAt: '2026-02-30T00:00:00.000Z' },
        { createdAt: 'once' },
      ]) {
        const schema = await fresh()
        await projection.apply(schema, logOf([sampleCamera(1), 'camera'], [good, 'review']), null)
        const bad = { ...good, ...poison, version: 2 }
        const after = [change(3, 'review', bad), change(4, 'review', published(2)), change(5, 'editor', sampleEditor(1))]
        const applied = await projection.apply(schema, after, { seq: 5, at: '2026-11-21T00:00:00.000Z' })
        expect(applied).toMatchObject({ position: { epoch: 'e1', seq: 5 }, parked: 1, caughtUpAt: '2026-11-21T00:00:00.000Z' })
        expect(await projection.parked(schema)).toMatchObject([{ seq: 3, kind: 'review', id: good.id }])
        expect((await rows(schema, 'review')).map(({ id }) => id)).toEqual([published(2).id])
        expect(await rows(schema, 'editor')).toHaveLength(1)
        // A version that can be shown settles it.
        const healed = await projection.apply(schema, [change(6, 'review', { ...good, version: 3 })], null)
        expect(healed.parked).toBe(0)
        expect(await rows(schema, 'review')).toHaveLength(2)
        await projection.drop(schema)
      }
    })

    test('no document, whatever it holds, stops the projector', async () => {
      const chance = chanceFrom(31)
      const junk = [
        null,
        5,
        true,
        {},
        [],
        [null],
        ['\u0000'],
        '',
        '\u0000',
        '\ud800',
        'x'.repeat(300_000),
        { a: '\u0000' },
        '9999-99-99',
        -1e40,
      ]
      const spoilt = <D extends { id: string; version: number }>(document: D, version: number): D => {
        const names = Object.keys(document).filter((name) => name !== 'id' && name !== 'version')
        const name = names[Math.floor(chance() * names.length)] ?? ''
        return { ...document, version, [name]: junk[Math.floor(chance() * junk.length)] }
      }
      const originals = [
        [sampleCamera(1), 'camera'],
        [sampleLens(1), 'lens'],
        [sampleEditor(1), 'editor'],
        [published(1, { lensId: sampleId('lens', 1) }), 'review'],
      ] as const
      const changes = logOf(...originals)
      for (let version = 2; version < 25; version++)
        for (const [document, kind] of originals)
          changes.push(
            change(changes.length + 1, kind, chance() < 0.7 ? spoilt<Review>(document as Review, version) : { ...document, version }),
          )
      for (const [document, kind] of originals) changes.push(change(changes.length + 1, kind, { ...document, version: 25 }))
      const [whole, single] = [await fresh(), await fresh()]
      const applied = await projectIn(whole, changes, chanceFrom(32), 5000)
      expect(applied).toMatchObject({ position: { seq: changes.length }, parked: 0 })
      await projectIn(single, changes, chanceFrom(33), 3)
      expect(await projection.differences(whole, single, 3)).toEqual([])
      for (const table of ['review', 'camera', 'lens', 'editor']) expect(await rows(single, table)).toHaveLength(1)
    })

    test('poison leaves the same bytes however the log is cut', async () => {
      const { changes } = history(21, 200)
      const chance = chanceFrom(22)
      const poisoned = changes.map((entry) =>
        entry.document !== null && chance() < 0.08
          ? ({ ...entry, document: { ...entry.document, slug: 'a\u0000', byline: 'a\u0000' } } as Change)
          : entry,
      )
      const [whole, single] = [await fresh(), await fresh()]
      const { parked } = await projectIn(whole, poisoned, chanceFrom(1), 5000)
      expect(parked).toBeGreaterThan(3)
      await projectIn(single, poisoned, chanceFrom(2), 2)
      expect(await sums(single)).toEqual(await sums(whole))
      expect(await projection.parked(single)).toMatchObject((await projection.parked(whole)).map(({ seq, id }) => ({ seq, id })))
    })

    test('caches are told each change with the names of all answers that it alters', async () => {
      const schema = await fresh()
      const camera = sampleCamera(1)
      const review = published(1, { slug: 'new-slug', formerSlugs: ['old-slug'], tags: ['viaje'] })
      const steps = logOf([camera, 'camera'], [sampleReview(2), 'review'], [review, 'review'])
      steps.push(
        change(4, 'review', { ...review, version: 2, language: 'pt', tags: ['calle'], slug: 'newest-slug', formerSlugs: ['new-slug'] }),
      )
      steps.push(change(5, 'camera', { ...camera, version: 2, brand: 'Nikon', slug: 'nikon-r1' }))
      steps.push(change(6, 'review', { ...review, version: 3, status: 'withdrawn' }))
      steps.push({ ...change(7, 'review', review), version: 4, document: null } as Change)
      await projection.apply(schema, steps, null)
      const told = (await rows(schema, 'change')).toSorted((a, b) => Number(a.seq) - Number(b.seq))
      expect(told.map(({ seq, kind, act }) => [Number(seq), kind, act])).toEqual([
        [1, 'camera', 'changed'],
        [3, 'review', 'published'],
        [4, 'review', 'revised'],
        [5, 'camera', 'changed'],
        [6, 'review', 'withdrawn'],
      ])
      const [made, out, revised, renamed, gone] = told.map(({ tags }) => new Set(tags as string[]))
      const always = ['reviews', `review:${review.id}`, `reviews:camera:${camera.id}`, `reviews:editor:${review.editorId}`]
      expect(made).toEqual(new Set([`camera:${camera.id}`, 'cameras', 'reviews', `slug:${camera.slug}`]))
      const early = [
        'slug:new-slug',
        'slug:old-slug',
        'reviews:tag:viaje',
        'reviews:language:es',
        'reviews:brand:canon',
        'reviews:mount:Canon RF',
      ]
      const later = ['slug:newest-slug', 'reviews:tag:calle', 'reviews:language:pt']
      expect(out).toEqual(new Set([...always, ...early]))
      expect(revised).toEqual(new Set([...always, ...early, ...later]))
      // The review leaves the lists of one brand and enters those of another: lists that name any of its values may show it.
      for (const tag of [
        'cameras',
        'slug:nikon-r1',
        'slug:canon-eos-r1',
        'reviews:brand:canon',
        'reviews:brand:nikon',
        'reviews:tag:calle',
        'reviews:language:pt',
      ])
        expect(renamed).toContain(tag)
      for (const tag of [...always, ...later, 'reviews:brand:nikon']) expect(gone).toContain(tag)
    })

    test('a hole in the log is refused, what came before is skipped', async () => {
      const schema = await fresh()
      const log = logOf([sampleCamera(1), 'camera'], [sampleEditor(1), 'editor'], [sampleLens(1), 'lens'], [published(1), 'review'])
      await projection.apply(schema, log.slice(0, 2), null)
      await expectRefusal(projection.apply(schema, log.slice(3), null), 'conflict', 'gap')
      await expectRefusal(projection.apply(schema, [...log.slice(0, 2), ...log.slice(3)], null), 'conflict', 'gap')
      expect(await rows(schema, 'review')).toHaveLength(0)
      expect((await projection.apply(schema, log.slice(0, 1), null)).position.seq).toBe(2)
      expect((await projection.apply(schema, log, null)).position.seq).toBe(4)
      await projection.drop(schema)
      await expectRefusal(projection.apply(schema, log, null), 'missing', 'missing')
    })

    test('the heartbeat tells when all of the log was there, and never goes back', async () => {
      const schema = await fresh()
      const log = logOf([sampleCamera(1), 'camera'], [sampleEditor(1), 'editor'])
      expect((await projection.apply(schema, log.slice(0, 1), { seq: 2, at: '2026-11-21T00:00:00.000Z' })).caughtUpAt).toBeNull()
      expect((await projection.apply(schema, log, { seq: 2, at: '2026-11-21T00:00:01.000Z' })).caughtUpAt).toBe('2026-11-21T00:00:01.000Z')
      expect((await projection.apply(schema, [], { seq: 2, at: '2026-11-21T00:00:09.000Z' })).caughtUpAt).toBe('2026-11-21T00:00:09.000Z')
      expect((await projection.apply(schema, [], { seq: 2, at: '2026-11-21T00:00:05.000Z' })).caughtUpAt).toBe('2026-11-21T00:00:09.000Z')
      expect((await projection.apply(schema, [], { seq: 3, at: '2026-11-21T00:00:30.000Z' })).caughtUpAt).toBe('2026-11-21T00:00:09.000Z')
    })

    test('a kind that this code does not know is passed', async () => {
      const schema = await fresh()
      const alien = { ...change(1, 'editor', sampleEditor(1)), kind: 'unheard-of' } as unknown as Change
      expect(await projection.apply(schema, [alien], null)).toMatchObject({ position: { seq: 1 }, parked: 0 })
    })

    test('readers are switched between builds; what nobody uses is dropped', async () => {
      const [a, b] = await Promise.all([projection.open('e1'), harness.another.open('e1')])
      expect(a).toMatchObject({ live: true, position: { epoch: 'e1', seq: 0 } })
      expect(b.schema).toBe(a.schema)
      const next = await projection.create('e1')
      expect(next.live).toBe(false)
      await projection.switch(next.schema)
      expect(await projection.open('e1')).toMatchObject({ schema: next.schema, live: true })
      expect(await projection.apply(a.schema, [], null)).toMatchObject({ live: false })
      expect(await projection.apply(next.schema, [], null)).toMatchObject({ live: true })
      await expectRefusal(projection.drop(next.schema), 'conflict', 'live')
      expect(await projection.prune(3_600_000)).toEqual([])
      expect(await projection.prune(0)).toContain(a.schema)
      expect((await projection.builds()).map(({ schema }) => schema)).toEqual([next.schema])
      await expectRefusal(projection.switch(a.schema), 'missing', 'missing')
      await expectRefusal(projection.apply('content_; drop schema public', [], null), 'missing', 'missing')
    })

    test('a switch never takes readers back', async () => {
      const live = await projection.open('e1')
      const log = logOf([sampleCamera(1), 'camera'], [sampleEditor(1), 'editor'])
      await projection.apply(live.schema, log, null)
      const next = await fresh()
      await projection.apply(next, log.slice(0, 1), null)
      await expectRefusal(projection.switch(next), 'conflict', 'behind')
      await projection.apply(next, log, null)
      await projection.switch(next)
      expect((await projection.open('e1')).schema).toBe(next)
    })

    test('a live build has one successor, whoever asks, until readers are switched', async () => {
      const live = await projection.open('e1')
      const [a, b] = await Promise.all([projection.successor(live.schema, 'e1'), harness.another.successor(live.schema, 'e1')])
      expect(a).toMatchObject({ live: false, successor: true, caughtUpAt: null, position: { epoch: 'e1', seq: 0 } })
      expect(b).toEqual(a)
      // Other builds are made for other ends.
      const other = await projection.create('e1')
      expect(other).toMatchObject({ live: false, successor: false })
      const log = logOf([sampleCamera(1), 'camera'], [sampleEditor(1), 'editor'], [sampleCamera(2), 'camera'])
      const now = { seq: 3, at: '2026-11-21T00:00:00.000Z' }
      const at = { epoch: 'e1', seq: 3 }
      expect(await projection.apply(a.schema, log, now)).toEqual({ ...a, position: at, caughtUpAt: now.at })
      await projection.switch(a.schema)
      const switched = { ...a, position: at, caughtUpAt: now.at, live: true, successor: false }
      expect(await projection.apply(a.schema, [], null)).toEqual(switched)
      expect(await harness.another.successor(live.schema, 'e1')).toEqual(switched)
      expect(await projection.successor(a.schema, 'e1')).toMatchObject({ live: false, successor: true, position: { seq: 0 } })
      // Somebody's rebuild comes first: nobody waits for the successor any more.
      await projection.apply(other.schema, log, null)
      await projection.switch(other.schema)
      expect((await projection.builds()).filter(({ successor }) => successor)).toEqual([])
    })

    test('a successor that was whole once is gone on with only where it stands no earlier than the live one', async () => {
      const live = await projection.open('e1')
      const before = await projection.successor(live.schema, 'e1')
      const log = logOf([sampleCamera(1), 'camera'], [sampleEditor(1), 'editor'], [sampleCamera(2), 'camera'], [sampleCamera(3), 'camera'])
      await projection.apply(before.schema, log.slice(0, 3), { seq: 3, at: '2026-11-21T00:00:00.000Z' })
      expect((await projection.successor(live.schema, 'e1')).schema).toBe(before.schema)
      await projection.apply(live.schema, log, { seq: 4, at: '2026-11-21T00:00:00.000Z' })
      expect(await projection.successor(live.schema, 'e1')).toMatchObject({ successor: true, caughtUpAt: null, position: { seq: 0 } })
    })

    test('a successor that was dropped is made anew', async () => {
      const live = await projection.open('e1')
      const { schema } = await projection.successor(live.schema, 'e1')
      await projection.drop(schema)
      expect(await projection.successor(live.schema, 'e1')).toMatchObject({ successor: true, position: { seq: 0 } })
    })

    test('a new epoch gets a build beside the live one; an older master is turned away', async () => {
      const live = await projection.open('e1')
      expect(await projection.open('e2')).toEqual(live)
      const beside = await projection.successor(live.schema, 'e2')
      expect(beside).toMatchObject({ live: false, successor: true, position: { epoch: 'e2', seq: 0 } })
      await projection.apply(beside.schema, logOf([sampleCamera(1), 'camera']), null)
      expect(await projection.successor(live.schema, 'e2')).toMatchObject({ schema: beside.schema, live: false, position: { seq: 1 } })
      await expectRefusal(projection.successor(live.schema, 'e1'), 'conflict', 'epoch')
      expect(await projection.open('e1')).toMatchObject({ schema: live.schema, live: true })
      await projection.switch(beside.schema)
      expect(await projection.open('e2')).toMatchObject({ schema: beside.schema, live: true })
      await expectRefusal(projection.open('e1'), 'conflict', 'epoch')
      await expectRefusal(projection.switch(live.schema), 'conflict', 'epoch')
    })
  })
}

const published = (n: number, changes: Partial<Review> = {}): Review =>
  sampleReview(n, {
    status: 'published',
    publishedAt: new Date(Date.UTC(2026, 10 - (n % 30), 20)).toISOString(),
    cameraId: sampleId('camera', 1),
    ...changes,
  })

const change = (seq: number, kind: Change['kind'], document: Camera | Lens | Editor | Review): Change =>
  ({ seq, at: '2026-11-20T10:00:00.000Z', by: null, kind, id: document.id, version: document.version, document }) as Change

const logOf = (...entries: (readonly [Camera | Lens | Editor | Review, Change['kind']])[]): Change[] =>
  entries.map(([document, kind], index) => change(index + 1, kind, document))

async function expectRefusal(promise: Promise<unknown>, reason: string, code: string): Promise<void> {
  const error = await promise.then(
    () => null,
    (thrown: Refusal) => thrown,
  )
  expect([error?.reason, error?.code]).toEqual([reason as never, code])
}

function expectedReview(review: Review, { camera, lens }: ReturnType<typeof history>['documents']) {
  const [body, glass] = [camera.get(review.cameraId), lens.get(review.lensId ?? '')]
  const keywords = [body, glass].flatMap((thing) => (thing ? [`${thing.brand} ${thing.model}`] : [])).join(' ')
  const { id, version, slug, title, summary, body: text, verdict, pros, cons, images, tags, language } = review
  const shown = { id, version, slug, title, summary, body: text, verdict, pros, cons, images, tags, language }
  const place = { brand: slugFrom(body?.brand ?? ''), mount: body?.mount ?? null, keywords }
  const ids = { camera_id: review.cameraId, lens_id: review.lensId, editor_id: review.editorId }
  return { ...shown, ...ids, published_at: new Date(review.publishedAt ?? ''), ...place }
}
type Expected = ReturnType<typeof expectedReview>

const facetsOf = ({ brand, camera_id, lens_id, mount, editor_id, language, tags, published_at }: Expected): string[] => [
  ...Object.entries({ brand, camera: camera_id, lens: lens_id, mount, editor: editor_id, language }).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  ),
  ...tags.map((tag) => `tag ${tag}`),
  `month ${published_at.toISOString().slice(0, 7)}`,
  `day ${published_at.toISOString().slice(0, 10)}`,
]

/** Nobody can search for them. */
const stopWords = new Set(['es la', 'es una', 'pt são', 'en the', 'en with'])
const wordsOf = ({ language, title, summary, body, verdict, keywords }: Expected): string[] => {
  const text = [title, summary, body.replace(/https:\S+/, ''), verdict, keywords].join(' ').toLowerCase()
  return [...new Set(text.split(/[^\p{L}\p{N}]+/u))].filter((word) => word !== '').map((word) => `${language} ${word}`)
}

const tally = (values: readonly string[]): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const value of values) sums[value] = (sums[value] ?? 0) + 1
  return sums
}
const counted = (found: Record<string, unknown>[], ...columns: string[]): Record<string, number> =>
  columns.length === 1
    ? tally(found.map((row) => String(row[columns[0] ?? ''])))
    : Object.fromEntries(found.map((row) => [columns.map((column) => row[column]).join(' '), row.reviews as number]))

const byId = (a: Record<string, unknown>, b: Record<string, unknown>) => (String(a.id) < String(b.id) ? -1 : 1)
