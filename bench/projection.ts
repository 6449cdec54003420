// The whole log into a new build: beside one bare backend of PostgreSQL that is given the finished rows.
import type { Benchmark, System } from './kit/lab.ts'
import { type Round, taking } from './kit/measure.ts'
import { runClient } from './kit/process.ts'
import { against, count, within } from './kit/table.ts'

interface Filled {
  seconds: number
  cpuUs: number
  /** Rows, all tables together. */
  count: number
  reviews: number
}

const reviewsOfGoal = 100_000
const secondsOfGoal = 300

export const projection: Benchmark = {
  title: 'projection',
  needs: [],
  async run(lab) {
    const data = await lab.seeded()
    const system = await lab.system(data)
    try {
      let reviewsPerSecond = 0
      const fill = (by: 'projecting' | 'inserting') => async (): Promise<Round> => {
        const usedUs = databaseUs(system)
        const { seconds, cpuUs, count, reviews } = await runClient<Filled>('load', 'fill-build', { data, url: system.database().url, by })
        if (by === 'projecting') reviewsPerSecond = reviews / seconds
        return { perSecond: count / seconds, cpuUs: { client: cpuUs / count, database: (databaseUs(system) - usedUs) / count } }
      }
      const found = await taking(Math.min(3, lab.turns), { ours: fill('projecting'), bare: fill('inserting') })
      return [
        against('projection, rows of all tables', found.ours, found.bare, 'one backend inserting them', 0.6),
        within(`${count(reviewsOfGoal)} reviews at this rate`, reviewsOfGoal / reviewsPerSecond, 's', secondsOfGoal),
      ]
    } finally {
      await system.stop()
    }
  },
}

const databaseUs = ({ spenders }: System): number => spenders.database()
