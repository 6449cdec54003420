// Search for a word that stands in more reviews than are ever fetched, and of which the vocabulary knows nothing: 21,000, written by SQL.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import type { ReviewFilters } from '../../src/ports/content.ts'
import { question } from '../../src/services/read/question.ts'
import { type Library, openLibrary } from '../library.ts'
import { sampleId } from '../samples.ts'

let library: Library
let client: pg.Client

// One an hour, the newest first in the table; every third is tagged.
const count = 21_000

beforeAll(async () => {
  library = await openLibrary()
  client = new pg.Client(library.url)
  await client.connect()
  await client.query(`set search_path = "${library.schema}", public`)
  await client.query(
    `insert into review (id, version, slug, title, title_key, summary, body, verdict, pros, cons, images, tags, language, camera_id, editor_id, brand,
      mount, keywords, published_at, created_at, updated_at)
    select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, 'many-' || n, 'Many ' || n, 'many ' || n, 'unheard', '', '', '{}', '{}', '{}',
      case when n % 3 = 0 then '{film}'::text[] else '{}' end, 'en', $1, $2, 'canon', null, '', timestamptz '2020-01-01' + n * interval '1 hour', now(), now()
    from generate_series($3::int, 1, -1) n`,
    [sampleId('camera', 1), sampleId('editor', 1), count],
  )
  await client.query(`insert into review_tag select 'film', id, published_at from review where tags = '{film}'`)
  await client.query(
    `insert into facet select 'month', content.month(published_at)::text, count(*) from review where slug like 'many-%' group by 2
    on conflict (dimension, value) do update set reviews = facet.reviews + excluded.reviews`,
  )
  await client.query('analyze review, review_tag, facet')
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

test('before a day too, and by a filter', async () => {
  const day = new Date(Date.UTC(2020, 0, 1) + 15_000 * 3_600_000).toISOString()
  expect((await window('unheard ', { publishedBefore: day })).seen).toEqual(newest(14_999))
  expect((await window('unheard ', { tag: 'film' })).seen).toEqual(newest(count, 3))
})

test('where no review lies between the days, none is fetched', async () => {
  expect(await window('unheard ', { publishedAfter: '2090-01-01T00:00:00Z' })).toEqual({ seen: [], exact: true, total: 0 })
  expect(await window('unheard ', { camera: 'no-such-camera' })).toEqual({ seen: [], exact: true, total: 0 })
})

test('an exclusion alone looks back from the day that is asked for', async () => {
  const day = new Date(Date.UTC(2020, 0, 1) + 3_000 * 3_600_000).toISOString()
  expect((await window('-nothing', { publishedBefore: day })).seen).toEqual(newest(2_999))
})

test('a walk led by a tag ends where it has enough', async () => {
  const { searchStatement } = await import('../../src/engines/postgres/content-search.ts')
  const { text, values } = searchStatement({ question: question('-nothing'), filters: { tag: 'film' }, from: null, limit: 20 })
  await client.query('set enable_sort = off') // as whoever searches is connected
  const { rows } = await client.query({ text: `explain (analyze, format json) ${text.replaceAll('build.', '')}`, values: [...values] })
  const walk = plansIn(rows[0]['QUERY PLAN'][0].Plan).find((plan) => plan['Subplan Name'] === 'CTE walk')
  const read = plansIn(walk).filter((plan) => plan['Relation Name'] === 'review_tag')
  expect(read.map((plan) => plan['Actual Rows'] <= 510)).toEqual([true])
})

test('as many words of one stem, each in one review, as a question holds are no number too small', async () => {
  const words = Array.from({ length: 66 }, (_, nth) => String.fromCharCode(97 + Math.floor(nth / 26), 97 + (nth % 26)))
  await client.query(`insert into word select 'en', w, w, w, 1 from unnest($1::text[]) w on conflict do nothing`, [words])
  await client.query(`update facet set reviews = reviews + 1000000 where dimension = 'language'`)
  expect((await window(words.join(' '), {})).seen).toEqual([])
  await client.query(`update facet set reviews = reviews - 1000000 where dimension = 'language'`)
})

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Subplan Name'?: string
  Plans?: Plan[]
}

const plansIn = (plan: Plan | undefined): Plan[] => (plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(plansIn)])
