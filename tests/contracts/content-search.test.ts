// Search among so many reviews that for frequent words the newest are asked for alone: 14,000 of them in 39 months, written by SQL.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import pg from 'pg'
import type { ReviewFilters } from '../../src/ports/content.ts'
import { question } from '../../src/services/read/question.ts'
import { type Library, openLibrary, published } from '../library.ts'
import { insertMany } from '../many-reviews.ts'
import { sampleId } from '../samples.ts'

let library: Library
let client: pg.Client

// One every two hours from long ago on, the n-th newest of all has number 14,000 − n. In English. `often`, `oftwhile` and two forms of
// one word stand in all, `half` in every second, `old` in the older 6,000, `past` in the oldest 4,000 and `mark` in the newer 8,000, so that `old mark` has no match though both are frequent.
const count = 14_000
const texts = `'often oftwhile picture pictures ' || case when n % 2 = 0 then 'half ' else 'rest ' end || case when n <= 6000 then 'old ' else '' end
  || case when n > 6000 then 'mark ' else '' end || case when n % 1000 = 0 then 'rare ' else '' end || case when n <= 4000 then 'past ' else '' end`

beforeAll(async () => {
  library = await openLibrary()
  client = new pg.Client(library.url)
  await client.connect()
  await client.query(`set search_path = "${library.schema}", public`)
  await insertMany(client, {
    count,
    words: texts,
    tags: `case when n % 1000 = 0 then '{film}'::text[] else '{}' end`,
    brand: `case when n <= 13900 then 'canon' else 'nikon' end`,
    every: '2 hours',
  })
  await client.query(
    `insert into word select 'en', word, word, (tsvector_to_array(to_tsvector('content.app_en', word)))[1], ndoc
    from ts_stat('select to_tsvector(''content.app_simple'', title || '' '' || summary) from review where slug like ''many-%''')
    on conflict (language, word) do update set reviews = word.reviews + excluded.reviews`,
  )
  await client.query(`update facet set reviews = reviews + $1 where dimension = 'language' and value = 'en'`, [count])
  await client.query(`update facet set reviews = reviews + 13900 where dimension = 'brand' and value = 'canon'`)
  await client.query('update facet set reviews = reviews + $1 where value in ($2, $3)', [
    count,
    sampleId('camera', 1),
    sampleId('editor', 1),
  ])
  await client.query('analyze word')
}, 60_000)
afterAll(async () => {
  await client.end()
  await library.close()
})

const find = (q: string, filters: ReviewFilters = {}, limit = 100) =>
  library.content.search({ question: question(q), filters, from: null, limit })
const numbers = (page: { text: string }) =>
  (JSON.parse(page.text) as { slug: string }[]).flatMap(({ slug }) =>
    slug.startsWith('many-') ? [Number(slug.slice('many-'.length))] : [],
  )

describe('a frequent word', () => {
  test('shows the newest 500, and about how many there are', async () => {
    const page = await find('often ')
    expect(page).toMatchObject({ window: 500, exact: false })
    expect(page.total).toBeGreaterThan(13_000)
    expect(page.total).toBeLessThan(15_000)
    expect(Math.min(...numbers(page))).toBeGreaterThan(count - 500)
    const half = await find('often half ')
    expect(half.total).toBeGreaterThan(5_000)
    expect(half.total).toBeLessThan(7_500)
  })

  test('is not counted where an excluded one stands beside it, and once where several that begin so do', async () => {
    const others = await find('often -half')
    expect(others.exact).toBe(false)
    expect(others.total).toBeGreaterThan(5_000)
    expect(others.total).toBeLessThan(7_500)
    const open = await find('oft')
    expect(open.exact).toBe(false)
    expect(open.total).toBeGreaterThan(13_000)
    expect(open.total).toBeLessThan(15_000)
  })

  test('is counted once where a review has several forms of it', async () => {
    const reviews = count + 240
    for (const q of ['pictures ', 'picture', 'pict']) {
      const { total } = await find(q)
      expect([q, total > 13_000, total <= reviews]).toEqual([q, true, true])
    }
  })

  test('is paged to the end of its window, each once, while others are published', async () => {
    const first = await find('often ')
    const seen = numbers(first)
    await client.query(`update review set published_at = now() where slug = 'many-1'`) // comes in from below the window
    for (let { next } = first; next !== null; ) {
      const page = await library.content.search({ question: question('often '), filters: {}, from: next, limit: 100 })
      seen.push(...numbers(page))
      next = page.next
    }
    await client.query(`update review set published_at = timestamptz '2020-01-01' + interval '2 hours' where slug = 'many-1'`)
    expect(seen).toHaveLength(500)
    expect(new Set(seen).size).toBe(500)
    expect(seen).not.toContain(1)
  })

  test('under a filter that few pass is counted to the end', async () => {
    expect(await find('often ', { brand: 'nikon' })).toMatchObject({ total: 100, exact: true, window: 100 })
    expect(await find('often ', { brand: 'nikon', tag: 'lluvia' })).toMatchObject({ total: 0, exact: true })
    expect(await find('often ', { camera: 'canon-eos-r1', language: 'en' })).toMatchObject({ window: 500, exact: false })
  })
})

