// Two processes on one port beside one alone, over the same data and database. On two cores both have to share them with the database
// and with the load, so the figure says what a second process costs or gains there, and not how far processes scale.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lists } from './cold.ts'
import { type Benchmark, isUp, type Lab, startSettings, startWords } from './kit/lab.ts'
import { type Round, spending, taking, wrk } from './kit/measure.ts'
import { cpuUs, start } from './kit/process.ts'
import { against } from './kit/table.ts'

const connections = 32
/** As many as one process lets in at once. */
const coldConnections = 12

export const workers: Benchmark = {
  title: 'two processes on one port',
  needs: ['wrk'],
  async run(lab) {
    await using stack = new AsyncDisposableStack()
    const data = await lab.seeded()
    const two = stack.adopt(await lab.system(data, { core: 'any', cacheMib: 1, workers: 2 }), (one) => one.stop())
    const env = { ...startSettings(data), RCR_CACHE_MIB: '1' }
    const words = [...startWords.slice(0, -1), 'serve']
    const one = stack.adopt(await start({ core: 'any', words, env, ready: isUp }), (it) => it.stop())
    const pids = [two.pid, ...((await two.detail()).workers ?? []).map(({ pid }) => pid)]
    const sides = {
      two: { url: two.url, server: () => pids.reduce((sum, pid) => sum + cpuUs(pid), 0), database: two.spenders.database },
      one: { url: one.said[1] ?? '', server: () => cpuUs(one.pid), database: two.spenders.database },
    }
    const hot = ({ url, server }: (typeof sides)['one']) =>
      spending({ server }, () => wrk({ url: `${url}/api/v1/content`, connections, seconds: lab.seconds }))
    const cold = coldFrom(lab)
    const found = {
      hot: await taking(lab.turns, { two: () => hot(sides.two), one: () => hot(sides.one) }),
      cold: await taking(lab.turns, { two: () => cold(sides.two), one: () => cold(sides.one) }),
    }
    return [
      against(`hot list, 2 processes, ${connections} connections`, found.hot.two, found.hot.one, 'one process', null),
      against(`cold list, 2 processes, ${coldConnections} connections`, found.cold.two, found.cold.one, 'one process', null),
    ]
  },
}

function coldFrom(lab: Lab) {
  const file = join(lab.folder, 'paths-workers.txt')
  writeFileSync(file, lists().join('\n'))
  let from = 0
  return async ({ url, ...spenders }: { url: string; server: () => number; database: () => number }): Promise<Round> =>
    spending(spenders, async () => {
      const load = await wrk({ url, connections: coldConnections, seconds: lab.seconds, paths: { file, from } })
      from += load.count + 2 * coldConnections
      return load
    })
}
