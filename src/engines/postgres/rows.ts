// From a document of the log to the row that readers see. With the SQL beside it this is the mapping, part of the fingerprint.
import type { Camera } from '../../domain/camera.ts'
import type { Category } from '../../domain/category.ts'
import type { Change, ShownKind } from '../../domain/change.ts'
import type { Editor } from '../../domain/editor.ts'
import type { Lens } from '../../domain/lens.ts'
import { decimalOf } from '../../domain/money.ts'
import type { Product, Stock } from '../../domain/product.ts'
import { isPublic, type Review } from '../../domain/review.ts'
import { slugFrom } from '../../domain/slug.ts'
import { plain } from './words.ts'

/** Raise it whenever what this file, `words.ts` or `fold.ts` makes of a document changes: readers then get a new build. */
export const mappingVersion = 5

export interface ReviewRow {
  id: string
  version: number
  slug: string
  title: string
  title_key: string
  summary: string
  body: string
  verdict: string
  pros: readonly string[]
  cons: readonly string[]
  images: readonly string[]
  tags: readonly string[]
  language: string
  camera_id: string
  lens_id: string | null
  editor_id: string
  published_at: string | null
  created_at: string
  updated_at: string
  former_slugs: readonly string[]
}

export interface CatalogueRow {
  id: string
  version: number
  slug: string
  /** The slug of it. */
  brand: string
  mount: string | null
  name: string
  document: Camera | Lens
}

export interface EditorRow {
  id: string
  version: number
  slug: string
  byline: string
}

export interface CategoryRow {
  id: string
  version: number
  slug: string
  name: string
  image: string | null
  created_at: string
  updated_at: string
}

export interface ProductRow {
  id: string
  version: number
  slug: string
  name: string
  /** Unaccented lower case: the order of sort=name. */
  name_key: string
  description: string
  images: readonly string[]
  price: number
  currency: string
  category_id: string
  camera_id: string | null
  lens_id: string | null
  created_at: string
  updated_at: string
}

/** Of the product of this id. */
export interface StockRow {
  id: string
  version: number
  available: number
}

export interface Rows {
  review: ReviewRow
  camera: CatalogueRow
  lens: CatalogueRow
  editor: EditorRow
  category: CategoryRow
  product: ProductRow
  stock: StockRow
}

/** What a review shows of its camera and lens. */
export interface Place {
  brand: string
  mount: string | null
  keywords: string
}

/** Of what stands there already no more is read than tags and counts need. A row that this batch puts is whole: it has a version. */
type StandingReview = Omit<ReviewRow, 'version' | 'title_key' | 'pros' | 'cons' | 'images' | 'created_at' | 'updated_at'> & Place
export type PutReview = ReviewRow & Place
export type AnyReview = StandingReview | PutReview
export type AnyCatalogue = Pick<CatalogueRow, 'id' | 'slug' | 'brand' | 'mount' | 'name'> | CatalogueRow
type AnyEditor = Pick<EditorRow, 'id' | 'slug'> | EditorRow
type AnyCategory = Pick<CategoryRow, 'id' | 'slug'> | CategoryRow
type AnyProduct = Pick<ProductRow, 'id' | 'slug'> | ProductRow
type AnyStock = Pick<StockRow, 'id'> | StockRow

/** The documents of a batch, those that they refer to and those that refer to them, by id. */
export interface Standing {
  review: Map<string, AnyReview>
  camera: Map<string, AnyCatalogue>
  lens: Map<string, AnyCatalogue>
  editor: Map<string, AnyEditor>
  category: Map<string, AnyCategory>
  product: Map<string, AnyProduct>
  stock: Map<string, AnyStock>
}

/** A change with the row that it leaves behind; null where it leaves none: a deletion, a review that is not public. */
export type Mapped = {
  [Kind in ShownKind]: { kind: Kind; change: Change; row: Rows[Kind] | null; fault: Error | null }
}[ShownKind]

/** Never throws: a document of which no row can be made is a fault, and leaves none. */
export function mapped(change: Change): Mapped {
  try {
    return shown(change)
  } catch (error) {
    return parkedAs(change, error instanceof Error ? error : new Error(String(error)))
  }
}

/** What cannot be shown is not shown; nor is what stood there before, since a reader of this position must not see it. */
export const parkedAs = (change: Change, fault: Error): Mapped => ({ kind: change.kind as ShownKind, change, row: null, fault })

