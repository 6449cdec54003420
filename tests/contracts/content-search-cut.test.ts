// Search for a word that stands in more reviews than are ever fetched, and of which the vocabulary knows nothing: 45,000, written by SQL.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { searchStatement } from '../../src/engines/postgres/content-search.ts'
import type { ReviewFilters } from '../../src/ports/content.ts'
import { question } from '../../src/services/read/question.ts'
import { type Library, openLibrary } from '../library.ts'
import { insertMany } from '../many-reviews.ts'

let library: Library
let client: pg.Client

// One an hour, the newest last in the table; every third is tagged.
const count = 45_000

beforeAll(async () => {
  library = await openLibrary()
  client = new pg.Client(library.url)
  await client.connect()
  await client.query(`set search_path = "${library.schema}", public; set enable_sort = off`) // as whoever searches is connected
  await insertMany(client, {
    count,
    words: `'unheard'`,
    tags: `case when n % 3 = 0 then '{film}'::text[] else '{}' end`,
    brand: `'canon'`,
    every: '1 hour',
  })
  await client.query('create table counted as select * from facet; create table worded as select * from word')
}, 60_000)
afterEach(async () => {
  await client.query(
    `begin; delete from facet; insert into facet select * from counted; delete from word; insert into word select * from worded; commit`,
  )
})
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
const hours = (n: number) => new Date(Date.UTC(2020, 0, 1) + n * 3_600_000).toISOString()

/** What the vocabulary is to know of the word, and all else that is counted with it. */
const countWord = (reviews: number) =>
  client.query(`insert into word values ('en', 'unheard', 'unheard', 'unheard', ${reviews});
    insert into facet values ('tag', 'film', ${count / 3});
    update facet set reviews = reviews + ${count} where dimension = 'language' and value = 'en'`)

test('the newest are found all the same, and the number is said to be a guess', async () => {
  const found = await window('unheard ', {})
  expect(found.seen).toEqual(newest(count))
  expect(found.exact).toBe(false)
  expect(found.total).toBeGreaterThanOrEqual(20_000)
})

test('also where the months that were to have enough have more than is fetched', async () => {
  await countWord(1510)
  const found = await window('unheard ', {})
  expect([found.seen, found.exact]).toEqual([newest(count), false])
})

test('before a day too, and by a filter', async () => {
  expect((await window('unheard ', { publishedBefore: hours(15_000) })).seen).toEqual(newest(14_999))
  expect((await window('unheard ', { tag: 'film' })).seen).toEqual(newest(count, 3))
})

test('where no review lies between the days, none is fetched', async () => {
  const filters = { publishedAfter: '2090-01-01T00:00:00Z' }
  expect(await window('unheard ', filters)).toEqual({ seen: [], exact: true, total: 0 })
  await countWord(count)
  expect(await window('unheard ', filters)).toEqual({ seen: [], exact: true, total: 0 })
  expect(await readBy('unheard ', filters)).toBe(0)
})

test('between two days no more is read than lies there', async () => {
  const range = (day: number, days: number) => ({ publishedAfter: hours(day * 24 + 6), publishedBefore: hours((day + days) * 24 + 6) })
  await countWord(count)
  for (const days of [1, 12]) {
    expect(await window('unheard ', range(40, days))).toMatchObject({ exact: true, total: days * 24 })
    expect(await readBy('unheard ', range(40, days))).toBeLessThanOrEqual((days + 1) * 24)
  }
  const found = await window('unheard ', range(100, 100))
  expect([found.seen.length, found.exact]).toEqual([500, false])
  expect(Math.abs(found.total - 2400)).toBeLessThan(100)
  expect(await readBy('unheard ', range(100, 100))).toBeLessThan(850)
})

test('an exclusion alone looks back from the day that is asked for', async () => {
  expect((await window('-nothing', { publishedBefore: hours(3_000) })).seen).toEqual(newest(2_999))
})

