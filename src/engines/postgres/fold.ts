// What a batch of changes does to the read model: the rows before it and the changes in, the rows to write out. Pure.
//
// Rows need the last state of each document only, `change` needs every one of them. So the batch is walked change by change over
// the documents that it touches, and what stands at the end is compared with what stood before. The result is the same however
// the log is cut into batches.
import type { ShownKind } from '../../domain/change.ts'
import { catalogueTag, documentTag, listTag, shopTag, slugTag } from '../../domain/tags.ts'
import { facetsOf, type Move } from './counts.ts'
import type {
  AnyCatalogue,
  AnyReview,
  CatalogueRow,
  CategoryRow,
  EditorRow,
  Mapped,
  Place,
  ProductRow,
  PutReview,
  ReviewRow,
  Standing,
  StockRow,
} from './rows.ts'

export interface Logged {
  seq: number
  kind: ShownKind
  id: string
  act: 'published' | 'revised' | 'withdrawn' | 'changed' | 'deleted'
  tags: readonly string[]
  at: string
}

interface Moves<Row> {
  put: Row[]
  gone: string[]
}

export interface Writes {
  review: Moves<PutReview> & { moved: (Place & { id: string })[] }
  camera: Moves<CatalogueRow>
  lens: Moves<CatalogueRow>
  editor: Moves<EditorRow>
  category: Moves<CategoryRow>
  product: Moves<ProductRow>
  stock: Moves<StockRow>
  /** Brands that may have come, gone or changed their spelling. */
  brands: string[]
  /** The reviews of which anything changed: what counts are made of. */
  changed: Move[]
  logged: Logged[]
}

export function fold(before: Standing, batch: readonly Mapped[]): Writes {
  const { review, camera, lens, editor, category, product, stock } = before
  const now: Standing = {
    review: new Map(review),
    camera: new Map(camera),
    lens: new Map(lens),
    editor: new Map(editor),
    category: new Map(category),
    product: new Map(product),
    stock: new Map(stock),
  }
  const brands = new Set<string>()
  const logged: Logged[] = []
  for (const entry of batch) {
    const tags = new Set<string>()
    const act = step(now, entry, tags, brands)
    const { seq, id, at } = entry.change
    if (act !== null) logged.push({ seq, kind: entry.kind, id, act, tags: [documentTag(entry.kind, id), ...tags], at })
  }
  const pairs = [...new Set([...review.keys(), ...now.review.keys()])].map((id) => [review.get(id), now.review.get(id)] as const)
  const changed = pairs.filter(([old, present]) => old !== present)
  const moved = [...now.review.values()].filter((after) => !('version' in after) && after !== review.get(after.id))
  return {
    review: {
      ...moves<PutReview>(review, now.review),
      moved: moved.map(({ id, brand, mount, keywords }) => ({ id, brand, mount, keywords })),
    },
    camera: moves<CatalogueRow>(camera, now.camera),
    lens: moves<CatalogueRow>(lens, now.lens),
    editor: moves<EditorRow>(editor, now.editor),
    category: moves<CategoryRow>(category, now.category),
    product: moves<ProductRow>(product, now.product),
    stock: moves<StockRow>(stock, now.stock),
    brands: [...brands],
    changed,
    logged,
  }
}

const moves = <Row extends object>(before: ReadonlyMap<string, object>, now: ReadonlyMap<string, Row | object>): Moves<Row> => ({
  put: [...now.values()].filter((row): row is Row => 'version' in row),
  gone: [...before.keys()].filter((id) => !now.has(id)),
})

function step(now: Standing, entry: Mapped, tags: Set<string>, brands: Set<string>): Logged['act'] | null {
  if (entry.kind === 'review') return stepReview(now, entry, tags)
  if (entry.kind === 'category' || entry.kind === 'product' || entry.kind === 'stock') return stepShop(now, entry, tags)
  const { kind, row, change } = entry
  const before = now[kind].get(change.id)
  if (before === undefined && row === null) return null
  for (const slug of [before?.slug, row?.slug]) if (slug !== undefined) tags.add(slugTag(slug))
  tags.add(listTag()) // names stand in facets, suggestions and search
  if (entry.kind === 'editor') put(now.editor, change.id, entry.row)
  else stepCatalogue(now, entry, tags, brands)
  return row === null ? 'deleted' : 'changed'
}

function stepReview(now: Standing, { change, row }: Mapped & { kind: 'review' }, tags: Set<string>): Logged['act'] | null {
  const before = now.review.get(change.id)
  const after = row && { ...row, ...placeOf(row, now) }
  put(now.review, change.id, after)
  if (before === undefined && after === null) return null
  tags.add(listTag())
  for (const review of [before, after]) if (review) addReviewTags(tags, review)
  if (after === null) return change.document === null ? 'deleted' : 'withdrawn'
  return before === undefined ? 'published' : 'revised'
}

function stepShop(now: Standing, { kind, row, change }: Mapped & { kind: 'category' | 'product' | 'stock' }, tags: Set<string>) {
  const before = now[kind].get(change.id)
  if (before === undefined && row === null) return null
  put<object>(now[kind], change.id, row)
  tags.add(shopTag(kind === 'stock' ? 'product' : kind))
  if (kind === 'stock') tags.add(documentTag('product', change.id))
  for (const side of [before, row] as readonly ({ slug?: string } | null | undefined)[])
    if (side?.slug !== undefined) tags.add(slugTag(side.slug))
  return row === null ? 'deleted' : 'changed'
}

function stepCatalogue(now: Standing, entry: Mapped & { kind: 'camera' | 'lens' }, tags: Set<string>, brands: Set<string>): void {
  const { kind, row, change } = entry
  const before = now[kind].get(change.id)
  put(now[kind], change.id, row)
  tags.add(catalogueTag(kind))
  for (const side of [before, row]) if (side) brands.add(side.brand)
  if (!showsOtherwise(before, row)) return
  for (const review of now.review.values()) {
    if ((kind === 'camera' ? review.camera_id : review.lens_id) !== change.id) continue
    const moved = { ...review, ...placeOf(review, now) }
    now.review.set(review.id, moved)
    if (moved.brand === review.brand && moved.mount === review.mount) continue
    // It leaves lists and enters others, and a list may carry the tag of any one of its filters.
    addReviewTags(tags, review)
    addReviewTags(tags, moved)
  }
}

/** Whether reviews of this camera or lens have to be written anew. */
export const showsOtherwise = (a: AnyCatalogue | null | undefined, b: AnyCatalogue | null | undefined): boolean =>
  a?.brand !== b?.brand || a?.mount !== b?.mount || a?.name !== b?.name

function put<Row>(rows: Map<string, Row>, id: string, row: Row | null): void {
  if (row === null) rows.delete(id)
  else rows.set(id, row)
}

/** A camera that is not there leaves its part empty: the master does not allow it, and the rows must not depend on it. */
function placeOf({ camera_id, lens_id }: Pick<ReviewRow, 'camera_id' | 'lens_id'>, { camera, lens }: Standing): Place {
  const body = camera.get(camera_id)
  const names = [body?.name, lens_id === null ? undefined : lens.get(lens_id)?.name]
  return { brand: body?.brand ?? '', mount: body?.mount ?? null, keywords: names.filter((name) => name !== undefined).join(' ') }
}

function addReviewTags(tags: Set<string>, review: AnyReview): void {
  for (const slug of [review.slug, ...review.former_slugs]) tags.add(slugTag(slug))
  for (const [dimension, value] of facetsOf(review)) tags.add(listTag(dimension, value))
}
