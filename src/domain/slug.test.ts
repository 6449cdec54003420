import { describe, expect, test } from 'bun:test'
import { reservedSlugs, Slug, slugFrom, slugTry } from './slug.ts'

describe('the slug that a title suggests', () => {
  test.each([
    ['Canon EOS R5: a year in Patagonia', 'canon-eos-r5-a-year-in-patagonia'],
    ['¿Qué cámara compro? Ñandú & coração', 'que-camara-compro-nandu-coracao'],
    ['RF 50mm F1.8 STM', 'rf-50mm-f1-8-stm'],
    ['尼康', 'untitled'],
    ['', 'untitled'],
    ['Search', 'search-1'],
    ['__proto__', 'proto'],
  ])('%s → %s', (title, slug) => {
    expect(slugFrom(title)).toBe(slug)
  })

  test('is a good slug with room for a suffix, whatever the title', () => {
    const titles = [
      'x'.repeat(500),
      'word '.repeat(100),
      'ﬁ½™ İstanbul',
      '-- - --',
      ...reservedSlugs,
      '\u{1F4F7}\ud800',
      'a\u0301'.repeat(90),
    ]
    for (const title of titles) {
      const slug = slugFrom(title)
      expect(Slug.safeParse(slug).success).toBe(true)
      expect(Slug.safeParse(slugTry(slug, 99)).success).toBe(true)
      expect(slugFrom(slug)).toBe(slug)
    }
  })

  test('is cut between words', () => {
    const slug = slugFrom('palabra '.repeat(30))
    expect(slug).toMatch(/^palabra(-palabra)+$/)
    expect(slug.length).toBeLessThanOrEqual(80)
  })
})

test('a slug is lower-case words, not too long and no path of ours', () => {
  for (const good of ['a', 'canon-eos-r5', '50mm', 'x'.repeat(96)]) expect(Slug.safeParse(good).success).toBe(true)
  for (const bad of ['', 'A', 'a--b', '-a', 'a-', 'a b', 'ñ', 'a/b', 'x'.repeat(97), ...reservedSlugs])
    expect(Slug.safeParse(bad).success).toBe(false)
})

test('tries are numbered from the second', () => {
  expect([1, 2, 3].map((n) => slugTry('a', n))).toEqual(['a', 'a-2', 'a-3'])
})
