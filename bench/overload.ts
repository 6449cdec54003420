// More is asked than can be answered: what is still answered, and how soon the rest is refused.
import { fileURLToPath } from 'node:url'
import type { Asked, Found } from '../tests/load/client.ts'
import type { Benchmark, Lab, System } from './kit/lab.ts'
import { type Round, spending, taking } from './kit/measure.ts'
import { run } from './kit/process.ts'
import { against, type Line, short, within } from './kit/table.ts'

// A little below what is let in at once: nothing is refused, and nothing is idle.
const connections = 12
const client = fileURLToPath(new URL('../tests/load/client.ts', import.meta.url))

export const overload: Benchmark = {
  title: 'overload of the cold path',
  needs: [],
  async run(lab) {
    const system = await lab.system(await lab.seeded(), { cacheMib: 1 })
    try {
      const ask = asking(lab, system)
      await ask({ connections })
      const { perSecond } = await ask({ connections })
      const found = await taking(lab.turns, {
        maximum: () => ask({ connections }),
        over150: () => ask({ perSecond: 1.5 * perSecond }),
        over300: () => ask({ perSecond: 3 * perSecond }),
      })
      return [
        ...lines('150 % of the maximum', found.over150, found.maximum, 0.9),
        // Server and database share a core here, so what refusing costs is missing from what is answered.
        ...lines('300 % of the maximum', found.over300, found.maximum, null),
      ]
    } finally {
      await system.stop()
    }
  },
}

function lines(asked: string, over: Round, maximum: Round, least: number | null): Line[] {
  const answered = against(`answered at ${asked}`, over, maximum, 'the maximum', least)
  if (over.p50Ms === undefined || Number.isNaN(over.p50Ms)) return [answered]
  const ours = `${short(over.p50Ms)} ms, p99 ${short(over.p99Ms ?? 0)} ms`
  return [answered, within(`refused at ${asked}, median`, over.p50Ms, 'ms', 50, ours)]
}

/** Lists that nobody has asked for. The times of a round are those of what was refused. */
function asking(lab: Lab, { url, spenders }: System) {
  let from = 0
  return (pace: Asked['pace']): Promise<Round> =>
    spending(spenders, async () => {
      from += 10_000_000
      const asked: Asked = { url, pace, seconds: lab.seconds, paths: ['/api/v1/content?publishedBefore=#'], from }
      const found = JSON.parse(await run('load', [process.execPath, client, JSON.stringify(asked)])) as Found
      const { 200: good, 503: refused, ...others } = found.byStatus
      if (found.broken > 0 || Object.keys(others).length > 0) throw new Error(`not only answers and refusals: ${JSON.stringify(found)}`)
      return { count: good?.count ?? 0, seconds: found.seconds, p50Ms: refused?.p50Ms ?? Number.NaN, p99Ms: refused?.p99Ms ?? Number.NaN }
    })
}
