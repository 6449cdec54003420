// What one answer reads of the database, at two sizes of it: pages that the statement touches, in memory or not.
//
// --large compares with 1,000,000 reviews, seeded, or taken from the folder of a finished seed with --data=<folder>: 13 GB in the temporary
// folder (5.8 of log and documents, 7.2 of the read model and PostgreSQL's log); 15 minutes to seed and 25 to project, of which 5 are
// for the words and indexes at the end (two cores with other work, 2026-11-28).
import pg from 'pg'
import { listStatement } from '../src/engines/postgres/content-list.ts'
import { reviewStatement } from '../src/engines/postgres/content-one.ts'
import { searchStatement } from '../src/engines/postgres/content-search.ts'
import { question } from '../src/services/read/question.ts'
import { type Benchmark, type Lab, liveSchema } from './kit/lab.ts'
import { median } from './kit/measure.ts'
import type { Figure } from './kit/table.ts'

interface Asked {
  text: string
  values: readonly unknown[]
}

const most = 1.2
const samples = 15

export const flat: Benchmark = {
  title: 'buffers of an answer',
  needs: [],
  async run(lab) {
    const { usual, large } = lab.sizes
    const small = await buffersAt(lab, usual)
    const big = await buffersAt(lab, large)
    return Object.keys(small).map((figure): Figure => {
      const [now, before] = [big[figure] ?? Number.NaN, small[figure] ?? Number.NaN]
      const isPromised = !figure.startsWith('search')
      return {
        figure: `buffers: ${figure}`,
        ours: `${now} at ${large.toLocaleString('en')} reviews`,
        peer: `${before} at ${usual.toLocaleString('en')}`,
        ratio: now / before,
        goal: isPromised ? `≤ ${most}` : '',
        met: isPromised ? now / before <= most : null,
      }
    })
  },
}

/** The median for each kind of answer. */
async function buffersAt(lab: Lab, reviews: number): Promise<Record<string, number>> {
  const system = await lab.system(await lab.seeded(reviews), { core: 'any' })
  const client = new pg.Client({ connectionString: system.database().url })
  try {
    const schema = await liveSchema(system.database())
    await client.connect()
    const tables = await client.query<{ name: string }>('select tablename as name from pg_tables where schemaname = $1', [schema])
    for (const { name } of tables.rows) await client.query(`vacuum (analyze) "${schema}"."${name}"`)
    const values = async (text: string) => (await client.query<{ value: string }>(text.replaceAll('build.', `"${schema}".`))).rows
    const buffers = async (asked: readonly Asked[], settings = '') => {
      await client.query(`reset all; set jit = off; set random_page_cost = 1.1; ${settings}`)
      const found: number[] = []
      for (const { text, values } of asked) found.push(await buffersOf(client, text.replaceAll('build.', `"${schema}".`), values))
      return median(found)
    }
    const spread = (from: string, column: string) =>
      values(`select ${column} as value from ${from} order by md5(${column}) limit ${samples}`)
    const slugs = await spread('build.review', 'slug')
    const days = await spread('build.review', `to_char(published_at, 'YYYY-MM-DD')`)
    const common = await values(`select value from build.facet where dimension = 'brand' order by reviews desc, value limit ${samples}`)
    const words = await values(`select word as value from build.word group by word order by sum(reviews) desc, word limit ${samples}`)
    const list = (filters: object) => listStatement({ filters, sort: 'newest', after: null, limit: 20 })
    const search = ({ value }: { value: string }) => searchStatement({ question: question(value), filters: {}, from: null, limit: 20 })
    return {
      'list of 20, the newest': await buffers([list({})]),
      'list of 20, before a day': await buffers(days.map(({ value }) => list({ publishedBefore: value }))),
      'list of 20, of a brand': await buffers(common.map(({ value }) => list({ brand: value }))),
      'review by slug': await buffers(slugs.map(({ value }) => reviewStatement(value))),
      'search, a frequent word': await buffers(words.map(search), 'set enable_sort = off'),
    }
  } finally {
    await client.end()
    await system.stop()
  }
}

interface Explained {
  'QUERY PLAN': { Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }[]
}

/** Of the second run: the first one reads the catalogue too. */
async function buffersOf(client: pg.Client, text: string, values: readonly unknown[]): Promise<number> {
  const explain = () => client.query<Explained>(`explain (analyze, buffers, format json) ${text}`, [...values])
  await explain()
  const { Plan } = (await explain()).rows[0]?.['QUERY PLAN'][0] ?? {}
  return (Plan?.['Shared Hit Blocks'] ?? 0) + (Plan?.['Shared Read Blocks'] ?? 0)
}
