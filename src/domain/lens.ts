// A lens: facts as the maker states them; what is unknown is null, never guessed.
import { z } from 'zod'
import { Attribution, ReleaseDate } from './camera.ts'
import { envelope, line } from './document.ts'
import { Slug } from './slug.ts'

// Absent is unknown, as null is.
const positive = (max: number) => z.number().positive().max(max).nullable().default(null)
const count = (min: number, max: number) => z.int().min(min).max(max).nullable().default(null)
const flag = z.boolean().nullable().default(null)
const millimetres = z.number().positive().max(5000)
const fNumber = z.number().positive().max(64)

export const LensFields = z
  .strictObject({
    brand: line(60),
    model: line(100),
    /** Absent: made from brand and model. */
    slug: Slug.optional(),
    /** The native mount; a lens sold for several mounts is one entry for each. */
    mount: line(40),
    /** The largest sensor format that it covers. */
    coverage: z.enum(['medium-format', 'full-frame', 'aps-c', 'four-thirds', '1-inch']),
    focalMinMm: millimetres,
    focalMaxMm: millimetres,
    /** Largest f-number-wise opening at the short and at the long end. */
    apertureWide: fNumber,
    apertureTele: fNumber,
    apertureMin: positive(128),
    elements: count(1, 60),
    groups: count(1, 60),
    blades: count(0, 30),
    /** Nearest focus from the sensor plane. */
    closestFocusMm: positive(50_000),
    magnification: positive(10),
    filterMm: positive(200),
    stabilised: flag,
    weatherSealed: flag,
    autofocus: flag,
    diameterMm: positive(400),
    lengthMm: positive(1500),
    weightGrams: positive(20_000),
    releasedOn: ReleaseDate,
    launchPriceUsd: positive(1_000_000),
    attribution: Attribution.nullable().default(null),
  })
  .refine((lens) => lens.focalMinMm <= lens.focalMaxMm, { path: ['focalMaxMm'], message: 'Must not be below focalMinMm.' })
export type LensFields = z.infer<typeof LensFields>

/** As it is stored and answered. */
export const LensDocument = z.strictObject({ ...envelope, ...LensFields.shape, slug: Slug }).meta({ id: 'Lens' })
export type Lens = z.infer<typeof LensDocument>
