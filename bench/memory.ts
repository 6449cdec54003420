// What the system holds in memory while nobody asks, its PostgreSQL included.
import type { Benchmark } from './kit/lab.ts'
import { familyOf, pssBytes } from './kit/process.ts'
import { short, within } from './kit/table.ts'

const settleMs = 10_000

export const memory: Benchmark = {
  title: 'idle memory',
  needs: [],
  async run(lab) {
    const system = await lab.system(await lab.seeded(), { core: 'any' })
    try {
      await Bun.sleep(settleMs)
      const [process, database] = [[system.pid], familyOf(system.postgres)].map((pids) => pssBytes(pids) / 2 ** 20) as [number, number]
      const ours = `${short(process + database)} MB: process ${short(process)}, PostgreSQL ${short(database)}`
      return [within('idle memory (PSS)', process + database, 'MB', 200, ours)]
    } finally {
      await system.stop()
    }
  },
}
