// Products as admins keep them. The stock is a counter: set beside the document, in the same commit, without a version of it.
import { decimalOf, minorOf } from '../../domain/money.ts'
import { type Product, ProductDocument, ProductFields, shownProduct, stockCounter } from '../../domain/product.ts'
import { productReferenceMoves } from '../../domain/reference.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { patchOf } from '../../kit/merge-patch.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { isSameContent, patched } from '../../kit/patching.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import type { Master, Write } from '../../ports/master.ts'
import { byId, keepers, missing, type ShopParts, slugClaims, slugFor } from './parts.ts'
import type { Effect, Plan } from './saving.ts'

const kind = 'product'
const ProductInput = ProductFields.meta({ id: 'ProductInput' })
const common = { kind: 'command', tag: 'products', access: keepers } as const
const editing = {
  ...common,
  output: ProductDocument,
  status: 200,
  conditional: true,
  refusals: ['missing', 'conflict', 'stale', 'unconditional'],
} as const
const aboutStock =
  '`stock` sets how many there are now, whatever was sold meanwhile: it is no part of the version, and alone makes no new one.'
const example = {
  name: 'Canon EOS R5, body',
  description: 'New, with the guarantee of the maker.',
  images: ['https://images.example.com/r5.jpg'],
  price: 3399,
  stock: 5,
  categoryId: '01941f29-7c00-7000-8000-000000000001',
  cameraId: '01941f29-7c00-7000-8000-000000000002',
}

export const productOperations = (parts: ShopParts): Operation[] => [create(parts), replace(parts), change(parts), remove(parts)]

/** The version as it was committed, with the stock that there is now. */
const presenter = ({ master }: ShopParts) => {
  return async ({ id, version, position, location }: Effect) => {
    const product = (await master.change(kind, id, version))?.document ?? null
    const where = location === undefined ? {} : { location }
    if (product === null) return { version, position, ...where }
    const [stock, category, camera, lens] = await Promise.all([
      master.counter(stockCounter(id)),
      master.read('category', product.categoryId),
      product.cameraId && master.read('camera', product.cameraId),
      product.lensId && master.read('lens', product.lensId),
    ])
    return { version, position, body: shownProduct(product, { stock, category, camera: camera || null, lens: lens || null }), ...where }
  }
}

type Fresh = Omit<Product, 'version' | 'createdAt' | 'updatedAt'>

/** From what an admin wrote; refuses with every fault that takes the shop to see. */
async function productOf(parts: ShopParts, { stock: _stock, price, ...fields }: ProductFields, id: string): Promise<Fresh> {
  const { master, currency } = parts
  const priceMinor = minorOf(price, currency)
  const references = referencesOf({ ...fields })
  const found = await Promise.all(references.map((reference) => master.read(reference.kind, reference.id)))
  const faults: Fault[] = references
    .filter((_, at) => found[at] === null)
    .map((reference) => ({
      pointer: `#/${reference.kind}Id`,
      code: `unknown_${reference.kind}`,
      detail: `There is no such ${reference.kind}.`,
    }))
  if (priceMinor === null) faults.push({ pointer: '#/price', code: 'too_precise', detail: `${currency} has no coin so small.` })
  if (priceMinor === null || faults.length > 0)
    throw new Refusal('invalid', 'The product has faults; errors names each of them.', { faults })
  return { ...fields, id, slug: await slugFor(master, kind, fields, id), priceMinor, currency }
}

const referencesOf = ({ categoryId, cameraId, lensId }: Pick<Product, 'categoryId' | 'cameraId' | 'lensId'>) =>
  ([['category', categoryId] as const, ['camera', cameraId] as const, ['lens', lensId] as const] as const).flatMap(([kind, id]) =>
    id === null ? [] : [{ kind, id }],
  )

/** Takes a product from `before` to `after` (null: not there; `same`: as it is) and its stock to what is wanted. */
async function planOf(
  { master }: ShopParts,
  id: string,
  before: Product | null,
  after: Fresh | null | 'same',
  stock?: number,
): Promise<Plan> {
  const expected = before?.version ?? 0
  const stocked = await stocking(master, id, after === null ? null : stock)
  if (after === 'same') return { ...stocked, version: expected }
  return {
    writes: [{ kind, id, expected, document: after }, ...stocked.writes],
    require: after === null ? [] : referencesOf(after),
    claims: slugClaims(kind, id, before?.slug ?? null, after?.slug ?? null),
    adjust: [...productReferenceMoves(before, after as Product | null), ...stocked.adjust],
    version: expected + 1,
  }
}