describe('rare matches', () => {
  test('of frequent words are found, all of them, wherever they are', async () => {
    expect(await find('old mark ')).toMatchObject({ total: 0, exact: true })
    expect(await find('often rare ')).toMatchObject({ total: 14, exact: true })
    const old = await find('old ')
    expect(old.window).toBe(500)
    expect(Math.min(...numbers(old))).toBeGreaterThan(5500)
    expect(Math.max(...numbers(old))).toBeLessThanOrEqual(6000)
  })

  test('are the same under every filter that they pass, page after page', async () => {
    const rare = Array.from({ length: 14 }, (_, nth) => (nth + 1) * 1000)
    const passing: [ReviewFilters, readonly number[]][] = [
      [{ tag: 'film' }, rare],
      [{ tag: 'film', brand: 'canon' }, rare.slice(0, 13)],
      [{ tag: 'film', language: 'en', editor: sampleId('editor', 1) }, rare],
      [{ brand: 'nikon' }, rare.slice(13)],
      [{ brand: 'canon', language: 'en' }, rare.slice(0, 13)],
      [{ editor: sampleId('editor', 1), publishedAfter: '2021-08-23T00:00:00Z' }, rare.slice(7)],
      [{ tag: 'lluvia' }, []],
    ]
    for (const [filters, wanted] of passing) {
      const seen: number[] = []
      let from = null
      do {
        const page = await library.content.search({ question: question('often rare '), filters, from, limit: 4 })
        seen.push(...numbers(page))
        from = page.next
      } while (from !== null)
      expect([filters, seen.toSorted((a, b) => a - b)]).toEqual([filters, [...wanted]])
    }
  })

  test('are as many whatever the counts say, and the same', async () => {
    const questions: [string, ReviewFilters][] = [
      ['often ', {}],
      ['old ', {}],
      ['past or rare ', {}],
      ['old mark ', {}],
      ['half rare ', { brand: 'canon' }],
      ['often ', { publishedBefore: '2021-01-01T00:00:00Z' }],
      ['often ', { publishedBefore: '2021-01-01T00:00:00Z', brand: 'canon' }],
      ['often ', { publishedAfter: '2021-01-01T00:00:00Z', publishedBefore: '2021-01-05T00:00:00Z' }],
    ]
    const ask = async () =>
      Promise.all(
        questions.map(async ([q, filters]) => {
          const seen: number[] = []
          let from = null
          do {
            const page = await library.content.search({ question: question(q), filters, from, limit: 100 })
            seen.push(...numbers(page))
            from = page.next
          } while (from !== null)
          return seen
        }),
      )
    const right = await ask()
    expect(right.map(({ length }) => length)).toEqual([500, 500, 500, 0, 13, 500, 500, 48])
    for (const wrong of [
      `update facet set reviews = reviews * 50 where dimension = 'month'`,
      `update facet set reviews = greatest(1, reviews / 50) where dimension = 'month'`,
      `update facet set reviews = reviews * 50 where dimension = 'day'`,
      `update facet set reviews = greatest(1, reviews / 5) where dimension = 'day'`,
      'update word set reviews = greatest(1, reviews / 50)',
      'update word set reviews = 20000',
      `delete from facet where dimension not in ('month', 'day')`,
      'delete from facet',
      'delete from word',
    ]) {
      await client.query('create table counted as select * from facet; create table worded as select * from word')
      await client.query(wrong)
      expect([wrong, await ask()]).toEqual([wrong, right])
      await client.query(
        `begin; delete from facet; insert into facet select * from counted; delete from word; insert into word select * from worded;
        drop table counted; drop table worded; commit`,
      )
    }
  })

  test('of an exclusion alone are looked for among the newest', async () => {
    const page = await find('-half')
    expect(page.window).toBe(500)
    expect(numbers(page).every((n) => n % 2 === 1)).toBe(true)
  })
})

