// Reviews that are on stable storage when they are answered: beside LMDB with one value of the same bytes and the same sync, and
// beside the least that this runtime does for an answer over HTTP after as many values.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Desk, openDesk } from './kit/desk.ts'
import type { Benchmark, Lab, System } from './kit/lab.ts'
import { type Round, spending, taking } from './kit/measure.ts'
import { cpuUs, runClient, type Started, start } from './kit/process.ts'
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
  const [folder = '', leastFolder = ''] = ['bare', 'least'].map((name) => join(lab.folder, `${name}-${concurrency}`))
  for (const made of [folder, leastFolder]) mkdirSync(made)
  const common = { concurrency, seconds: lab.seconds }
  const post = (url: string) => runClient<Found>('load', 'post-reviews', { ...common, ...desk.access, url, from: desk.next() })
  const least = await startLeast(leastFolder)
  const found = await taking(lab.turns, {
    ours: () =>
      spending(system.spenders, async () => {
        const posted = await post(system.url)
        desk.used(posted.count)
        return posted
      }),
    least: () => spending({ '': () => cpuUs(least.pid) }, () => post(least.said[1] ?? '')),
    bare: () => bareRound({ ...common, folder, bytes: desk.reviewBytes }),
  }).finally(() => least.stop())
  const figure = `durable write, ${concurrency} at once`
  const { perSecond, p50Ms = 0, p99Ms = 0 } = found.ours
  const one = concurrency === 1
  return [
    against(figure, found.ours, found.bare, `bare LMDB, ${short(desk.reviewBytes / 1000)} kB`, one ? 0.5 : null),
    against(`${figure}: of an answer over HTTP`, found.ours, found.least, 'the least of this runtime', null),
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

const startLeast = (folder: string): Promise<Started> =>
  start({
    core: 'server',
    words: [process.execPath, fileURLToPath(new URL('./clients/bare-write.ts', import.meta.url)), folder],
    ready: /listening on (\S+)\/\s/,
  })

async function bareRound(asked: object): Promise<Round> {
  const { count, seconds, cpuUs, ...latency } = await runClient<Found & { cpuUs: number }>('server', 'put-bare', asked)
  return { perSecond: count / seconds, cpuUs: { '': cpuUs / count }, ...latency }
}
