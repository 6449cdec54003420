import { describe, expect, test } from 'bun:test'
import { referenceMoves } from './reference.ts'
import {
  draft,
  isPublic,
  publish,
  type Review,
  ReviewDocument,
  ReviewFields,
  revise,
  schedule,
  slugsOf,
  statuses,
  withdraw,
} from './review.ts'

const now = '2026-11-21T12:00:00.000Z'
const later = '2026-11-22T12:00:00.000Z'
const id = '01941f29-7c00-7000-8000-000000000001'
const cameraId = '01941f29-7c00-7000-8000-00000000000c'
const lensId = '01941f29-7c00-7000-8000-00000000000e'

const fields = ReviewFields.parse({ title: ' A title ', body: 'B', language: 'es', tags: ['Noche', 'noche '], cameraId })
const fresh = (): Review => ({ ...draft(fields, { id, slug: 'a-title', editorId: id, now }), version: 1 })
const inStatus = (status: Review['status']): Review => ({
  ...fresh(),
  status,
  publishAt: status === 'scheduled' ? later : null,
  publishedAt: status === 'published' || status === 'withdrawn' ? now : null,
})

test('what an editor writes is trimmed, its tags are lower-case and each once, the rest has defaults', () => {
  expect(fields).toEqual({
    title: 'A title',
    summary: '',
    body: 'B',
    verdict: '',
    pros: [],
    cons: [],
    images: [],
    language: 'es',
    tags: ['noche'],
    cameraId,
    lensId: null,
  })
})

test('what the relational side cannot hold, or a line must not hold, is refused at the door', () => {
  const good = { title: 't', body: 'b', language: 'en', cameraId }
  const bad = [
    { title: 'a\u0000b' },
    { body: '\ud800' },
    { title: 'two\nlines' },
    { tags: ['a\u2028b'] },
    { images: ['javascript:1'] },
    { images: ['https://x/\u0000'] },
  ]
  for (const more of bad) expect(ReviewFields.safeParse({ ...good, ...more }).success).toBe(false)
  expect(ReviewFields.safeParse({ ...good, body: 'two\nlines', images: ['https://example.org/a.jpg'] }).success).toBe(true)
})

test('a new review is a whole document', () => {
  expect(ReviewDocument.parse(fresh())).toEqual(fresh())
})

describe('the steps of its life', () => {
  // The picture at the head of review.ts, as a table: from each status what each step makes of it.
  test.each([
    ['draft', 'published', 'scheduled', 'refused'],
    ['scheduled', 'published', 'scheduled', 'draft'],
    ['published', 'refused', 'refused', 'withdrawn'],
    ['withdrawn', 'published', 'scheduled', 'refused'],
  ] as const)('from %s: publish → %s, schedule → %s, withdraw → %s', (status, published, scheduled, withdrawn) => {
    const after = (step: (review: Review) => Review) => {
      try {
        return step(inStatus(status)).status
      } catch (refusal) {
        expect(refusal).toMatchObject({ reason: 'conflict', code: 'wrong-status', facts: { reviewStatus: status } })
        return 'refused'
      }
    }
    expect(after((review) => publish(review, now))).toBe(published)
    expect(after((review) => schedule(review, later, now))).toBe(scheduled)
    expect(after(withdraw)).toBe(withdrawn)
  })

  test('a review that was out and is scheduled again is withdrawn when taken out of the schedule', () => {
    const again = schedule(inStatus('withdrawn'), later, now)
    expect(withdraw(again)).toMatchObject({ status: 'withdrawn', publishAt: null, publishedAt: now })
  })

  test('only a scheduled review has a time ahead, and the first publication is kept', () => {
    expect(publish(inStatus('scheduled'), later)).toMatchObject({ publishAt: null, publishedAt: later })
    expect(publish(inStatus('withdrawn'), later).publishedAt).toBe(now)
  })

  test('readers see published reviews and no others', () => {
    expect(statuses.filter((status) => isPublic({ status }))).toEqual(['published'])
  })
})

describe('its addresses', () => {
  test('before the first publication are given up, afterwards kept', () => {
    expect(slugsOf(revise(fresh(), { ...fields, slug: 'b' }))).toEqual(['b'])
    expect(slugsOf(revise(inStatus('published'), { ...fields, slug: 'b' }))).toEqual(['b', 'a-title'])
    expect(slugsOf(revise(inStatus('withdrawn'), { ...fields, slug: 'b' }))).toEqual(['b', 'a-title'])
  })

  test('never stand twice, and are twenty-one at most', () => {
    let review = inStatus('published')
    for (const slug of ['b', 'a-title', 'b']) review = revise(review, { ...fields, slug })
    expect(slugsOf(review)).toEqual(['b', 'a-title'])
    for (let n = 0; n < 30; n++) review = revise(review, { ...fields, slug: `s${n}` })
    expect(slugsOf(review)).toEqual(['s29', ...Array.from({ length: 20 }, (_, n) => `s${n + 9}`)])
  })

  test('stay where an edit names none', () => {
    expect(revise(inStatus('published'), { ...fields, title: 'Other' })).toMatchObject({ title: 'Other', slug: 'a-title', formerSlugs: [] })
  })
})

test('references are counted when they come, go and change, and not otherwise', () => {
  const one = fresh()
  const two = { ...one, cameraId: lensId, lensId }
  expect(referenceMoves(null, one)).toEqual([{ counter: `refs:camera:${cameraId}`, by: 1 }])
  expect(referenceMoves(one, { ...one, title: 'x' })).toEqual([])
  expect(referenceMoves(one, two)).toEqual([
    { counter: `refs:camera:${cameraId}`, by: -1 },
    { counter: `refs:camera:${lensId}`, by: 1 },
    { counter: `refs:lens:${lensId}`, by: 1 },
  ])
  expect(referenceMoves(two, null).map(({ by }) => by)).toEqual([-1, -1])
})
