// What readers may ask of the shop.
import { z } from 'zod'
import { CategoryDocument } from '../../domain/category.ts'
import { amountMax } from '../../domain/money.ts'
import { ProductDocument } from '../../domain/product.ts'
import { type Answer, type Call, type Operation, operation } from '../../kit/operation.ts'
import { type ProductQuery, productSorts } from '../../ports/content.ts'
import type { ReadParts } from './operations.ts'
import { KeyPath } from './schemas.ts'

const amount = z.coerce.number<number | string>({ error: 'Must be a number.' }).min(0).max(amountMax).optional()
const paging = {
  // A page further back would be walked to row by row.
  page: z.coerce.number<number | string>({ error: 'Must be a number.' }).int().min(1).max(10_000).default(1),
  limit: z.coerce.number<number | string>({ error: 'Must be a number.' }).int().min(1).max(100).default(20),
}
const narrowing = {
  priceMin: amount.describe('Inclusive.'),
  priceMax: amount.describe('Inclusive.'),
  sort: z.enum(productSorts).default('created'),
  order: z.enum(['asc', 'desc']).optional().describe('By default `desc` for `created`, `asc` for the others.'),
  ...paging,
}
const ProductsQuery = z.strictObject({ category: KeyPath.shape.id.optional().describe('A category by its slug or id.'), ...narrowing })
const CategoryProductsQuery = z.strictObject(narrowing)

const ProductPage = z
  .strictObject({
    data: z.array(ProductDocument),
    metadata: z.strictObject({ page: z.int(), limit: z.int(), total: z.int(), totalPages: z.int() }).meta({ id: 'ProductPageMetadata' }),
    links: z
      .strictObject({ self: z.string(), next: z.string().nullable(), prev: z.string().nullable() })
      .describe('Relative to the address that was asked.')
      .meta({ id: 'ProductPageLinks' }),
  })
  .meta({ id: 'ProductPage' })
const Categories = z.strictObject({ data: z.array(CategoryDocument) }).meta({ id: 'Categories' })
const CategoryWithProducts = z
  .strictObject({
    ...CategoryDocument.shape,
    productCount: z.int(),
    products: z.array(ProductDocument).describe('The newest 20; all of them: `/categories/{id}/products`.'),
  })
  .meta({ id: 'CategoryWithProducts' })

const shared = { kind: 'query', access: 'anyone', status: 200, cache: 'content' } as const
const spelt = { price_min: 'priceMin', price_max: 'priceMax' }

export const shopOperations = (parts: ReadParts): Operation[] => [
  listProducts(parts),
  readProduct(parts),
  listCategories(parts),
  readCategory(parts),
  listCategoryProducts(parts),
]

type Query = z.output<typeof CategoryProductsQuery>

async function productPage(
  { content, answers }: ReadParts,
  { category, ...query }: Query & { category?: string | undefined },
  call: Call,
  isDemanded = false,
): Promise<Answer> {
  const order = query.order ?? (query.sort === 'created' ? 'desc' : 'asc')
  const asked: ProductQuery = { ...query, category, order }
  const shown = await answers.fresh(call, () => content.products(asked, call.signal))
  if (isDemanded && !shown.hasCategory) throw answers.missing(shown, 'There is no such category.')
  const { page, limit } = query
  const totalPages = Math.ceil(shown.total / limit)
  const asWritten = isDemanded ? query : { category, ...query }
  const link = (to: number) => `?${new URLSearchParams(given({ ...asWritten, page: to }))}`
  const links = {
    self: link(page),
    next: page < totalPages ? link(page + 1) : null,
    prev: page > 1 ? link(Math.min(page - 1, Math.max(1, totalPages))) : null,
  }
  const metadata = { page, limit, total: shown.total, totalPages }
  const text = `{"data":${shown.text},"metadata":${JSON.stringify(metadata)},"links":${JSON.stringify(links)}}`
  return { ...answers.of(shown, text), next: links.next }
}

const given = (query: object): [string, string][] =>
  Object.entries(query)
    .flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]))
    .sort(([a], [b]) => (a < b ? -1 : 1))

function listProducts(parts: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'listProducts',
    alias: { graphql: 'products' },
    summary: 'The products of the shop, page by page.',
    description: '`stock` is how many there were a moment ago; buying always asks for the present number. `price_min` is `priceMin`, too.',
    tag: 'products',
    rest: { method: 'GET', path: '/products', spelt },
    input: { query: ProductsQuery },
    output: ProductPage,
    examples: [{ summary: 'The cheapest lenses first', input: { query: { category: 'prime-lenses', priceMax: 1000, sort: 'price' } } }],
    run: ({ query }, call) => productPage(parts, query, call),
  })
}

function readProduct({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'readProduct',
    alias: { graphql: 'product', grpc: 'getProduct' },
    summary: 'A product by its slug or id.',
    tag: 'products',
    rest: { method: 'GET', path: '/products/{id}' },
    input: { path: KeyPath },
    output: ProductDocument,
    examples: [{ summary: 'A product', input: { path: { id: 'canon-eos-r50-body' } } }],
    async run({ path }, call) {
      const shown = await answers.fresh(call, () => content.product(path.id, call.signal))
      if (shown.found) return answers.of(shown, shown.text, shown.version)
      throw answers.missing(shown, 'There is no such product.')
    },
  })
}

function listCategories({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'listCategories',
    alias: { graphql: 'categories' },
    summary: 'All categories of the shop, by name.',
    tag: 'categories',
    rest: { method: 'GET', path: '/categories' },
    input: {},
    output: Categories,
    async run(_input, call) {
      const shown = await answers.fresh(call, () => content.categories(call.signal))
      return answers.of(shown, `{"data":${shown.text}}`)
    },
  })
}

function readCategory({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'readCategory',
    alias: { graphql: 'category' },
    summary: 'A category by its slug or id, with its newest products.',
    tag: 'categories',
    rest: { method: 'GET', path: '/categories/{id}' },
    input: { path: KeyPath },
    output: CategoryWithProducts,
    examples: [{ summary: 'A category', input: { path: { id: 'prime-lenses' } } }],
    async run({ path }, call) {
      const shown = await answers.fresh(call, () => content.category(path.id, call.signal))
      if (shown.found) return answers.of(shown, shown.text, shown.version)
      throw answers.missing(shown, 'There is no such category.')
    },
  })
}

function listCategoryProducts(parts: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'listCategoryProducts',
    summary: 'The products of a category, page by page.',
    tag: 'categories',
    rest: { method: 'GET', path: '/categories/{id}/products', spelt },
    input: { path: KeyPath, query: CategoryProductsQuery },
    output: ProductPage,
    examples: [{ summary: 'The cheapest first', input: { path: { id: 'prime-lenses' }, query: { sort: 'price' } } }],
    refusals: ['missing'],
    run: ({ path, query }, call) => productPage(parts, { ...query, category: path.id }, call, true),
  })
}
