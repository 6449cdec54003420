// A camera: facts as the maker states them; what is unknown is null, never guessed.
import { z } from 'zod'
import { envelope, line } from './document.ts'
import { Slug } from './slug.ts'

// Absent is unknown, as null is.
const positive = (max: number) => z.number().positive().max(max).nullable().default(null)
const whole = (max: number) => z.int().min(0).max(max).nullable().default(null)

/** A day, or a month where the day is not known: `2020-08-20`, `2020-08`. */
export const ReleaseDate = z
  .string()
  .regex(/^(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?$/, { message: 'Write a day as 2020-08-20 or a month as 2020-08.' })
  .refine(isInCalendar, { message: 'The month has no such day.' })
  .nullable()
  .default(null)

function isInCalendar(date: string): boolean {
  const [year, month, day] = date.split('-').map(Number)
  return day === undefined || day <= new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate()
}

/** Whose the facts are, and under which licence, where it asks to be named. Absent: they are ours. */
export const Attribution = line(300)

export const cameraTypes = ['mirrorless', 'dslr', 'compact', 'rangefinder', 'medium-format', 'bridge', 'action'] as const

export const CameraFields = z.strictObject({
  brand: line(60),
  model: line(80),
  /** Absent: made from brand and model. */
  slug: Slug.optional(),
  /** The name of the lens mount (`Canon RF`, `Micro Four Thirds`), null with a fixed lens. */
  mount: line(40).nullable().default(null),
  type: z.enum(cameraTypes),
  sensor: z.strictObject({
    format: z.enum(['medium-format', 'full-frame', 'aps-h', 'aps-c', 'four-thirds', '1-inch', '1/1.7-inch', '1/2.3-inch', 'other']),
    widthMm: positive(100),
    heightMm: positive(100),
    megapixels: positive(500),
  }),
  releasedOn: ReleaseDate,
  /** Body only, without tax, in US dollars of the launch day. */
  launchPriceUsd: positive(1_000_000),
  /** With battery and card, as CIPA weighs it. */
  weightGrams: positive(20_000),
  features: z
    .strictObject({
      widthMm: positive(1000),
      heightMm: positive(1000),
      depthMm: positive(1000),
      /** Stops of stabilisation by CIPA: of the body, with a fixed lens of the camera as a whole; 0 = it has none. */
      stabilisationStops: z.number().min(0).max(12).nullable().default(null),
      /** Fastest continuous shooting at full resolution, any shutter, frames a second. */
      burstFps: positive(1000),
      /** Native range, without extension. */
      isoMin: whole(1_000_000),
      isoMax: whole(10_000_000),
      /** Lines of the tallest video mode recorded in the camera as launched (2160 = 4K UHD); 0 = no video. */
      videoLines: whole(20_000),
      /** Frames a second in that mode. */
      videoFps: positive(1000),
      viewfinder: z.enum(['optical', 'electronic', 'hybrid', 'none']).nullable().default(null),
      viewfinderKilodots: whole(100_000),
      screenInches: positive(10),
      screen: z.enum(['fixed', 'tilting', 'fully-articulated', 'none']).nullable().default(null),
      weatherSealed: z.boolean().nullable().default(null),
      cardSlots: whole(4),
      /** Shots on one charge by CIPA: through the optical finder where there is one, else with the screen. */
      batteryShots: whole(10_000),
    })
    .prefault({}),
  attribution: Attribution.nullable().default(null),
})
export type CameraFields = z.infer<typeof CameraFields>

/** As it is stored and answered. */
export const CameraDocument = z.strictObject({ ...envelope, ...CameraFields.shape, slug: Slug }).meta({ id: 'Camera' })
export type Camera = z.infer<typeof CameraDocument>
