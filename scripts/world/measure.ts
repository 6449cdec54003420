// The figures of the world: how long readers wait in each region while editors write, and when each region sees what was written.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { openDesk } from '../../bench/kit/desk.ts'
import { percentile } from '../../bench/kit/measure.ts'
import { runClient } from '../../bench/kit/process.ts'
import type { World } from './open-world.ts'
import { type Distances, home, regions } from './plan.ts'

interface Found {
  tookMs: Record<string, Record<string, number[]>>
  visibleMs: Record<string, number[]>
  postMs: number[]
  failed: number
  faults: string[]
}

const rates = { seconds: 30, perSecond: 5, editors: 2 }
/** In the first thousand answers of a process most of the time goes into compiling it. */
const warmSeconds = 60
const document = join(import.meta.dir, '..', '..', 'docs', 'world.md')
const marks = ['<!-- measured -->', '<!-- /measured -->'] as const

/** Measures, and writes what was found into docs/world.md. */
export async function measure(world: World, distances: Distances, reviews: number): Promise<string> {
  const desk = await openDesk(world.urls[home])
  const asked = { ...desk.access, urls: world.urls, ...rates }
  // What was published in an earlier run has its slugs.
  const first = Math.floor(Date.now() / 1000)
  await runClient<Found>('any', 'ask-the-world', { ...asked, seconds: warmSeconds, from: first })
  const found = await runClient<Found>('any', 'ask-the-world', { ...asked, from: first + warmSeconds * rates.editors + 1 })
  const report = reportOf(found, distances, reviews)
  const text = readFileSync(document, 'utf8')
  const [from, to] = marks.map((mark) => text.indexOf(mark)) as [number, number]
  if (from < 0 || to < from) throw new Error(`${document} has no place for the figures.`)
  writeFileSync(document, `${text.slice(0, from)}${marks[0]}\n${report}\n${text.slice(to)}`)
  return report
}

const kinds = ['list', 'review', 'search', 'compare'] as const

function reportOf({ tookMs, visibleMs, postMs, failed, faults }: Found, distances: Distances, reviews: number): string {
  const both = (all: readonly number[] = []) => `${percentile(all, 50).toFixed(1)} / ${percentile(all, 99).toFixed(1)}`
  const rows = regions.map((region) => {
    const oneWayMs = (region === home ? 0 : (distances[`${home}-${region}`] ?? 0)) / 2
    return [region, oneWayMs, ...kinds.map((kind) => both(tookMs[region]?.[kind])), both(visibleMs[region])]
  })
  const head = ['region', 'one way from home', ...kinds, 'visible after commit']
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const { seconds, perSecond, editors } = rates
  return [
    ...table,
    '',
    `Milliseconds, p50 / p99. Publishing a review, through the gateway of ${home}: ${both(postMs)}. Failed: ${failed}${failed > 0 ? ` (${faults.join('; ')})` : ''}.`,
    `${availableParallelism()} cores for all ${regions.length} regions and for the load, so rates are modest: in each region ${perSecond} questions of each kind a second for ${seconds} s, after ${warmSeconds} s of the same,`,
    `${editors} reviews published a second, ${reviews.toLocaleString('en')} reviews seeded. Each review is looked for in every region every 5 ms.`,
  ].join('\n')
}
