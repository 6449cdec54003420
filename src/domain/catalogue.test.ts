import { describe, expect, test } from 'bun:test'
import { CameraFields, ReleaseDate } from './camera.ts'
import { LensFields } from './lens.ts'

describe('a camera', () => {
  test('needs brand, model, type and sensor format; all else is unknown until it is said', () => {
    const camera = CameraFields.parse({ brand: 'Leica', model: 'Q3', type: 'compact', sensor: { format: 'full-frame' } })
    expect(camera.features.batteryShots).toBeNull()
    const { brand, model, type, sensor, features, ...rest } = camera
    expect([...Object.values(rest), ...Object.values(features)].every((fact) => fact === null)).toBe(true)
    expect(sensor).toEqual({ format: 'full-frame', widthMm: null, heightMm: null, megapixels: null })
  })

  test('has no facts that cannot be, and none that are not asked for', () => {
    const good = { brand: 'Leica', model: 'Q3', type: 'compact', sensor: { format: 'full-frame' } }
    const bad = [
      { weightGrams: 0 },
      { weightGrams: Number.POSITIVE_INFINITY },
      { type: 'phone' },
      { colour: 'red' },
      { features: { wifi: true } },
      { features: { cardSlots: 1.5 } },
    ]
    for (const more of bad) expect(CameraFields.safeParse({ ...good, ...more }).success).toBe(false)
  })
})

test('a lens has its focal lengths in order', () => {
  const lens = {
    brand: 'Canon',
    model: 'RF',
    mount: 'Canon RF',
    coverage: 'full-frame',
    focalMinMm: 24,
    focalMaxMm: 70,
    apertureWide: 4,
    apertureTele: 4,
  }
  expect(LensFields.parse(lens)).toMatchObject({ stabilised: null, releasedOn: null })
  expect(LensFields.safeParse({ ...lens, focalMinMm: 100 }).error?.issues[0]?.path).toEqual(['focalMaxMm'])
})

test('a release is a day of the calendar or a month', () => {
  for (const good of ['2020-08', '2020-02-29', '1999-12-31', null]) expect(ReleaseDate.safeParse(good).success).toBe(true)
  for (const bad of ['2020', '2021-02-29', '2020-04-31', '2020-13', '1820-01', '20-08-2020'])
    expect(ReleaseDate.safeParse(bad).success).toBe(false)
})
