// The curated data: every entry is valid, consistent with the others and plausible.
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { CameraFields } from '../src/domain/camera.ts'
import { EditorFields } from '../src/domain/editor.ts'
import { LensFields } from '../src/domain/lens.ts'
import { languages, ReviewFields } from '../src/domain/review.ts'
import { Slug } from '../src/domain/slug.ts'

const folder = new URL('../data/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const load = <T>(name: string, entry: z.ZodType<T>): T[] => z.array(entry).parse(JSON.parse(read(name)))

const sources = z.array(z.string().min(10)).min(1)
const ReviewEntry = z.strictObject({
  ...ReviewFields.omit({ body: true, cameraId: true, lensId: true }).shape,
  slug: Slug,
  camera: Slug,
  lens: Slug.nullable(),
  desk: Slug,
  publishedAt: z.iso.datetime(),
})

// Every entry states its slug: the reviews refer to it.
const slugged = <T extends { slug?: string | undefined }>(fields: T) => ({ ...fields, slug: Slug.parse(fields.slug) })
const cameras = load('cameras.json', z.strictObject({ sources, camera: CameraFields })).map(({ camera }) => slugged(camera))
const lenses = load('lenses.json', z.strictObject({ sources, lens: LensFields })).map(({ lens }) => slugged(lens))
const reviews = load('reviews.json', ReviewEntry)
const desks = load('desks.json', EditorFields)

const slugsOf = (entries: readonly { slug: string }[]): string[] => entries.map((entry) => entry.slug)
const repeated = (values: readonly string[]): string[] => values.filter((value, at) => values.indexOf(value) !== at)
const missing = (values: readonly (string | null)[], known: readonly string[]): (string | null)[] =>
  values.filter((value) => value !== null && !known.includes(value))
const slugsWhere = <T extends { slug: string }>(entries: readonly T[], wrong: (entry: T) => boolean): string[] =>
  slugsOf(entries.filter(wrong))
const between = (value: number | null, least: number, most: number): boolean => value === null || (value >= least && value <= most)

const today = new Date().toISOString().slice(0, 10)
const launched = (releasedOn: string | null): boolean => releasedOn === null || (releasedOn >= '2008' && releasedOn <= today)

/** Width and height that sensors sold under the name of a format have, in millimetres. */
const formats: Record<string, { width: [number, number]; height: [number, number] }> = {
  'medium-format': { width: [43, 54], height: [32, 41] },
  'full-frame': { width: [35.5, 36.1], height: [23.7, 24.1] },
  'aps-h': { width: [26, 29], height: [17, 20] },
  'aps-c': { width: [22, 23.7], height: [14.7, 15.8] },
  'four-thirds': { width: [17.2, 17.5], height: [12.9, 13.1] },
  '1-inch': { width: [12.8, 13.3], height: [8.7, 8.9] },
}

/** Photographs are at most this dense and at least this coarse, in megapixels, by format. */
const resolutions: Record<string, [number, number]> = {
  'medium-format': [40, 151],
  'full-frame': [10, 62],
  'aps-h': [8, 30],
  'aps-c': [12, 41],
  'four-thirds': [10, 26],
  '1-inch': [10, 26],
}

/** What a mount was made for: a lens must cover no more than the largest sensor behind it. */
const mounts: Record<string, string[]> = {
  'Canon RF': ['full-frame', 'aps-c'],
  'Canon EF': ['full-frame', 'aps-c'],
  'Canon EF-M': ['aps-c'],
  'Nikon Z': ['full-frame', 'aps-c'],
  'Nikon F': ['full-frame', 'aps-c'],
  'Sony E': ['full-frame', 'aps-c'],
  'Pentax K': ['full-frame', 'aps-c'],
  'L-Mount': ['full-frame', 'aps-c'],
  'Leica M': ['full-frame'],
  'Fujifilm X': ['aps-c'],
  'Micro Four Thirds': ['four-thirds'],
  'Fujifilm G': ['medium-format'],
  'Pentax 645': ['medium-format'],
  'Hasselblad XCD': ['medium-format'],
}

test('there is enough to show, and every address is unique', () => {
  expect(cameras.length).toBeGreaterThanOrEqual(150)
  expect(lenses.length).toBeGreaterThanOrEqual(100)
  expect(reviews.length).toBe(36)
  for (const entries of [cameras, lenses, reviews, desks]) expect(repeated(slugsOf(entries))).toEqual([])
  expect(repeated([...cameras, ...lenses].map(({ brand, model }) => `${brand} ${model}`.toLowerCase()))).toEqual([])
})

describe('cameras', () => {
  test('have sensors of the size that their format has, wider than high', () => {
    const wrong = slugsWhere(cameras, ({ sensor: { format, widthMm, heightMm } }) => {
      const known = formats[format]
      if ((widthMm === null) !== (heightMm === null)) return true
      return !known || (widthMm ?? 2) <= (heightMm ?? 1) || !between(widthMm, ...known.width) || !between(heightMm, ...known.height)
    })
    expect(wrong).toEqual([])
  })

  test('have as many pixels as their sensors can carry', () => {
    expect(slugsWhere(cameras, ({ sensor }) => !between(sensor.megapixels, ...(resolutions[sensor.format] ?? [0, 0])))).toEqual([])
  })

  test('have a mount made for their sensor, or a fixed lens', () => {
    expect(slugsWhere(cameras, ({ mount, sensor }) => mount !== null && !mounts[mount]?.includes(sensor.format))).toEqual([])
    const fixed = ['compact', 'bridge', 'action']
    expect(slugsWhere(cameras, ({ mount, type }) => (mount === null) !== fixed.includes(type))).toEqual([])
  })

  test('have a believable day, price, weight and size', () => {
    expect(slugsWhere(cameras, (camera) => !launched(camera.releasedOn))).toEqual([])
    expect(slugsWhere(cameras, (camera) => !between(camera.launchPriceUsd, 100, 60_000))).toEqual([])
    expect(slugsWhere(cameras, (camera) => !between(camera.weightGrams, 100, 2000))).toEqual([])
    const sizes = cameras.flatMap(({ slug, features }) => [
      { slug, mm: features.widthMm, least: 80, most: 200 },
      { slug, mm: features.heightMm, least: 50, most: 180 },
      { slug, mm: features.depthMm, least: 25, most: 180 },
    ])
    expect(slugsWhere(sizes, ({ mm, least, most }) => !between(mm, least, most))).toEqual([])
  })

  test('have features that agree with each other', () => {
    const wrong = slugsWhere(cameras, ({ type, features }) => {
      if (features.videoLines === 0 && features.videoFps !== null) return true
      if (features.isoMin !== null && features.isoMax !== null && features.isoMin >= features.isoMax) return true
      if (type === 'dslr' && features.viewfinder !== 'optical') return true
      if (features.viewfinder === 'optical' || features.viewfinder === 'none') return features.viewfinderKilodots !== null
      return !between(features.viewfinderKilodots, 1000, 10_000)
    })
    expect(wrong).toEqual([])
    expect(slugsWhere(cameras, ({ features }) => !between(features.screenInches, 2.5, 4))).toEqual([])
    expect(slugsWhere(cameras, ({ features }) => !between(features.batteryShots, 150, 4000))).toEqual([])
    expect(slugsWhere(cameras, ({ features }) => !between(features.burstFps, 1, 120))).toEqual([])
  })
})

describe('a comparison', () => {
  /** What every entry states with hardly an exception, and what a comparison of two shows besides. */
  const shareKnown = <T>(entries: readonly T[], fact: (entry: T) => unknown): number =>
    entries.filter((entry) => (fact(entry) ?? null) !== null).length / entries.length

  test('of cameras rests on facts that at least 95 % of them state', () => {
    const facts: Record<string, (camera: (typeof cameras)[number]) => unknown> = {
      format: ({ sensor }) => sensor.format,
      megapixels: ({ sensor }) => sensor.megapixels,
      releasedOn: ({ releasedOn }) => releasedOn,
      launchPriceUsd: ({ launchPriceUsd }) => launchPriceUsd,
      weightGrams: ({ weightGrams }) => weightGrams,
      widthMm: ({ features }) => features.widthMm,
      burstFps: ({ features }) => features.burstFps,
      isoMax: ({ features }) => features.isoMax,
      videoLines: ({ features }) => features.videoLines,
      viewfinder: ({ features }) => features.viewfinder,
      screen: ({ features }) => features.screen,
      cardSlots: ({ features }) => features.cardSlots,
    }
    for (const [name, fact] of Object.entries(facts)) expect(shareKnown(cameras, fact), name).toBeGreaterThanOrEqual(0.95)
  })

  test('of two cameras of one class has few gaps', () => {
    // Unknown by nature: the dots of a finder that is not electronic, the frame rate of a camera without video.
    const gaps = ({ mount, sensor, features, ...camera }: (typeof cameras)[number]): string[] => {
      const { viewfinderKilodots, videoFps, ...stated } = features
      const facts = {
        ...stated,
        ...(features.viewfinder === 'electronic' || features.viewfinder === 'hybrid' ? { viewfinderKilodots } : {}),
        ...(features.videoLines === 0 ? {} : { videoFps }),
        megapixels: sensor.megapixels,
        releasedOn: camera.releasedOn,
        weightGrams: camera.weightGrams,
        launchPriceUsd: camera.launchPriceUsd,
      }
      return Object.entries(facts).flatMap(([name, fact]) => (fact === null ? [name] : []))
    }
    const gapsOf = new Map(cameras.map((camera) => [camera.slug, gaps(camera)]))
    const wide = cameras.flatMap((one, at) =>
      cameras
        .slice(at + 1)
        .filter((other) => other.type === one.type && other.sensor.format === one.sensor.format)
        .filter((other) => new Set([...(gapsOf.get(one.slug) ?? []), ...(gapsOf.get(other.slug) ?? [])]).size > 5)
        .map((other) => `${one.slug} and ${other.slug}`),
    )
    expect(wide).toEqual([])
  })

  test('of lenses rests on facts that at least 95 % of them state', () => {
    const facts: Record<string, (lens: (typeof lenses)[number]) => unknown> = {
      elements: (lens) => lens.elements,
      groups: (lens) => lens.groups,
      closestFocusMm: (lens) => lens.closestFocusMm,
      stabilised: (lens) => lens.stabilised,
      autofocus: (lens) => lens.autofocus,
      diameterMm: (lens) => lens.diameterMm,
      weightGrams: (lens) => lens.weightGrams,
      releasedOn: (lens) => lens.releasedOn,
    }
    for (const [name, fact] of Object.entries(facts)) expect(shareKnown(lenses, fact), name).toBeGreaterThanOrEqual(0.95)
  })
})

describe('lenses', () => {
  test('fit a mount of these cameras and cover no more than it needs', () => {
    expect(
      missing(
        lenses.map((lens) => lens.mount),
        cameras.flatMap((camera) => camera.mount ?? []),
      ),
    ).toEqual([])
    expect(slugsWhere(lenses, ({ mount, coverage }) => !mounts[mount]?.includes(coverage))).toEqual([])
  })

  test('have a believable range, construction, day, price and weight', () => {
    const wrong = slugsWhere(lenses, (lens) => {
      const { focalMinMm, focalMaxMm, apertureWide, apertureTele, apertureMin, elements, groups } = lens
      if (focalMinMm === focalMaxMm && apertureWide !== apertureTele) return true
      if (apertureWide > apertureTele || (apertureMin !== null && apertureMin <= apertureTele)) return true
      return elements !== null && groups !== null && groups > elements
    })
    expect(wrong).toEqual([])
    expect(slugsWhere(lenses, (lens) => !launched(lens.releasedOn))).toEqual([])
    expect(slugsWhere(lenses, (lens) => !between(lens.launchPriceUsd, 100, 60_000))).toEqual([])
    expect(slugsWhere(lenses, (lens) => !between(lens.weightGrams, 50, 5000))).toEqual([])
    expect(slugsWhere(lenses, (lens) => !between(lens.magnification, 0.02, 2))).toEqual([])
  })
})

describe('reviews', () => {
  test('have a body of 300 to 800 words that starts with a paragraph and is valid as written by an editor', () => {
    const id = '00000000-0000-7000-8000-000000000000'
    for (const { camera, lens, desk, publishedAt, ...fields } of reviews) {
      const body = read(`reviews/${fields.slug}.md`)
      const words = body.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
      expect(words, fields.slug).toBeWithin(300, 801)
      expect(body, fields.slug).toMatch(/^[\p{L}¿¡"«]/u)
      expect(() => ReviewFields.parse({ ...fields, body, cameraId: id, lensId: lens && id }), fields.slug).not.toThrow()
    }
    expect(readdirSync(new URL('reviews/', folder)).sort()).toEqual(reviews.map((review) => `${review.slug}.md`).sort())
  })

  test('have a summary, a verdict, merits, faults and tags', () => {
    const bare = slugsWhere(reviews, ({ summary, verdict, pros, cons, tags }) =>
      [summary, verdict, pros, cons, tags].some((part) => part.length === 0),
    )
    expect(bare).toEqual([])
  })

  test('speak each language equally often', () => {
    const share = reviews.length / languages.length
    for (const language of languages) expect(reviews.filter((review) => review.language === language).length, language).toBe(share)
  })

  test('are about cameras, lenses and desks that exist, and lenses that fit', () => {
    expect(
      missing(
        reviews.map((review) => review.camera),
        slugsOf(cameras),
      ),
    ).toEqual([])
    expect(
      missing(
        reviews.map((review) => review.lens),
        slugsOf(lenses),
      ),
    ).toEqual([])
    expect(
      missing(
        reviews.map((review) => review.desk),
        slugsOf(desks),
      ),
    ).toEqual([])
    const mountOf = (entries: readonly { slug: string; mount: string | null }[], slug: string): string | null =>
      entries.find((entry) => entry.slug === slug)?.mount ?? null
    expect(slugsWhere(reviews, ({ camera, lens }) => lens !== null && mountOf(lenses, lens) !== mountOf(cameras, camera))).toEqual([])
  })

  test('came out in 2025 or in 2026 before November, each at its own time, and not before what they are about', () => {
    const times = reviews.map((review) => review.publishedAt)
    expect(times.filter((time) => time < '2025-01-01' || time >= '2026-11-01')).toEqual([])
    expect(repeated(times)).toEqual([])
    for (const year of ['2025', '2026']) expect(times.filter((time) => time.startsWith(year)).length, year).toBeGreaterThanOrEqual(12)
    const announced = new Map([...cameras, ...lenses].map(({ slug, releasedOn }) => [slug, releasedOn ?? '']))
    expect(
      slugsWhere(reviews, ({ camera, lens, publishedAt }) =>
        [camera, lens ?? camera].some((slug) => publishedAt < (announced.get(slug) ?? '')),
      ),
    ).toEqual([])
  })
})
