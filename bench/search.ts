// Searches, suggestions and comparisons that nobody asked before: how long a reader waits.
import { atSize, coldRound } from './cold.ts'
import { ask, type Benchmark, type Lab } from './kit/lab.ts'
import { type Round, taking } from './kit/measure.ts'
import { type Line, rateOf, short } from './kit/table.ts'

const connections = 2
const wordsAsked = 200

export const search: Benchmark = {
  title: 'search, suggest, compare',
  needs: ['wrk'],
  async run(lab) {
    const lines: Line[] = []
    for (const reviews of lab.waitedAt) lines.push(...(await searchAt(lab, reviews)))
    return lines
  },
}

async function searchAt(lab: Lab, reviews: number): Promise<Line[]> {
  const system = await lab.system(await lab.seeded(reviews), { cacheMib: 1 })
  const at = atSize(lab, reviews)
  try {
    const vocabulary = await ask<{ word: string }>(
      system.database(),
      'select word from build.word group by word order by sum(reviews) desc, word', // some stand in several languages
    )
    const words = spread(vocabulary.map(({ word }) => word))
    const cameras = (await ask<{ slug: string }>(system.database(), 'select slug from build.camera order by slug')).map(({ slug }) => slug)
    const measured = async (paths: readonly string[]) =>
      (await taking(lab.turns, { ours: coldRound(lab, system, paths, connections, true) }, lab.warmUps)).ours
    return [
      waits(`search, cold, ${wordsAsked} words alone and in pairs${at}`, await measured(searches(words)), 50),
      waits(`suggest, cold${at}`, await measured(beginnings(vocabulary.map(({ word }) => word))), 100),
      waits(
        `compare 2 cameras, cold${at}`,
        await measured(pairs(cameras).map(([a, b]) => `/api/v1/content/compare?cameras=${a},${b}`)),
        100,
      ),
    ]
  } finally {
    await system.stop()
  }
}

/** From the most common to words that stand in one review: each rank a little rarer than the one before. */
function spread(vocabulary: readonly string[]): string[] {
  const ranks = Array.from({ length: wordsAsked }, (_, step) => Math.floor(vocabulary.length ** (step / wordsAsked)) + step)
  return ranks.flatMap((rank) => vocabulary[rank % vocabulary.length] ?? [])
}

const query = (path: string, q: string) => `/api/v1/content/${path}?q=${encodeURIComponent(q)}`

function searches(words: readonly string[]): string[] {
  const alone = words.map((word) => query('search', word))
  const together = words.flatMap((word, at) => [7, 31, 83].map((step) => query('search', `${word} ${words[(at + step) % words.length]}`)))
  return [...alone, ...together]
}

function beginnings(vocabulary: readonly string[]): string[] {
  const all = vocabulary.flatMap((word) => [2, 3, 4, 5].map((letters) => word.slice(0, letters)))
  return [...new Set(all)].map((beginning) => query('suggest', beginning))
}

const pairs = (values: readonly string[]): [string, string][] =>
  values.flatMap((one, at) => values.slice(at + 1).map((other): [string, string] => [one, other]))

const waits = (figure: string, { refused = 0, ...round }: Round, mostMs: number): Line => ({
  figure: `${figure}, ${connections} connections`,
  ours: `p50 ${short(round.p50Ms ?? 0)} ms, p99 ${short(round.p99Ms ?? 0)} ms; ${rateOf(round)}${refused === 0 ? '' : `; ${refused} refused`}`,
  peer: '',
  ratio: null,
  goal: `p99 < ${mostMs} ms`,
  met: refused === 0 && (round.p99Ms ?? Number.NaN) < mostMs,
})