function shown(change: Change): Mapped {
  demandId(change.id)
  const base = { change, fault: null }
  switch (change.kind) {
    case 'review':
      return { ...base, kind: 'review', row: change.document && isPublic(change.document) ? reviewRow(change.document, change) : null }
    case 'camera':
      return { ...base, kind: 'camera', row: change.document && catalogueRow(change.document, change) }
    case 'lens':
      return { ...base, kind: 'lens', row: change.document && catalogueRow(change.document, change) }
    case 'editor':
      return { ...base, kind: 'editor', row: change.document && editorRow(change.document, change) }
    case 'category':
      return { ...base, kind: 'category', row: change.document && categoryRow(change.document, change) }
    case 'product':
      return { ...base, kind: 'product', row: change.document && productRow(change.document, change) }
    case 'stock':
      return { ...base, kind: 'stock', row: change.document && stockRow(change.document, change) }
    case 'order':
      throw new Error('orders are shown to nobody here')
  }
}

interface Of {
  id: string
  version: number
}

function reviewRow(review: Review, { id, version }: Of): ReviewRow {
  return {
    id,
    version,
    slug: demandText(review.slug),
    title: demandText(review.title),
    title_key: plain(review.title),
    summary: demandText(review.summary),
    body: demandText(review.body),
    verdict: demandText(review.verdict),
    pros: review.pros.map(demandText),
    cons: review.cons.map(demandText),
    images: review.images.map(demandText),
    tags: [...new Set(review.tags.map(demandText))],
    language: demandText(review.language),
    camera_id: demandId(review.cameraId),
    lens_id: (review.lensId ?? null) === null ? null : demandId(review.lensId),
    editor_id: demandId(review.editorId),
    published_at: demandTime(review.publishedAt),
    created_at: demandTime(review.createdAt),
    updated_at: demandTime(review.updatedAt),
    former_slugs: [...new Set(review.formerSlugs.map(demandText))],
  }
}

function catalogueRow(document: Camera | Lens, { id, version }: Of): CatalogueRow {
  const { brand, model, slug, mount } = document
  const name = `${demandText(brand)} ${demandText(model)}`
  return { id, version, slug: demandText(slug), brand: slugFrom(brand), mount: mount === null ? null : demandText(mount), name, document }
}

const editorRow = ({ slug, byline }: Editor, { id, version }: Of): EditorRow => ({
  id,
  version,
  slug: demandText(slug),
  byline: demandText(byline),
})

const categoryRow = ({ slug, name, image, createdAt, updatedAt }: Category, { id, version }: Of): CategoryRow => ({
  id,
  version,
  slug: demandText(slug),
  name: demandText(name),
  image: image === null ? null : demandText(image),
  created_at: demandTime(createdAt),
  updated_at: demandTime(updatedAt),
})

function productRow(product: Product, { id, version }: Of): ProductRow {
  const { cameraId, lensId, currency, priceMinor } = product
  return {
    id,
    version,
    slug: demandText(product.slug),
    name: demandText(product.name),
    name_key: plain(product.name),
    description: demandText(product.description),
    images: product.images.map(demandText),
    price: decimalOf(demandCount(priceMinor), demandText(currency)),
    currency,
    category_id: demandId(product.categoryId),
    camera_id: cameraId === null ? null : demandId(cameraId),
    lens_id: lensId === null ? null : demandId(lensId),
    created_at: demandTime(product.createdAt),
    updated_at: demandTime(product.updatedAt),
  }
}

const stockRow = ({ available }: Stock, { id, version }: Of): StockRow => ({ id, version, available: demandCount(available) })

function demandCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new Error('a count that is none')
}

/**
 * What is made of a document later (words, tags, counts) takes its texts for texts, and PostgreSQL those that it can hold. What it
 * refuses beyond that is parked too, but only after the batch was tried in ever smaller parts.
 */
function demandText(text: string): string {
  if (typeof text === 'string' && !text.includes('\0') && text.isWellFormed()) return text
  throw new Error('a text that is none, or holds U+0000 or a lone surrogate')
}

/**
 * As we write them: other forms each runtime reads in its own way, and PostgreSQL would round what is finer than a microsecond, maybe
 * into the next day, which is counted.
 */
function demandTime(time: string | null): string {
  if (typeof time === 'string' && instant.test(time) && !Number.isNaN(Date.parse(time))) {
    const whole = new Date(time).toISOString()
    if (whole.slice(0, 10) === time.slice(0, 10)) return whole // no 30 February
  }
  throw new Error('a time that is none')
}
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** Ids are looked up before anything is written: one that is none would fail there, with the whole batch. */
function demandId(id: string | null): string {
  if (typeof id === 'string' && uuid.test(id)) return id
  throw new Error('an id that is no UUID in lower case')
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
