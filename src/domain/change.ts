// The fact that the log holds and the projector consumes.
import type { Camera } from './camera.ts'
import type { Category } from './category.ts'
import type { Editor } from './editor.ts'
import type { Lens } from './lens.ts'
import type { Order } from './order.ts'
import type { Product, Stock } from './product.ts'
import type { Review } from './review.ts'

/**
 * The public documents by kind: everything that may enter the log. Orders do, for their history and for whoever follows them, and are
 * shown to their customer and to admins alone: they enter no table of readers.
 */
export interface PublicDocuments {
  review: Review
  camera: Camera
  lens: Lens
  editor: Editor
  category: Category
  product: Product
  stock: Stock
  order: Order
}
export type PublicKind = keyof PublicDocuments
export const publicKinds = [
  'review',
  'camera',
  'lens',
  'editor',
  'category',
  'product',
  'stock',
  'order',
] as const satisfies readonly PublicKind[]
/** Those of which readers' tables have rows. */
export type ShownKind = Exclude<PublicKind, 'order'>
export const isShownKind = (kind: string): kind is ShownKind => kind !== 'order' && (publicKinds as readonly string[]).includes(kind)

/** One entry of the log. A deletion has the version after the last one and no document. */
export type Change<K extends PublicKind = PublicKind> = {
  [Kind in K]: {
    /** Gapless and total over the whole log, from 1. */
    seq: number
    /** When it was committed, RFC 3339. */
    at: string
    /** The account that did it; null for the system itself (schedule, first data). */
    by: string | null
    kind: Kind
    id: string
    version: number
    document: PublicDocuments[Kind] | null
  }
}[K]

/** A point of the log. `epoch` is ordered as text and changes when a master is restored. */
export interface Position {
  epoch: string
  seq: number
}

/** −1, 0, 1 as a is before, at or after b. A later epoch is after every position of an earlier one. */
export function comparePositions(a: Position, b: Position): number {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  return Math.sign(a.seq - b.seq)
}
