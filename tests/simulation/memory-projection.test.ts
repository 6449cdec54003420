// The model of the projection keeps the same contract as PostgreSQL, so what is proven over it holds for both.
import { projectionSuite } from '../contracts/projection.suite.ts'
import { sampleClock } from '../samples.ts'
import { memoryDatabase, memoryProjection, rowsOf } from './memory-projection.ts'

projectionSuite('memory', async () => {
  const db = memoryDatabase()
  const rows = async (schema: string, table: string) => {
    const build = db.builds.get(schema)
    if (build === undefined) throw new Error(`no build ${schema}`)
    return rowsOf(build, table)
  }
  return { projection: memoryProjection(db, sampleClock), another: memoryProjection(db, sampleClock), rows, dispose: async () => {} }
})