/** What a commit holds to set the stock (null: the product goes), and to tell readers. A sale in between makes it fail. */
export async function stocking(master: Master, id: string, stock: number | null | undefined) {
  const none = { writes: [] as Write[], adjust: [] as { counter: string; by: number; floor: number; ceiling: number }[] }
  if (stock === undefined) return none
  const counter = stockCounter(id)
  const [now, expected, told] = await Promise.all([master.counter(counter), master.versionOf('stock', id), master.read('stock', id)])
  if (stock === null) return { ...none, writes: told === null ? [] : [{ kind: 'stock' as const, id, expected, document: null }] }
  return {
    writes: told?.available === stock ? [] : [{ kind: 'stock' as const, id, expected, document: { id, available: stock } }],
    adjust: now === stock ? [] : [{ counter, by: stock - now, floor: stock, ceiling: stock }],
  }
}

async function standing({ master }: ShopParts, call: Call, id: string, isUnversioned = false): Promise<Product> {
  const product = await master.read(kind, id)
  if (product === null) throw missing(kind)
  if (!isUnversioned || call.ifMatch !== null) demandMatch(call, product.version)
  return product
}

function create(parts: ShopParts): Operation {
  return operation({
    ...common,
    name: 'createProduct',
    summary: 'Adds a product to the shop.',
    description: 'Without `slug` one is made from the name; a given one that is taken is refused (`slug-taken`).',
    rest: { method: 'POST', path: '/products' },
    input: { body: ProductInput },
    output: ProductDocument,
    status: 201,
    refusals: ['conflict'],
    examples: [{ summary: 'A camera', input: { body: example } }],
    run({ body }, call) {
      const id = parts.newId()
      const plan = async () => planOf(parts, id, null, await productOf(parts, body, id), body.stock ?? 0)
      return parts.saver.save(call, { kind, id, status: 201, location: `/products/${id}`, plan, present: presenter(parts) })
    },
  })
}

/** And of nothing that has a version. */
const isOfStock = (body: object): boolean => Object.keys(body).join() === 'stock'

/** Where nothing differs no new version is made. */
function edit(
  parts: ShopParts,
  call: Call,
  id: string,
  make: (before: Product & { price: number }) => ProductFields,
  isUnversioned = false,
) {
  const plan = async (): Promise<Plan> => {
    const before = await standing(parts, call, id, isUnversioned)
    const fields = make({ ...before, price: decimalOf(before.priceMinor, before.currency) })
    const after = await productOf(parts, fields, id)
    const isSame =
      isSameContent(ProductFields, before, after) && before.priceMinor === after.priceMinor && before.currency === after.currency
    return planOf(parts, id, before, isSame ? 'same' : after, fields.stock)
  }
  return parts.saver.save(call, { kind, id, status: 200, plan, present: presenter(parts) })
}

function replace(parts: ShopParts): Operation {
  return operation({
    ...editing,
    name: 'replaceProduct',
    summary: 'Replaces a product. An absent `slug` or `stock` stays.',
    description: aboutStock,
    rest: { method: 'PUT', path: '/products/{id}' },
    input: { path: byId, body: ProductInput },
    run: ({ path, body }, call) => edit(parts, call, path.id, (before) => ({ ...body, slug: body.slug ?? before.slug })),
  })
}

function change(parts: ShopParts): Operation {
  return operation({
    ...editing,
    name: 'changeProduct',
    summary: 'Changes only what is given of a product, by JSON Merge Patch.',
    description: `${aboutStock} So \`stock\` alone needs no \`If-Match\`.`,
    conditional: (body: object) => !isOfStock(body),
    rest: { method: 'PATCH', path: '/products/{id}' },
    input: { path: byId, body: patchOf(ProductFields).meta({ id: 'ProductPatch' }) },
    mediaType: 'application/merge-patch+json',
    run: ({ path, body }, call) => edit(parts, call, path.id, (before) => patched(ProductFields, before, body), isOfStock(body)),
  })
}

function remove(parts: ShopParts): Operation {
  return operation({
    ...common,
    name: 'deleteProduct',
    summary: 'Takes a product out of the shop. Orders keep what they say of it.',
    rest: { method: 'DELETE', path: '/products/{id}' },
    input: { path: byId },
    status: 204,
    conditional: true,
    refusals: ['missing', 'stale', 'unconditional'],
    run({ path: { id } }, call) {
      const plan = async () => planOf(parts, id, await standing(parts, call, id), null)
      return parts.saver.save(call, { kind, id, status: 204, plan, present: presenter(parts) })
    },
  })
}
