import { describe, expect, test } from 'bun:test'
import { ReviewFields } from '../../domain/review.ts'
import { type CorpusCatalogue, type CorpusReview, corpus, corpusId } from './corpus.ts'
import { drawsOf, zipf } from './corpus-draws.ts'

const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const gear = (from: number, count: number, mount: (n: number) => string | null) =>
  Array.from({ length: count }, (_, n) => ({ id: idOf(from + n), brand: `Brand${n}`, model: `M${n}`, mount: mount(n) }))
const catalogue: CorpusCatalogue = {
  cameras: gear(0, 40, (n) => (n % 4 === 3 ? null : `Mount ${n % 4}`)),
  lenses: gear(100, 30, (n) => `Mount ${n % 3}`),
  editorIds: [1, 2, 3, 4, 5, 6].map((n) => idOf(900 + n)),
}
const make = corpus(1, catalogue)
const many: CorpusReview[] = Array.from({ length: 4000 }, (_, n) => make(n))

/** How often each value comes, most often first. */
function counts(values: readonly string[]): number[] {
  const found = new Map<string, number>()
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1)
  return [...found.values()].sort((a, b) => b - a)
}

const share = (language: string) => many.filter(({ fields }) => fields.language === language).length / many.length

describe('a corpus of reviews that nobody wrote', () => {
  test('is the same to the byte for the same seed, review by review and in any order', () => {
    const again = corpus(1, catalogue)
    for (const n of [3999, 0, 17]) expect(JSON.stringify(again(n))).toBe(JSON.stringify(many[n]))
    expect(Bun.hash(JSON.stringify(many)).toString(36)).toMatchInlineSnapshot(`"3il0xbhfkcesl"`)
  })

  test('is another one for another seed, and no two reviews are alike', () => {
    const other = corpus(2, catalogue)
    expect(other(0).fields.body).not.toBe(make(0).fields.body)
    for (const of of [(one: CorpusReview) => one.id, ({ fields }: CorpusReview) => fields.slug, ({ fields }: CorpusReview) => fields.body])
      expect(new Set([...many, ...Array.from({ length: 500 }, (_, n) => other(n))].map(of)).size).toBe(4500)
  })

  test('knows the id of a review without making it, whatever cameras there are', () => {
    const fewer = corpus(1, { ...catalogue, cameras: catalogue.cameras.slice(0, 3) })
    for (const n of [0, 1, 999_999]) {
      expect(corpusId(1, n)).toBe(make(n).id)
      expect(corpusId(1, n)).toBe(fewer(n).id)
    }
  })

  test('holds only what an editor could have written', () => {
    for (const { fields } of many) expect(ReviewFields.parse(fields)).toEqual(fields)
  })

  test('has texts of 1 to 3 kB in paragraphs, and titles that name the camera', () => {
    const sizes = many.map(({ fields }) => Buffer.byteLength(fields.body))
    expect(Math.min(...sizes)).toBeGreaterThan(900)
    expect(Math.max(...sizes)).toBeLessThan(3700)
    const names = new Map(catalogue.cameras.map(({ id, brand, model }) => [id, `${brand} ${model}`]))
    for (const { fields } of many) {
      expect(fields.body).toMatch(/\n\n## \p{L}/u)
      expect(fields.title).toStartWith(names.get(fields.cameraId) ?? 'a camera of the catalogue')
    }
  })

  test('speaks three languages and was published over ten years', () => {
    expect(share('es')).toBeWithin(0.42, 0.48)
    expect(share('pt')).toBeWithin(0.27, 0.33)
    expect(share('en')).toBeWithin(0.22, 0.28)
    const years = counts(many.map(({ publishedAt }) => publishedAt.slice(0, 4)))
    expect(years).toHaveLength(10)
    expect(Math.min(...years)).toBeGreaterThan(300)
  })

  test('no camera is reviewed before it is there', () => {
    const releases = ['2013-01-01', '2019-05', '2024-08-20', '2025-12-20', null]
    const dated = catalogue.cameras.map((camera, n) => ({ ...camera, releasedOn: releases[n % releases.length] ?? null }))
    const release = new Map(dated.map(({ id, releasedOn }) => [id, releasedOn ?? '2016']))
    const later = corpus(1, { ...catalogue, cameras: dated })
    for (let n = 0; n < 1000; n++) {
      const { publishedAt, fields } = later(n)
      expect(publishedAt >= (release.get(fields.cameraId) ?? '') || publishedAt > '2025-12').toBeTrue()
      expect(publishedAt < '2026').toBeTrue()
    }
  })

  test('puts only lenses on a camera that fit', () => {
    const mounts = new Map([...catalogue.cameras, ...catalogue.lenses].map(({ id, mount }) => [id, mount]))
    const lensed = many.filter(({ fields }) => fields.lensId !== null)
    expect(lensed.length).toBeGreaterThan(1000)
    for (const { fields } of lensed) expect(mounts.get(fields.lensId ?? '')).toBe(mounts.get(fields.cameraId))
  })

  test('has favourites and a long tail: cameras, lenses, editors, tags and words', () => {
    const [first = 0, second = 0, , fourth = 0] = counts(many.map(({ fields }) => fields.cameraId))
    expect(first / second).toBeWithin(1.7, 2.3)
    expect(first / fourth).toBeWithin(3.4, 4.6)
    for (const values of [
      many.map(({ editorId }) => editorId),
      many.flatMap(({ fields }) => fields.lensId ?? []),
      many.flatMap(({ fields }) => fields.tags),
    ]) {
      const found = counts(values)
      expect(found[0] as number).toBeGreaterThan(3 * (found.at(-1) as number))
    }
    const words = counts(many.flatMap(({ fields }) => [...new Set(fields.body.toLowerCase().match(/\p{L}+/gu))]))
    expect(words.length).toBeGreaterThan(15_000)
    expect(words[100] as number).toBeGreaterThan(50 * (words[10_000] as number))
  })

  test('draws the k-th value 1/k times as often as the first', () => {
    const pick = zipf(Array.from({ length: 1000 }, (_, rank) => String(rank + 1)))
    const draw = drawsOf(7, 7)
    const drawn = Array.from({ length: 400_000 }, () => pick(draw))
    const times = (rank: number) => drawn.filter((value) => value === String(rank)).length
    const once = 400_000 / 7.485 // 1 + 1/2 + … + 1/1000
    for (const rank of [1, 2, 10, 100]) expect(times(rank) / (once / rank)).toBeWithin(0.85, 1.15)
  })

  // A guard against a slip that makes it many times slower; alone on a core it makes well over 20,000 a second.
  test('is made faster than any disk takes it', () => {
    const before = process.cpuUsage()
    for (let n = 0; n < 4000; n++) make(n)
    const { user, system } = process.cpuUsage(before)
    expect(4000 / ((user + system) / 1e6)).toBeGreaterThan(5000)
  })
})
