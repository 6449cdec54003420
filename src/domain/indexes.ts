// The declared indexes of the master: for each, which documents it holds, in which partition, in which order.
import type { Account, Session } from './account.ts'
import type { Camera } from './camera.ts'
import type { Category } from './category.ts'
import type { Lens } from './lens.ts'
import { isUnsettled, type Order } from './order.ts'
import type { Product } from './product.ts'
import type { Review } from './review.ts'

/** Where a document stands in an index. `sort` is compared bytewise as UTF-8; ties are broken by id. Both at most 200 bytes. */
export interface Place {
  partition: string
  sort: string
}

interface Index<K extends string, D> {
  kind: K
  /** Every place of the document; none keeps it out. */
  places: (document: D) => readonly Place[]
  /** Newest (largest sort) first. */
  descending: boolean
}

const index = <const K extends string, D>(kind: K, descending: boolean, places: (document: D) => readonly Place[]): Index<K, D> => ({
  kind,
  descending,
  places,
})

// Ids are UUIDv7, so `id` as sort key is the order of creation.
export const indexes = {
  // partition: editor id, or `*` for all; each also narrowed by status, as in `*`+`/draft`.
  reviews: index('review', true, (review: Review) =>
    [review.editorId, '*'].flatMap((whose) => [
      { partition: whose, sort: review.id },
      { partition: `${whose}/${review.status}`, sort: review.id },
    ]),
  ),
  // partition: `*`; sort: publishAt. Only scheduled reviews.
  scheduled: index('review', false, (review: Review) =>
    review.status === 'scheduled' && review.publishAt !== null ? [{ partition: '*', sort: review.publishAt }] : [],
  ),
  // partition: `*`; sort: slug.
  cameras: index('camera', false, (camera: Camera) => [{ partition: '*', sort: camera.slug }]),
  // partition: `*`; sort: slug.
  lenses: index('lens', false, (lens: Lens) => [{ partition: '*', sort: lens.slug }]),
  // partition: `*`; sort: slug.
  categories: index('category', false, (category: Category) => [{ partition: '*', sort: category.slug }]),
  // partition: `*`; sort: slug.
  products: index('product', false, (product: Product) => [{ partition: '*', sort: product.slug }]),
  // partition: customer id, or `*` for all; sort: when it was placed.
  orders: index('order', true, (order: Order) => [order.customerId, '*'].map((partition) => ({ partition, sort: order.createdAt }))),
  // partition: `*`; sort: when it came to its status. Orders of which the payment house has still to say something.
  unsettled: index('order', false, (order: Order) => (isUnsettled(order) ? [{ partition: '*', sort: order.updatedAt }] : [])),
  // partition: `*`, or `pending` while the public byline still has to be written.
  accounts: index('account', false, (account: Account) => [
    { partition: '*', sort: account.id },
    ...(account.bylinePending ? [{ partition: 'pending', sort: account.id }] : []),
  ]),
  // partition: account id.
  sessions: index('session', true, (session: Session) => [{ partition: session.accountId, sort: session.id }]),
} as const
export type IndexName = keyof typeof indexes
