// A product of the shop, linked to what it is in the catalogue. How many there are is a counter beside it, no part of its version.
import { z } from 'zod'
import type { Camera } from './camera.ts'
import { type Category, CategoryRef } from './category.ts'
import { type Envelope, envelope, Id, Link, line, text } from './document.ts'
import type { Lens } from './lens.ts'
import { Amount, Currency, decimalOf } from './money.ts'
import { Slug } from './slug.ts'

const Stock = z.int().min(0).max(1_000_000)

/** What an admin writes. */
export const ProductFields = z.strictObject({
  name: line(160),
  /** Absent: made from the name. */
  slug: Slug.optional(),
  description: text(10_000, 0).default(''),
  images: z.array(Link).max(20).default([]),
  price: Amount.describe('In the currency of the shop.'),
  categoryId: Id,
  cameraId: Id.nullable().default(null).describe('The camera of the catalogue that it is, if any.'),
  lensId: Id.nullable().default(null),
  stock: Stock.optional().describe('Sets how many there are; absent: as it is, of a new product none.'),
})
export type ProductFields = z.infer<typeof ProductFields>

/** As it is stored. */
export interface Product extends Envelope {
  name: string
  slug: string
  description: string
  images: readonly string[]
  priceMinor: number
  currency: string
  categoryId: string
  cameraId: string | null
  lensId: string | null
}

/** How many of a product there were when readers were last told; of the same id. Selling asks the counter, never this. */
export interface Stock extends Envelope {
  available: number
}

/** The counter of the master that selling moves. */
export const stockCounter = (productId: string): string => `stock:${productId}`

/** A camera or lens, where a product refers to it. */
export const CatalogueRef = z.strictObject({ id: Id, slug: z.string(), brand: z.string(), model: z.string() }).meta({ id: 'CatalogueRef' })

/** As it is answered. Where a product stands beside what it refers to, one of these may have come first: it is null until then. */
export const ProductDocument = z
  .strictObject({
    ...envelope,
    ...ProductFields.shape,
    slug: Slug,
    description: z.string(),
    images: z.array(z.string()),
    cameraId: Id.nullable(),
    lensId: Id.nullable(),
    currency: Currency,
    stock: z.int(),
    category: CategoryRef.nullable(),
    camera: CatalogueRef.nullable(),
    lens: CatalogueRef.nullable(),
  })
  .meta({ id: 'Product' })

interface Beside {
  stock: number
  category: Category | null
  camera: Camera | null
  lens: Lens | null
}

export function shownProduct(product: Product, { stock, category, camera, lens }: Beside): z.input<typeof ProductDocument> {
  const { priceMinor, images, ...same } = product
  const reference = (of: Camera | Lens | null) => of && { id: of.id, slug: of.slug, brand: of.brand, model: of.model }
  return {
    ...same,
    images: [...images],
    price: decimalOf(priceMinor, product.currency),
    stock,
    category: category && { id: category.id, slug: category.slug, name: category.name },
    camera: reference(camera),
    lens: reference(lens),
  }
}