test('and to the end where no more pass than may be looked at, else it gives up', async () => {
  await countWord(count)
  const filters = { publishedBefore: hours(40_000) }
  expect(await window('-unheard', filters)).toEqual({ seen: [], exact: true, total: 0 })
  await client.query(`update facet set reviews = reviews * 3 where dimension in ('month', 'day', 'language')`)
  expect(await window('-unheard', filters)).toEqual({ seen: [], exact: false, total: 0 })
})

test('nor does it read more than has to do for reviews of a tag, of a language', async () => {
  await countWord(count)
  expect((await window('-nothing', { tag: 'film', language: 'en' })).seen).toEqual(newest(count, 3))
  expect(await readBy('-nothing', { tag: 'film', language: 'en' })).toBeLessThan(1000)
  expect(await readBy('-nothing', { tag: 'film' })).toBeLessThan(1000)
})

test('as many words of one stem, each in one review, as a question holds are no number too small', async () => {
  const words = Array.from({ length: 66 }, (_, nth) => String.fromCharCode(97 + Math.floor(nth / 26), 97 + (nth % 26)))
  await client.query(`insert into word select 'en', w, w, w, 1 from unnest($1::text[]) w on conflict do nothing`, [words])
  await client.query(`update facet set reviews = reviews + 1000000000 where dimension = 'language'`)
  expect((await window(words.join(' '), {})).seen).toEqual([])
})

// From here on the reviews are moved.
const number = `case when slug ~ '^many-' then substr(slug, 6)::int else 0 end`
const move = async (changes: string) => {
  await client.query(`update review set ${changes}`)
  await client.query(
    `delete from facet where dimension in ('month', 'day');
    insert into facet select 'month', left(content.day(published_at), 7), count(*) from review group by 2
    union all select 'day', content.day(published_at), count(*) from review group by 2`,
  )
}

test('the newest are found before a day that has most of them', async () => {
  // 12,600 in 26 days, none tagged; 7,900 in 16 days and 24,740 in one, all tagged.
  await move(
    `tags = case when ${number} > 32400 then '{}' else '{film}' end::text[],
    published_at = case when ${number} > 24500 then timestamptz '2025-01-01' + (${number} - 24500) * interval '172.8 s'
      else timestamptz '2024-12-30' + ${number} * interval '3 s' end`,
  )
  await countWord(count)
  await client.query(`update facet set reviews = ${count / 16} where dimension = 'tag' and value = 'film'`)
  expect((await window('unheard ', { tag: 'film' })).seen).toEqual(newest(32_400))
})

test('of one day with more than is fetched some are shown, after those that are newer, and the number is said to be a guess', async () => {
  await move(
    `published_at = timestamptz '2021-05-05' + case when ${number} > 44700 then interval '1 day' else (random() * 86399) * interval '1 second' end`,
  )
  const found = await window('unheard ', {})
  expect(found.seen.slice(0, 300)).toEqual(newest(count).slice(0, 300))
  expect([found.seen.length, new Set(found.seen).size, found.exact]).toEqual([500, 500, false])
  expect(found.total).toBeGreaterThanOrEqual(20_000)
})

/** So many rows of the table are looked at. */
async function readBy(q: string, filters: ReviewFilters): Promise<number> {
  const { text, values } = searchStatement({ question: question(q), filters, from: null, limit: 20 })
  const { rows } = await client.query({ text: `explain (analyze, format json) ${text.replaceAll('build.', '')}`, values: [...values] })
  const asking = plansIn(rows[0]['QUERY PLAN'][0].Plan).find((plan) => plan['Subplan Name'] === 'CTE ask')
  const reads = plansIn(asking).filter((plan) => plan['Relation Name'] === 'review')
  expect(reads.length).toBeGreaterThan(0)
  return reads.reduce((sum, plan) => sum + rowsOf(plan) * plan['Actual Loops'], 0)
}

const rowsOf = (plan: Plan): number =>
  plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Subplan Name'?: string
  Plans?: Plan[]
}

const plansIn = (plan: Plan | undefined): Plan[] => (plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(plansIn)])
