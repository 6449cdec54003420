// What a new shop starts with. It can be brought again at any time, also after a crash in the middle: ids follow from the slugs, so
// nothing comes twice, and what admins have changed or deleted since stays so.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CategoryFields } from '../../domain/category.ts'
import { minorOf } from '../../domain/money.ts'
import { ProductFields } from '../../domain/product.ts'
import { productReferenceMoves } from '../../domain/reference.ts'
import { Slug, slugClaim } from '../../domain/slug.ts'
import { instant } from '../../kit/clock.ts'
import { steadyId } from '../../kit/id.ts'
import type { Commit } from '../../ports/master.ts'
import type { ShopParts } from './parts.ts'
import { stocking } from './products.ts'

/** Products name their category, camera and lens by slug. */
export const FirstShop = z.strictObject({
  categories: z.array(CategoryFields.extend({ slug: Slug })),
  products: z.array(
    ProductFields.omit({ categoryId: true, cameraId: true, lensId: true }).extend({
      slug: Slug,
      category: Slug,
      camera: Slug.nullable().default(null),
      lens: Slug.nullable().default(null),
      stock: z.int().min(0),
    }),
  ),
})
export type FirstShop = z.input<typeof FirstShop>

type Parts = Pick<ShopParts, 'master' | 'clock' | 'currency'>

const noteId = 'shop:first-data'
/** Which part of the ids is time. Never to be changed. */
const beginMs = Date.UTC(2026, 0, 1)

/** How many came; null: exactly this was brought before. Throws a ZodError when the data is faulty. */
export async function bringFirstShop(parts: Parts, given: FirstShop): Promise<number | null> {
  const { master, clock } = parts
  const data = FirstShop.parse(given)
  const fingerprint = createHash('sha256').update(JSON.stringify(data)).digest('base64url')
  if ((await master.read('note', noteId))?.value === fingerprint) return null
  let brought = 0
  for (const fields of data.categories)
    brought += await bring(parts, 'category', fields.slug, async (id) => ({ writes: [{ ...fields, id }] }))
  for (const fields of data.products) brought += await bring(parts, 'product', fields.slug, (id) => productIn(parts, id, fields))
  const write = {
    kind: 'note',
    id: noteId,
    expected: await master.versionOf('note', noteId),
    document: { id: noteId, value: fingerprint },
  } as const
  await master.commit({ at: instant(clock), by: null, writes: [write] })
  return brought
}

type Brought = Pick<Commit, 'require' | 'adjust'> & { writes: readonly [document: object & { id: string }, ...others: Commit['writes']] }

/** 1, or 0 where it is or once was there, or refers to something that is not. */
async function bring({ master, clock }: Parts, kind: 'category' | 'product', slug: string, make: (id: string) => Promise<Brought | null>) {
  const id = steadyId(beginMs, `${kind}:${slug}`)
  if ((await master.versionOf(kind, id)) > 0 || (await master.owner(slugClaim(kind, slug))) !== null) return 0
  const made = await make(id)
  if (made === null) return 0
  const { writes, ...conditions } = made
  const [document, ...others] = writes
  const outcome = await master.commit({
    ...conditions,
    at: instant(clock),
    by: null,
    writes: [{ kind, id, expected: 0, document } as Commit['writes'][number], ...others],
    claims: { take: [{ name: slugClaim(kind, slug), owner: id }] },
  })
  return outcome.committed ? 1 : 0
}

async function productIn(
  { master, currency }: Parts,
  id: string,
  { category, camera, lens, stock, price, ...fields }: z.output<typeof FirstShop>['products'][number],
): Promise<Brought | null> {
  const idOf = async (kind: 'category' | 'camera' | 'lens', slug: string | null) =>
    slug === null ? null : ((await master.owner(slugClaim(kind, slug))) ?? undefined)
  const [categoryId, cameraId, lensId] = await Promise.all([idOf('category', category), idOf('camera', camera), idOf('lens', lens)])
  const priceMinor = minorOf(price, currency) ?? minorOf(Math.round(price), currency)
  if (typeof categoryId !== 'string' || cameraId === undefined || lensId === undefined || priceMinor === null) return null
  const product = { ...fields, id, priceMinor, currency, categoryId, cameraId, lensId }
  const stocked = await stocking(master, id, stock)
  const references = [
    { kind: 'category', id: categoryId } as const,
    { kind: 'camera', id: cameraId } as const,
    { kind: 'lens', id: lensId } as const,
  ]
  return {
    writes: [product, ...stocked.writes],
    require: references.flatMap(({ kind, id }) => (id === null ? [] : [{ kind, id }])),
    adjust: [...productReferenceMoves(null, { ...product, version: 0, createdAt: '', updatedAt: '' }), ...stocked.adjust],
  }
}