test('the index and the counts say the same months and days', async () => {
  const edges = ['1999-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', '2024-02-29T12:00:00.000Z', '2031-10-31T23:59:59.999Z']
  await library.publish(edges.map((publishedAt, n) => published(700 + n, { publishedAt })))
  const { rows } = await client.query(
    `select mark, sum(reviews) as counted, sum(there) as there from (
      select dimension || ':' || value as mark, reviews, 0 as there from facet where dimension in ('month', 'day')
      union all select unnest((content.marks(published_at, null, null, null, null, null))[:2]), 0, 1 from review) m group by mark`,
  )
  expect(rows.filter(({ counted, there }) => counted !== there)).toEqual([])
  expect(rows.map(({ mark }) => mark)).toEqual(
    expect.arrayContaining(edges.flatMap((at) => [`month:${at.slice(0, 7)}`, `day:${at.slice(0, 10)}`])),
  )
  await library.publish(edges.map((_, n) => ['review', sampleId('review', 700 + n), null]))
})

test('no plan sorts or scans all reviews to show a page', async () => {
  const { listStatement } = await import('../../src/engines/postgres/content-list.ts')
  for (const sort of ['newest', 'oldest', 'title'] as const)
    for (const filters of [
      {},
      { brand: 'canon' },
      { camera: sampleId('camera', 1) },
      { language: 'en' },
      { editor: sampleId('editor', 1) },
    ]) {
      if (sort === 'title' && Object.keys(filters).length > 0) continue // all of a brand are sorted, no more
      const { text, values } = listStatement({ filters, sort, after: null, limit: 20 })
      const { rows } = await client.query({ text: `explain (analyze, format json) ${text.replaceAll('build.', '')}`, values: [...values] })
      const read = reviewsRead(rows[0]['QUERY PLAN'][0].Plan)
      expect([sort, filters, read <= 21]).toEqual([sort, filters, true])
    }
})

test('whatever filters a search, the indexes of its words alone bring what it fetches: its plan hangs on no value', async () => {
  const { searchStatement } = await import('../../src/engines/postgres/content-search.ts')
  await client.query('set enable_sort = off; set plan_cache_mode = force_generic_plan') // as whoever searches is connected
  for (const [nth, [q, filters]] of (
    [
      ['often rare ', { brand: 'nikon' }],
      ['often rare ', { language: 'en', brand: 'nikon' }],
      ['often rare ', { tag: 'film' }],
      ['often rare ', { editor: sampleId('editor', 2), tag: 'film' }],
      ['often rare ', { publishedAfter: '2021-01-01T00:00:00Z' }],
      ['-often', { brand: 'canon' }],
    ] as const
  ).entries()) {
    const { text, values } = searchStatement({ question: question(q), filters, from: null, limit: 20 })
    await client.query({ name: `kept-${nth}`, text: text.replaceAll('build.', ''), values: [...values] })
    const { rows } = await client.query(`explain (analyze, format json) execute "kept-${nth}"(${values.map(literal).join(', ')})`)
    const asking = plansIn(rows[0]['QUERY PLAN'][0].Plan).find((plan) => plan['Subplan Name'] === 'CTE ask')
    const scans = plansIn(asking).filter((plan) => plan['Index Name'] !== undefined && plan['Relation Name'] !== 'facet')
    const used = scans.filter((scan) => scan['Actual Loops'] > 0).map((scan) => scan['Index Cond'] ?? '')
    expect([q, filters, scans.filter((scan) => !scan['Index Name']?.startsWith('review_search_'))]).toEqual([q, filters, []])
    expect([q, filters, used.length > 0]).toEqual([q, filters, true])
    const asked = 'language' in filters ? 1 : 3
    expect([q, filters, scans.length, scans.filter((scan) => scan['Index Cond']?.includes('&& ')).length]).toEqual([
      q,
      filters,
      3 * asked,
      2 * asked,
    ])
    // What lacks a word is known by no index.
    expect([q, filters, used.filter((condition) => condition.includes('@@') === q.startsWith('-'))]).toEqual([q, filters, []])
  }
})

const literal = (value: unknown): string =>
  value === null ? 'null' : pg.escapeLiteral(Array.isArray(value) ? `{${value.join()}}` : String(value))

const plansIn = (plan: Plan | undefined): Plan[] => (plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(plansIn)])

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Subplan Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Actual Loops': number
  Plans?: Plan[]
}

/** Rows that left the table of reviews. */
const reviewsRead = (plan: Plan): number =>
  (plan['Relation Name'] === 'review' ? plan['Actual Rows'] * plan['Actual Loops'] : 0) +
  (plan.Plans ?? []).reduce((sum, inner) => sum + reviewsRead(inner), 0)
