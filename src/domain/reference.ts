// How many reviews and products refer to a camera, lens or category, counted in the commits that make and break the reference: what is referred to stays.
import type { Product } from './product.ts'
import type { Review } from './review.ts'

/** The counter of the master that holds it. */
export const referenceCounter = (kind: 'camera' | 'lens' | 'category', id: string): string => `refs:${kind}:${id}`

interface Move {
  counter: string
  by: 1 | -1
}

/** The counters that move when a review changes so; null is a review that is not there. */
export const referenceMoves = (before: Review | null, after: Review | null): Move[] => moves(countersOf(before), countersOf(after))

/** The same of a product. */
export const productReferenceMoves = (before: Product | null, after: Product | null): Move[] =>
  moves(productCountersOf(before), productCountersOf(after))

function moves(held: readonly string[], wanted: readonly string[]): Move[] {
  return [
    ...held.filter((counter) => !wanted.includes(counter)).map((counter): Move => ({ counter, by: -1 })),
    ...wanted.filter((counter) => !held.includes(counter)).map((counter): Move => ({ counter, by: 1 })),
  ]
}

function countersOf(review: Review | null): string[] {
  if (review === null) return []
  const ofLens = review.lensId === null ? [] : [referenceCounter('lens', review.lensId)]
  return [referenceCounter('camera', review.cameraId), ...ofLens]
}

function productCountersOf(product: Product | null): string[] {
  if (product === null) return []
  const { categoryId, cameraId, lensId } = product
  const ids = [['category', categoryId] as const, ['camera', cameraId] as const, ['lens', lensId] as const]
  return ids.flatMap(([kind, id]) => (id === null ? [] : [referenceCounter(kind, id)]))
}
