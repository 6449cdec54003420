// Products and categories: with all that they show, in one statement.
import { documentTag, shopTag, slugTag } from '../../domain/tags.ts'
import type { One, ProductPage, ProductQuery } from '../../ports/content.ts'
import { isId, parameters, whereOf } from './content-filters.ts'
import type { Asked } from './content-live.ts'
import { instantOf, object, type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

const reference = (row: string, columns: string) => `(select to_json(o) from (select ${columns}) o where ${row}.id is not null)`
const catalogueReference = (row: string) =>
  reference(row, `${row}.id, ${row}.slug, ${row}.shown_brand as brand, ${row}.shown_model as model`)

/** Of p, s, g, c, l: see `besides`. */
const product = object(`p.id, p.version, p.slug, p.name, p.description, p.images, p.price, p.currency, coalesce(s.available, 0) as stock,
  p.category_id as "categoryId", p.camera_id as "cameraId", p.lens_id as "lensId", ${reference('g', 'g.id, g.slug, g.name')} as category,
  ${catalogueReference('c')} as camera, ${catalogueReference('l')} as lens,
  ${instantOf('p.created_at')} as "createdAt", ${instantOf('p.updated_at')} as "updatedAt"`)
const besides = `left join build.stock s on s.id = p.id
  left join build.category g on g.id = p.category_id
  left join build.camera c on c.id = p.camera_id
  left join build.lens l on l.id = p.lens_id`
/** What products show, in one text: ids of category, camera, lens; `-` for none, products separated by commas. */
const showsOf = `string_agg(concat_ws(' ', p.category_id, coalesce(p.camera_id::text, '-'), coalesce(p.lens_id::text, '-')), ',')`
const shownKinds = ['category', 'camera', 'lens']

const categoryColumns = `g.id, g.version, g.slug, g.name, g.image,
  ${instantOf('g.created_at')} as "createdAt", ${instantOf('g.updated_at')} as "updatedAt"`

const tagsIn = (shows: string | null): string[] =>
  (shows === null ? [] : shows.split(',')).flatMap((row) =>
    row.split(' ').flatMap((id, at) => (id === '-' ? [] : [documentTag(shownKinds[at] ?? '', id)])),
  )

export interface ProductsRow extends SnapshotRow {
  data: string
  total: number
  category_id: string | null
  shows: string | null
}

const keys = { created: 'p.created_at', price: 'p.price', name: 'p.name_key' } as const

export function productsStatement({ category: key, priceMin, priceMax, sort, order, page, limit }: ProductQuery): Asked {
  const by = parameters()
  const wanted = key === undefined ? 'null::uuid' : categoryId(by.add(key), key)
  const conditions = [
    ...(key === undefined ? [] : [`p.category_id = ${wanted}`]),
    ...(priceMin === undefined ? [] : [`p.price >= ${by.add(priceMin)}::numeric`]),
    ...(priceMax === undefined ? [] : [`p.price <= ${by.add(priceMax)}::numeric`]),
  ]
  const where = whereOf(conditions)
  const sorted = `${keys[sort]} ${order}, p.id ${order}`
  return {
    prepared: true,
    values: by.values,
    text: `with page as materialized (
  select p.* from build.product p${where} order by ${sorted} limit ${by.add(limit)} offset ${by.add((page - 1) * limit)})
select ${snapshot}, (${key === undefined ? 'null' : `select id::text from build.category where id = ${wanted}`}) as category_id,
  (select count(*)::int from build.product p${where}) as total,
  (select coalesce(json_agg(${product} order by ${sorted}), '[]')::text from page p ${besides}) as data,
  (select ${showsOf} from page p) as shows
from build.applied a`,
  }
}

const categoryId = (place: string, key: string) =>
  isId(key) ? `${place}::uuid` : `(select id from build.category where slug = ${place} limit 1)`

export function productsOf(row: ProductsRow, { category: key }: ProductQuery): ProductPage {
  const asked = key === undefined ? [] : [isId(key) ? documentTag('category', key) : slugTag(key)]
  const found = row.category_id === null ? [] : [documentTag('category', row.category_id)]
  return {
    ...snapshotOf(row),
    text: row.data,
    total: row.total,
    hasCategory: key === undefined || row.category_id !== null,
    tags: [...new Set([shopTag('product'), ...asked, ...found, ...tagsIn(row.shows)])],
  }
}

export interface ShopItemRow extends SnapshotRow {
  id: string | null
  version: number | null
  data: string | null
  shows: string | null
}

export const productStatement = (key: string): Asked => ({
  prepared: true,
  values: [key],
  text: `select ${snapshot}, p.id, p.version, case when p.id is not null then ${product}::text end as data,
  case when p.id is not null then concat_ws(' ', p.category_id, coalesce(p.camera_id::text, '-'), coalesce(p.lens_id::text, '-')) end as shows
from build.applied a left join build.product p on ${isId(key) ? 'p.id = $1::uuid' : 'p.slug = $1'} ${besides}`,
})

const newestShown = 20

export const categoryStatement = (key: string): Asked => ({
  prepared: true,
  values: [key],
  text: `with page as materialized (
  select p.* from build.product p where p.category_id = ${categoryId('$1', key)} order by p.created_at desc, p.id desc limit ${newestShown})
select ${snapshot}, g.id, g.version, (select ${showsOf} from page p) as shows,
  case when g.id is not null then ${object(`${categoryColumns},
    (select count(*)::int from build.product p where p.category_id = g.id) as "productCount",
    (select coalesce(json_agg(${product} order by p.created_at desc, p.id desc), '[]') from page p ${besides}) as products`)}::text end as data
from build.applied a left join build.category g on ${isId(key) ? 'g.id = $1::uuid' : 'g.slug = $1'}`,
})

export function shopItemOf(row: ShopItemRow, kind: 'product' | 'category', key: string): One {
  const asked = isId(key) ? documentTag(kind, key) : slugTag(key)
  if (row.data === null || row.id === null || row.version === null) return { ...snapshotOf(row), tags: [asked], found: false }
  // What enters or leaves a category changes it.
  const entering = kind === 'category' ? [shopTag('product')] : []
  const tags = [...new Set([asked, documentTag(kind, row.id), ...entering, ...tagsIn(row.shows)])]
  return { ...snapshotOf(row), tags, found: true, text: row.data, version: row.version }
}

export interface CategoriesRow extends SnapshotRow {
  data: string
}

export const categoriesStatement: Asked = {
  prepared: true,
  values: [],
  text: `select ${snapshot}, (select coalesce(json_agg(${object(categoryColumns)} order by g.name, g.id), '[]')::text from build.category g) as data
from build.applied a`,
}

export const categoriesOf = (row: CategoriesRow) => ({ ...snapshotOf(row), text: row.data, tags: [shopTag('category')] })
