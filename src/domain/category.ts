// A category: where a product of the shop is found.
import { z } from 'zod'
import { envelope, Link, line } from './document.ts'
import { Slug } from './slug.ts'

export const CategoryFields = z.strictObject({
  name: line(80),
  /** Absent: made from the name. */
  slug: Slug.optional(),
  image: Link.nullable().default(null),
})

export type CategoryFields = z.infer<typeof CategoryFields>

/** As it is stored and answered. */
export const CategoryDocument = z.strictObject({ ...envelope, ...CategoryFields.shape, slug: Slug }).meta({ id: 'Category' })
/** A category, where something else refers to it. */
export const CategoryRef = z.strictObject({ id: CategoryDocument.shape.id, slug: z.string(), name: z.string() }).meta({ id: 'CategoryRef' })

export type Category = z.infer<typeof CategoryDocument>
