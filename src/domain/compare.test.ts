// A comparison reads like a buyer's guide and never invents a fact.
import { describe, expect, test } from 'bun:test'
import { sampleCamera } from '../../tests/samples.ts'
import type { Camera } from './camera.ts'
import { compareCameras } from './compare.ts'

const light = sampleCamera(1, { model: 'Light', weightGrams: 350, launchPriceUsd: 899 })
const heavy = sampleCamera(2, { model: 'Heavy', weightGrams: 1200, launchPriceUsd: 4500 })
const names = ['Light', 'Heavy', 'Third']

function row(cameras: readonly Camera[], key: string) {
  const found = compareCameras(cameras, names)
    .flatMap(({ rows }) => rows)
    .find((row) => row.key === key)
  if (found === undefined) throw new Error(key)
  return found
}

describe('a comparison', () => {
  test('says which is best, by how much, in the unit of the fact', () => {
    expect(row([light, heavy], 'weightGrams')).toEqual({
      key: 'weightGrams',
      label: 'Weight',
      unit: 'g',
      values: [350, 1200],
      missing: [],
      differs: true,
      better: 'lower',
      best: [0],
      why: 'Light weighs least: 350 g against 1200 g (Heavy).',
    })
    expect(row([light, heavy], 'launchPriceUsd').why).toBe('Light cost least at launch: $899 against $4,500 (Heavy).')
  })

  test('praises all who share the best value, nobody where all are alike', () => {
    const third = sampleCamera(3, { weightGrams: 350 })
    expect(row([light, heavy, third], 'weightGrams')).toMatchObject({
      best: [0, 2],
      why: 'Light and Third weigh least: 350 g against 1200 g (Heavy).',
    })
    expect(row([light, third], 'weightGrams')).toMatchObject({ differs: false, best: [], why: null })
  })

  test('leaves unknown facts out of the race and lists them', () => {
    const unknown = sampleCamera(3, { weightGrams: null })
    expect(row([light, unknown, heavy], 'weightGrams')).toMatchObject({ values: [350, null, 1200], missing: [1], best: [0], differs: true })
    expect(row([light, unknown], 'weightGrams')).toMatchObject({ missing: [1], best: [], differs: false, why: null })
    expect(row([unknown, unknown], 'weightGrams')).toMatchObject({ missing: [0, 1], best: [], differs: false })
    expect(
      row([sampleCamera(1, { sensor: { format: 'other', widthMm: null, heightMm: 24, megapixels: 20 } }), light], 'areaMm2').missing,
    ).toEqual([0])
  })

  test('tells yes from no, and does not rank what is a matter of taste', () => {
    const open = sampleCamera(2, { features: { ...heavy.features, weatherSealed: false, viewfinder: 'optical' } })
    expect(row([light, open], 'weatherSealed')).toMatchObject({ best: [0], why: 'Light keeps rain and dust out; Heavy does not.' })
    expect(row([light, open], 'viewfinder')).toMatchObject({ differs: true, better: null, best: [], why: null })
  })

  test('derives area and pixel pitch', () => {
    expect(row([light, heavy], 'areaMm2').values).toEqual([864, 864])
    expect(row([light, heavy], 'pixelPitchUm').values).toEqual([4.38, 4.38])
  })
})
