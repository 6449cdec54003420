// What every stored document has, and the text, slug and time types from which all documents are built.
import { z } from 'zod'

/** UUID in lower case, as `kit/id.ts` makes it (version 7). It means nothing but itself. */
export const Id = z
  .uuid()
  .refine((id) => id === id.toLowerCase(), { message: 'Use lower case.' })
  .meta({ description: 'A UUID in lower case.' })

/** RFC 3339 in UTC with milliseconds: `2026-11-21T10:00:00.000Z`. */
export const Instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text).toISOString())
  .pipe(z.iso.datetime())
  .refine((text) => text >= '0001', { message: 'Use a year from 0001 on: before it calendars and databases disagree.' })

/** The schema of `Envelope`, to be spread into that of a whole document. */
export const envelope = { id: Id, version: z.int().min(1), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() }

/** What the engine adds to the fields of a document. Versions start at 1 and step by exactly 1. */
export interface Envelope {
  id: string
  version: number
  createdAt: string
  updatedAt: string
}

// PostgreSQL cannot hold U+0000 (22021) nor lone surrogates; the master can. What one side cannot hold is refused at the door.
const storable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed()

/** Text of 1 to `max` UTF-16 units that every engine can hold; outer white space is cut. */
export const text = (max: number, min = 1) =>
  z.string().refine(storable, { message: 'Text must not contain U+0000 or lone surrogates.' }).trim().min(min).max(max)

/** Control characters have no place in a line that is shown in one: names, titles, tags. */
export const line = (max: number, min = 1) =>
  text(max, min).regex(/^[^\p{Cc}\u2028\u2029]*$/u, { message: 'Must be one line without control characters.' })

/** An http(s) address of at most 2,048 characters. */
export const Link = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine(storable)
