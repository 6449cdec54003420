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

const countWord = () =>
  client.query(`insert into word values ('en', 'unheard', 'unheard', 'unheard', ${count});
    update facet set reviews = reviews + ${count} where dimension = 'language' and value = 'en'`)
const forgetWord = () =>
  client.query(`delete from word where word = 'unheard';
    update facet set reviews = reviews - ${count} where dimension = 'language' and value = 'en'`)

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
  await countWord()
  expect(await window('unheard ', filters)).toEqual({ seen: [], exact: true, total: 0 })
  expect(await readBy('unheard ', filters)).toBe(0)
  await forgetWord()
})

test('between two days no more is read than lies there', async () => {
  const range = (first: number, count: number) => ({
    publishedAfter: new Date(Date.UTC(2020, 0, 1 + first, 6)).toISOString(),
    publishedBefore: new Date(Date.UTC(2020, 0, 1 + first + count, 6)).toISOString(),
  })
  await countWord()
  for (const days of [1, 12]) {
    expect(await window('unheard ', range(40, days))).toMatchObject({ exact: true, total: days * 24 })
    expect(await readBy('unheard ', range(40, days))).toBeLessThanOrEqual((days + 1) * 24)
  }
  const found = await window('unheard ', range(100, 100))
  expect([found.seen.length, found.exact]).toEqual([500, false])
  expect(Math.abs(found.total - 2400)).toBeLessThan(100)
  expect(await readBy('unheard ', range(100, 100))).toBeLessThan(850)
  await forgetWord()
})

test('an exclusion alone looks back from the day that is asked for', async () => {
  const day = new Date(Date.UTC(2020, 0, 1) + 3_000 * 3_600_000).toISOString()
  expect((await window('-nothing', { publishedBefore: day })).seen).toEqual(newest(2_999))
})

test('and gives up where it has looked back far enough', async () => {
  const filters = { publishedBefore: '2023-01-01T00:00:00Z' }
  expect(await window('-unheard', filters)).toEqual({ seen: [], exact: false, total: 0 })
})

test('nor does it read more than has to do for reviews of a tag', async () => {
  await client.query(`insert into facet values ('tag', 'film', $1)`, [count / 3])
  await client.query(`update facet set reviews = reviews + $1 where dimension = 'language' and value = 'en'`, [count])
  expect((await window('-nothing', { tag: 'film' })).seen).toEqual(newest(count, 3))
  expect(await readBy('-nothing', { tag: 'film' })).toBeLessThan(1000)
  await client.query(`delete from facet where dimension = 'tag' and value = 'film'`)
  await client.query(`update facet set reviews = reviews - $1 where dimension = 'language' and value = 'en'`, [count])
})

test('as many words of one stem, each in one review, as a question holds are no number too small', async () => {
  const words = Array.from({ length: 66 }, (_, nth) => String.fromCharCode(97 + Math.floor(nth / 26), 97 + (nth % 26)))
  await client.query(`insert into word select 'en', w, w, w, 1 from unnest($1::text[]) w on conflict do nothing`, [words])
  await client.query(`update facet set reviews = reviews + 1000000000 where dimension = 'language'`)
  expect((await window(words.join(' '), {})).seen).toEqual([])
  await client.query(`update facet set reviews = reviews - 1000000000 where dimension = 'language'`)
})

// The last one: it moves all reviews.
test('of one day with more than is fetched some are shown, and the number is said to be a guess', async () => {
  await client.query(`update review set published_at = timestamptz '2021-05-05' + (random() * 86399) * interval '1 second'`)
  await client.query(`delete from facet where dimension in ('month', 'day')`)
  await client.query(
    `insert into facet select dimension, value, count from (select count(*) from review) r,
      (values ('month', '2021-05'), ('day', '2021-05-05')) v (dimension, value)`,
  )
  const found = await window('unheard ', {})
  expect([found.seen.length, found.exact]).toEqual([500, false])
  expect(found.total).toBeGreaterThanOrEqual(20_000)
})

/** So many reviews leave the table to be looked at. */
async function readBy(q: string, filters: ReviewFilters): Promise<number> {
  const { text, values } = searchStatement({ question: question(q), filters, from: null, limit: 20 })
  await client.query('set enable_sort = off') // as whoever searches is connected
  const { rows } = await client.query({ text: `explain (analyze, format json) ${text.replaceAll('build.', '')}`, values: [...values] })
  const asking = plansIn(rows[0]['QUERY PLAN'][0].Plan).find((plan) => plan['Subplan Name'] === 'CTE ask')
  const reads = plansIn(asking).filter((plan) => plan['Relation Name'] === 'review')
  expect(reads.length).toBeGreaterThan(0)
  return reads.reduce((sum, plan) => sum + plan['Actual Rows'] * plan['Actual Loops'], 0)
}

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Subplan Name'?: string
  Plans?: Plan[]
}

const plansIn = (plan: Plan | undefined): Plan[] => (plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(plansIn)])
