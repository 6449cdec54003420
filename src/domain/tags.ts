// Cache tags: what the projector writes beside each change and what the read service puts on each cached answer. An answer is
// purged when one of its tags comes by.

/** The answers that show this one document, wherever it stands in them. */
export const documentTag = (kind: string, id: string): string => `${kind}:${id}`

/** The answers that depend on who holds this slug: found, redirected or missing. */
export const slugTag = (slug: string): string => `slug:${slug}`

/** The dimensions by which reviews are filtered and counted. */
export const dimensions = ['brand', 'camera', 'lens', 'mount', 'editor', 'tag', 'language'] as const
export type Dimension = (typeof dimensions)[number]

/**
 * The lists of reviews with this filter. A list needs the tag of one of its filters only, since a review that enters or
 * leaves it has all of them; a list without filters (and search, facets, suggestions) has `listTag()`.
 */
export const listTag = (dimension?: Dimension, value?: string): string =>
  dimension === undefined ? 'reviews' : `reviews:${dimension}:${value}`

/** The lists of the shop: of each change of a product and of a stock, since a tag for each product in a list would make long headers. */
export const shopTag = (kind: 'product' | 'category'): string => (kind === 'product' ? 'products' : 'categories')

/** The lists of a catalogue kind: `cameras`, `lenses`. */
export const catalogueTag = (kind: 'camera' | 'lens'): string => (kind === 'camera' ? 'cameras' : 'lenses')
