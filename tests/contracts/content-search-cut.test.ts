// Search for a word that stands in more reviews than are ever fetched, and of which the vocabulary knows nothing: 21,000, written by SQL.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { searchStatement } from '../../src/engines/postgres/content-search.ts'
import type { ReviewFilters } from '../../src/ports/content.ts'
import { question } from '../../src/services/read/question.ts'
import { type Library, openLibrary } from '../library.ts'
import { insertMany } from '../many-reviews.ts'

let library: Library
let client: pg.Client

// One an hour, the newest last in the table; every third is tagged.
const count = 21_000

beforeAll(async () => {
  library = await openLibrary()
  client = new pg.Client(library.url)
  await client.connect()
  await client.query(`set search_path = "${library.schema}", public`)
  await insertMany(client, {
    count,
    words: `'unheard'`,
    tags: `case when n % 3 = 0 then '{film}'::text[] else '{}' end`,
    brand: `'canon'`,
    every: '1 hour',
  })
}, 60_000)
afterAll(async () => {
  await client.end()
  await library.close()
})

async function window(q: string, filters: ReviewFilters): Promise<{ seen: number[]; exact: boolean; total: number }> {
  const seen: number[] = []
  let from = null
  let first: { exact: boolean; total: number } | null = null
  do {
    const page = await library.content.search({ question: question(q), filters, from, limit: 100 })
    first ??= page
    seen.push(...(JSON.parse(page.text) as { slug: string }[]).map(({ slug }) => Number(slug.slice('many-'.length))))
    from = page.next
  } while (from !== null)
  return { seen: seen.toSorted((a, b) => b - a), exact: first.exact, total: first.total }
}

const newest = (from: number, step = 1) => Array.from({ length: 500 }, (_, nth) => from - nth * step)

test('the newest are found all the same, and the number is said to be a guess', async () => {
  const found = await window('unheard ', {})
  expect(found.seen).toEqual(newest(count))
  expect(found.exact).toBe(false)
  expect(found.total).toBeGreaterThanOrEqual(20_000)
})

test('also where the months that were to have enough have more than is fetched', async () => {
  await client.query(`insert into word values ('en', 'unheard', 'unheard', 'unheard', 2000)`)
  await client.query(`update facet set reviews = reviews + 1000000 where dimension = 'language' and value = 'en'`)
  const found = await window('unheard ', {})
  expect([found.seen, found.exact]).toEqual([newest(count), false])
  await client.query(`delete from word where word = 'unheard'`)
  await client.query(`update facet set reviews = reviews - 1000000 where dimension = 'language' and value = 'en'`)
})

test('before a day too, and by a filter', async () => {
  const day = new Date(Date.UTC(2020, 0, 1) + 15_000 * 3_600_000).toISOString()
  expect((await window('unheard ', { publishedBefore: day })).seen).toEqual(newest(14_999))
  expect((await window('unheard ', { tag: 'film' })).seen).toEqual(newest(count, 3))
})

test('where no review lies between the days, none is fetched', async () => {
  const filters = { publishedAfter: '2090-01-01T00:00:00Z' }
  expect(await window('unheard ', filters)).toEqual({ seen: [], exact: true, total: 0 })
  await client.query(`insert into word values ('en', 'unheard', 'unheard', 'unheard', $1)`, [count])
  await client.query(`update facet set reviews = reviews + $1 where dimension = 'language' and value = 'en'`, [count])
  expect(await window('unheard ', filters)).toEqual({ seen: [], exact: true, total: 0 })
  const whole = plansIn(await planOf('unheard ', filters)).find((plan) => plan['Subplan Name'] === 'CTE whole')
  expect(plansIn(whole).filter((plan) => plan['Relation Name'] === 'review' && plan['Actual Loops'] > 0)).toEqual([])
  await client.query(`delete from word where word = 'unheard'`)
  await client.query(`update facet set reviews = reviews - $1 where dimension = 'language' and value = 'en'`, [count])
})

test('an exclusion alone looks back from the day that is asked for', async () => {
  const day = new Date(Date.UTC(2020, 0, 1) + 3_000 * 3_600_000).toISOString()
  expect((await window('-nothing', { publishedBefore: day })).seen).toEqual(newest(2_999))
})

test('a walk led by a tag ends where it has enough', async () => {
  const walk = plansIn(await planOf('-nothing', { tag: 'film' })).find((plan) => plan['Subplan Name'] === 'CTE walk')
  const read = plansIn(walk).filter((plan) => plan['Relation Name'] === 'review_tag')
  expect(read.map((plan) => plan['Actual Rows'] <= 510)).toEqual([true])
})

test('as many words of one stem, each in one review, as a question holds are no number too small', async () => {
  const words = Array.from({ length: 66 }, (_, nth) => String.fromCharCode(97 + Math.floor(nth / 26), 97 + (nth % 26)))
  await client.query(`insert into word select 'en', w, w, w, 1 from unnest($1::text[]) w on conflict do nothing`, [words])
  await client.query(`update facet set reviews = reviews + 1000000000 where dimension = 'language'`)
  expect((await window(words.join(' '), {})).seen).toEqual([])
  await client.query(`update facet set reviews = reviews - 1000000000 where dimension = 'language'`)
})

async function planOf(q: string, filters: ReviewFilters): Promise<Plan> {
  const { text, values } = searchStatement({ question: question(q), filters, from: null, limit: 20 })
  await client.query('set enable_sort = off') // as whoever searches is connected
  const { rows } = await client.query({ text: `explain (analyze, format json) ${text.replaceAll('build.', '')}`, values: [...values] })
  return rows[0]['QUERY PLAN'][0].Plan
}

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Subplan Name'?: string
  Plans?: Plan[]
}

const plansIn = (plan: Plan | undefined): Plan[] => (plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(plansIn)])
