// How a search text is understood, before any database sees it.
import { describe, expect, test } from 'bun:test'
import { question } from './question.ts'
import { corrections, slipsBetween } from './spelling.ts'

const words = (text: string) => question(text).words.map(({ word, group }) => `${group}:${word}`)

describe('a question', () => {
  test('knows wanted words, alternatives and exclusions apart', () => {
    expect(words('sony a7 -zoom')).toEqual(['0:sony', '0:a7'])
    expect(words('canon r5 or "nikon z8" -dslr')).toEqual(['0:canon', '0:r5', '1:nikon', '1:z8'])
    expect(words('or canon or')).toEqual(['0:or', '0:canon', '0:or'])
  })

  test('opens its last word only where it may be a beginning', () => {
    expect(question('sony cáma').open).toEqual({ before: 'sony', word: 'cáma' })
    expect(question('sony or niko').open).toEqual({ before: 'sony', word: 'niko' })
    for (const closed of ['sony a7', 'sony cáma ', '"sony cáma"', 'sony -cáma', 'f/2.8', '', 'aps-c', 'canon OR'])
      expect([closed, question(closed).open]).toEqual([closed, null])
  })

  test('leaves away what is no word, and closes what is open', () => {
    expect(question('- -- "" ! lens --video').text).toBe('lens -video')
    expect(question('---zoom - -').text).toBe('-zoom')
    expect(question('"eye focus').text).toBe('"eye focus"')
    expect(question('-'.repeat(200)).text).toBe('')
    expect(question('-a '.repeat(66)).text.split(' ')).toHaveLength(16)
  })
})

describe('spelling', () => {
  test('counts slips: letters more, less, other, swapped', () => {
    expect(slipsBetween('canon', 'canon')).toBe(0)
    expect(slipsBetween('cnaon', 'canon')).toBe(1)
    expect(slipsBetween('cannon', 'canon')).toBe(1)
    expect(slipsBetween('sny', 'sony')).toBe(1)
    expect(slipsBetween('kamera', 'camera')).toBe(1)
    expect(slipsBetween('', 'abc')).toBe(3)
  })

  test('takes the nearest word, the commoner among like ones, none that is far', () => {
    const likely = (asked: string, word: string, reviews: number) => ({
      asked,
      word,
      plain: word.normalize('NFD').replace(/[\u0300-\u036f]/g, ''),
      reviews,
    })
    const chosen = corrections([
      likely('fotografai', 'fotografía', 40),
      likely('fotografai', 'fotógrafo', 900),
      likely('sny', 'sony', 5),
      likely('sny', 'sky', 500),
      likely('abc', 'xyz', 9000),
    ])
    expect(Object.fromEntries(chosen)).toEqual({ fotografai: 'fotografía', sny: 'sky' })
  })
})
