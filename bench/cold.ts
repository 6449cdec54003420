// Lists and reviews that the cache does not have: beside pgbench, which runs the very same statements on the same database.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listStatement } from '../src/engines/postgres/content-list.ts'
import { reviewStatement } from '../src/engines/postgres/content-one.ts'
import { ask, type Benchmark, type Lab, liveSchema, numbered, type System } from './kit/lab.ts'
import { type Round, spending, taking, wrk } from './kit/measure.ts'
import { pgbench, scriptOf } from './kit/pgbench.ts'
import { against, type Line } from './kit/table.ts'

/** As many as the engine has for lists and documents. */
const connections = 8
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
    const list = listStatement({ filters: { publishedBefore: 'any second' }, sort: 'newest', after: null, limit: 20 })
    await using slugOf = await numbered(system.database(), slugs)
    const slug = { number: `random(0, ${slugs.length - 1})`, sql: slugOf.text }
    return [
      await beside(lab, system, `cold list of 20${at}`, lists(), scriptOf(list, schema, { 'any second': anySecond })),
      await beside(
        lab,
        system,
        `cold review${at}`,
        slugs.map((slug) => `/api/v1/content/${slug}`),
        scriptOf(reviewStatement('slug'), schema, { slug }),
      ),
    ]
  } finally {
    await system.stop()
  }
}

/** Behind the name of a figure. */
export const atSize = ({ sizes }: Lab, reviews: number): string =>
  reviews === sizes.usual ? '' : `, ${reviews.toLocaleString('en')} reviews`

// Both sides ask for as many different things, or the one that asks for few would find its pages in the buffers and in the caches of the
// processor, and the other would not. pgbench has no variables of text, so it draws a number: for a time that costs neither side more
// than the other (`to_timestamp` of it, where ours has a text read), for a slug one look into an index that holds nothing else, 20 of
// 400 µs of PostgreSQL (lists 1,570 and 1,540 µs with days as text and as numbers; one slug 370 and 430 as text and by its number;
// medians of four rounds, loaded machine, 2026-11-29). A script for each slug would have pgbench prepare it on each connection.
const [fromMs, toMs] = [Date.UTC(2017, 0), Date.UTC(2026, 0)]
const anySecond = { number: `random(${fromMs / 1000}, ${toMs / 1000 - 1})`, sql: (seconds: string) => `to_timestamp(${seconds})` }

/** Every list begins at another time. */
export function lists(): string[] {
  const many = 50_000
  return Array.from({ length: many }, (_, at) => {
    const before = new Date(fromMs + ((at * 7919) % many) * ((toMs - fromMs) / many))
    return `/api/v1/content?publishedBefore=${before.toISOString()}`
  })
}

async function beside(lab: Lab, system: System, figure: string, paths: readonly string[], script: string): Promise<Line> {
  const found = await taking(
    lab.turns,
    {
      ours: coldRound(lab, system, paths, connections),
      pgbench: () =>
        spending({ database: system.spenders.database }, () => pgbench(system.database(), script, connections, lab.seconds, lab.folder)),
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
