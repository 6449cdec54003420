// Reviews that are on stable storage when they are answered: beside LMDB with one value of the same bytes and the same sync.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Desk, openDesk } from './kit/desk.ts'
import type { Benchmark, Lab, System } from './kit/lab.ts'
import { type Round, spending, taking } from './kit/measure.ts'
import { runClient } from './kit/process.ts'
import { against, type Line, short } from './kit/table.ts'

interface Found {
  count: number
  seconds: number
  p50Ms: number
  p99Ms: number
}

export const write: Benchmark = {
  title: 'durable write',
  needs: [],
  async run(lab) {
    const system = await lab.system(await lab.seeded())
    try {
      const desk = await openDesk(system.url)
      return [...(await at(1, lab, system, desk)), ...(await at(32, lab, system, desk))]
    } finally {
      await system.stop()
    }
  },
}

async function at(concurrency: number, lab: Lab, system: System, desk: Desk): Promise<Line[]> {
  const folder = join(lab.folder, `bare-${concurrency}`)
  mkdirSync(folder)
  const common = { concurrency, seconds: lab.seconds }
  const found = await taking(lab.turns, {
    ours: () =>
      spending(system.spenders, async () => {
        const posted = await runClient<Found>('load', 'post-reviews', { ...common, ...desk.access, from: desk.next() })
        desk.used(posted.count)
        return posted
      }),
    bare: () => bareRound({ ...common, folder, bytes: desk.reviewBytes }),
  })
  const figure = `durable write, ${concurrency} at once`
  const { perSecond, p50Ms = 0, p99Ms = 0 } = found.ours
  const one = concurrency === 1
  return [
    against(figure, found.ours, found.bare, `bare LMDB, ${short(desk.reviewBytes / 1000)} kB`, one ? 0.5 : null),
    {
      figure: `${figure}: latency`,
      ours: `p50 ${short(p50Ms)} ms, p99 ${short(p99Ms)} ms`,
      peer: `bare LMDB: p50 ${short(found.bare.p50Ms ?? 0)} ms, p99 ${short(found.bare.p99Ms ?? 0)} ms`,
      ratio: null,
      goal: one ? 'p99 < 50 ms' : '≥ 1,000/s, p99 < 50 ms',
      met: p99Ms < 50 && (one || perSecond >= 1000),
    },
  ]
}

async function bareRound(asked: object): Promise<Round> {
  const { count, seconds, cpuUs, ...latency } = await runClient<Found & { cpuUs: number }>('server', 'put-bare', asked)
  return { perSecond: count / seconds, cpuUs: { '': cpuUs / count }, ...latency }
}
