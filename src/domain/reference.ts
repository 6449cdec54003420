// How many reviews refer to a camera or lens, counted in the commits that make and break the reference: what is referred to stays.
import type { Review } from './review.ts'

/** The counter of the master that holds it. */
export const referenceCounter = (kind: 'camera' | 'lens', id: string): string => `refs:${kind}:${id}`

interface Move {
  counter: string
  by: 1 | -1
}

/** The counters that move when a review changes so; null is a review that is not there. */
export function referenceMoves(before: Review | null, after: Review | null): Move[] {
  const held = countersOf(before)
  const wanted = countersOf(after)
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
