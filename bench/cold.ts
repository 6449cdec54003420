// Lists and reviews that the cache does not have: beside pgbench, which runs the very same statements on the same database.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listStatement } from '../src/engines/postgres/content-list.ts'
import { reviewStatement } from '../src/engines/postgres/content-one.ts'
import { ask, type Benchmark, type Lab, liveSchema, type System } from './kit/lab.ts'
import { type Round, spending, taking, wrk } from './kit/measure.ts'
import { pgbench, scriptOf } from './kit/pgbench.ts'
import { against, type Line } from './kit/table.ts'

/** As many as the engine has for lists and documents. */
const connections = 8
/** Few: pgbench has each of them prepared on each connection, which takes a part of every round. */
const reviewsOfPeer = 4
/** More than are asked for in all rounds. */
const reviewsAsked = 50_000

export const cold: Benchmark = {
  title: 'cold list, cold review',
  needs: ['wrk', 'pgbench'],
  async run(lab) {
    const lines: Line[] = []
    for (const reviews of lab.waitedAt) lines.push(...(await coldAt(lab, reviews)))
    return lines
  },
}

async function coldAt(lab: Lab, reviews: number): Promise<Line[]> {
  // The cache holds a hundred lists at the most, and thousands go by before one comes again.
  const system = await lab.system(await lab.seeded(reviews), { cacheMib: 1 })
  try {
    const schema = await liveSchema(system.database())
    const found = await ask<{ slug: string }>(system.database(), `select slug from build.review order by md5(slug) limit ${reviewsAsked}`)
    const slugs = found.map(({ slug }) => slug)
    const at = atSize(lab, reviews)
    const list = listStatement({ filters: { publishedBefore: 'then' }, sort: 'newest', after: null, limit: 20 })
    const anyDay = '(2017 + random(0, 8)) * 10000 + random(1, 12) * 100 + random(1, 28)' // 20190314 is a time to PostgreSQL
    return [
      await beside(lab, system, `cold list of 20${at}`, lists(), [scriptOf(list, schema, (value) => (value === 'then' ? anyDay : null))]),
      await beside(
        lab,
        system,
        `cold review${at}`,
        slugs.map((slug) => `/api/v1/content/${slug}`),
        slugs.slice(0, reviewsOfPeer).map((slug) => scriptOf(reviewStatement(slug), schema)),
      ),
    ]
  } finally {
    await system.stop()
  }
}

/** Behind the name of a figure. */
export const atSize = ({ sizes }: Lab, reviews: number): string =>
  reviews === sizes.usual ? '' : `, ${reviews.toLocaleString('en')} reviews`

/** Every list begins at another time. */
export function lists(): string[] {
  const [fromMs, toMs, many] = [Date.UTC(2017, 0), Date.UTC(2026, 0), 50_000]
  return Array.from({ length: many }, (_, at) => {
    const before = new Date(fromMs + ((at * 7919) % many) * ((toMs - fromMs) / many))
    return `/api/v1/content?publishedBefore=${before.toISOString()}`
  })
}

async function beside(lab: Lab, system: System, figure: string, paths: readonly string[], scripts: readonly string[]): Promise<Line> {
  const found = await taking(
    lab.turns,
    {
      ours: coldRound(lab, system, paths, connections),
      pgbench: () =>
        spending({ database: system.spenders.database }, () => pgbench(system.database(), scripts, connections, lab.seconds, lab.folder)),
    },
    lab.warmUps,
  )
  return against(`${figure}, ${connections} connections`, found.ours, found.pgbench, 'pgbench, same statement', 0.5)
}

/** Goes on through the paths from round to round. Fails when the cache knew more than a few of them. */
export function coldRound(lab: Lab, system: System, paths: readonly string[], clients: number, mayRefuse = false): () => Promise<Round> {
  const file = join(lab.folder, `paths-${Bun.hash(paths.join()).toString(36)}.txt`)
  writeFileSync(file, paths.join('\n'))
  let from = 0
  return async () => {
    const before = (await system.detail()).read.cache
    const round = await spending(system.spenders, async () => {
      const load = await wrk({ url: system.url, connections: clients, seconds: lab.seconds, paths: { file, from }, mayRefuse })
      from += load.count + 2 * clients // what was asked for at the end is in the cache, answered or not
      return load
    })
    const after = (await system.detail()).read.cache
    const more = (outcome: string) => (after[outcome] ?? 0) - (before[outcome] ?? 0)
    if (more('hit') + more('stale') > more('fill') / 50) throw new Error(`not cold: ${JSON.stringify(after)}`)
    return round
  }
}
