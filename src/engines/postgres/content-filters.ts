// Filters of reviews as SQL conditions, and the one index that each combination walks.
import { type Dimension, documentTag, listTag, slugTag } from '../../domain/tags.ts'
import type { ReviewFilters } from '../../ports/content.ts'

export interface Parameters {
  values: unknown[]
  /** Adds a value, gives its place. */
  add(value: unknown): string
}

export function parameters(): Parameters {
  const values: unknown[] = []
  return { values, add: (value) => `$${values.push(value)}` }
}

export interface Filtering {
  /** Conditions on the review r. */
  conditions: string[]
  /** The one among them that leads: of which an index in order of publication exists. Null: all reviews. */
  leading: string | null
  /** Reviews are found through review_tag as t: its order is the order of publication. */
  byTag: string | null
  /** All filters by a value, but for the language: conditions that the index of the words serves. */
  marked: string[]
  /** The filters by time of publication; times as SQL. */
  dated: { operator: string; time: string }[]
  /** The facets of the filters by a value, the leading one first; values as SQL. */
  facets: { dimension: Dimension; value: string }[]
}

export const isId = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)

const columns = { camera: 'camera_id', lens: 'lens_id', editor: 'editor_id', brand: 'brand', mount: 'mount', language: 'language' } as const

// The most telling filter leads; the others are checked on the rows that its index brings in order.
const leaders = ['camera', 'lens', 'tag', 'editor', 'brand', 'mount', 'language'] as const

export function filtering(filters: ReviewFilters, { add }: Parameters): Filtering {
  const conditions: string[] = []
  let leading: Filtering['leading'] = null
  let byTag: string | null = null
  const marked: string[] = []
  const dated: Filtering['dated'] = []
  const facets: Filtering['facets'] = []
  for (const dimension of leaders) {
    const value = filters[dimension]
    if (value === undefined) continue
    const first = facets.length === 0
    if (dimension === 'tag') {
      const tag = add(value)
      facets.push({ dimension, value: tag })
      marked.push(`r.tags @> array[${tag}]`)
      if (first) byTag = tag
      else conditions.push(`exists (select from build.review_tag t where t.review_id = r.id and t.tag = ${tag})`)
      continue
    }
    const meant = meantBy(dimension, value, add)
    facets.push({ dimension, value: meant })
    // The index knows null too, for all that have none.
    if (dimension !== 'language') marked.push(`${marks} @> array['${dimension}:' || coalesce((${meant})::text, '')]`)
    const condition = `r.${columns[dimension]} = ${meant}`
    if (first) leading = condition
    else conditions.push(condition)
  }
  for (const [name, operator] of [
    ['publishedAfter', '>='],
    ['publishedBefore', '<'],
  ] as const) {
    if (filters[name] !== undefined) dated.push({ operator, time: `${add(filters[name])}::timestamptz` })
  }
  conditions.push(...dated.map(({ operator, time }) => `r.published_at ${operator} ${time}`))
  return { conditions, leading, byTag, marked, dated, facets }
}

function meantBy(dimension: Exclude<(typeof leaders)[number], 'tag'>, value: string, add: Parameters['add']): string {
  const place = add(value)
  if (dimension !== 'camera' && dimension !== 'lens' && dimension !== 'editor') return place
  return isId(value) ? `${place}::uuid` : `(select id from build.${dimension} where slug = ${place})`
}

export const countOf = ({ facets, dated }: Filtering): number => facets.length + dated.length

/** How many reviews a filter by a value passes: SQL. */
export const passedBy = ({ dimension, value }: Filtering['facets'][number]): string =>
  `coalesce((select reviews from build.facet where dimension = '${dimension}' and value = (${value})::text), 0)`

/** As the index of the words has it, to be the same expression. */
export const marks = 'content.marks(r.published_at, r.brand, r.mount, r.camera_id, r.lens_id, r.editor_id)'

/** The tables through which the reviews r are found. */
const tablesOf = (filter: Filtering): string =>
  filter.byTag === null ? 'build.review r' : 'build.review_tag t join build.review r on r.id = t.review_id'

/** The condition that the walked index serves, as a list of none or one. */
const leadOf = ({ byTag, leading }: Filtering): string[] => (byTag !== null ? [`t.tag = ${byTag}`] : leading !== null ? [leading] : [])

export const whereOf = (conditions: readonly string[]): string => (conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`)

/** `from` and `where` of the reviews that pass, with more conditions. */
export const source = (filter: Filtering, more: readonly string[] = []): string =>
  `from ${tablesOf(filter)}${whereOf([...leadOf(filter), ...filter.conditions, ...more])}`

/** The columns that order by publication: those of the table whose index is walked. */
export const publication = (filter: Filtering): { at: string; id: string } =>
  filter.byTag === null ? { at: 'r.published_at', id: 'r.id' } : { at: 't.published_at', id: 't.review_id' }

/** The id that the leading slug stands for, as SQL: the tag of its lists is made of it. */
export function leaderId(filter: Filtering): string {
  const { dimension, value } = filter.facets[0] ?? {}
  return value !== undefined && (dimension === 'camera' || dimension === 'lens' || dimension === 'editor')
    ? `(${value})::text`
    : 'null::text'
}

/**
 * The tags of an answer about filtered reviews: of the list (that of its most telling filter: whatever enters or leaves it has
 * all of them), of the slugs named in the filters, which somebody may take or leave, and of what the rows show beside reviews.
 */
export function tagsOf(filters: ReviewFilters, leader: string | null, shows: string | null): string[] {
  const tags = new Set<string>()
  for (const dimension of ['camera', 'lens', 'editor'] as const) {
    const value = filters[dimension]
    if (value !== undefined && !isId(value)) tags.add(slugTag(value))
  }
  const leading = leaders.find((dimension) => filters[dimension] !== undefined)
  if (leading === undefined) tags.add(listTag())
  else if (leading === 'camera' || leading === 'lens' || leading === 'editor')
    tags.add(leader === null ? listTag() : listTag(leading, leader))
  else tags.add(listTag(leading, filters[leading]))
  for (const row of shows === null ? [] : shows.split(',')) {
    const ids = row.split(' ')
    for (const [n, kind] of ['camera', 'lens', 'editor'].entries()) {
      const id = ids[n]
      if (id !== undefined && id !== '-') tags.add(documentTag(kind, id))
    }
  }
  return [...tags]
}
