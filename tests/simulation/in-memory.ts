// The simulation's engine over tables in memory.
import { demandSame } from './comparable.ts'
import { memoryDatabase, memoryProjection, rowsOf } from './memory-projection.ts'
import { expected } from './oracle.ts'
import type { Engine } from './simulate.ts'

export function inMemory(): Engine {
  const db = memoryDatabase()
  return {
    projection(world, actor) {
      const real = memoryProjection(db, world.clock(actor))
      return actor === '' ? real : world.projection(actor, real)
    },
    async read() {
      const live = db.builds.get(db.live ?? '')
      return live ? { position: { epoch: live.epoch, seq: live.seq }, caughtUpAt: live.caughtUpAt } : null
    },
    async check(schema, logOf) {
      const build = db.builds.get(schema)
      if (build === undefined) return
      for (const [table, rows] of Object.entries(expected(logOf(build.epoch).slice(0, build.seq)))) {
        if (table === 'word' && build.caughtUpAt === null) continue
        demandSame(`${schema}.${table} at ${build.seq}`, rowsOf(build, table), rows)
      }
    },
  }
}
