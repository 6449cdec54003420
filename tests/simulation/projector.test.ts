// Any order, any loss, any number of projectors, rebuilds, verifications and restored masters: at each moment the read model is what
// the log says at its position, readers never go back, and all come to the end of the log once the storm is over.
import { describe, expect, test } from 'bun:test'
import { inMemory } from './in-memory.ts'
import { inPostgres } from './in-postgres.ts'
import { simulate, type Wanted } from './simulate.ts'
import { drawn, seeds, sizes } from './sizes.ts'

async function run(wanted: Omit<Wanted, 'projectors'>, size: 'SIMULATION_STEPS' | 'SIMULATION_POSTGRES_STEPS') {
  console.log(`seed ${wanted.seed}: SEED=${wanted.seed} ${size}=${wanted.steps} draws the same again`)
  const told = await simulate({ ...wanted, projectors: 3 })
  console.log(JSON.stringify(told))
  const { epochs, kills, pauses, rebuilds, verified } = told
  expect(Math.min(epochs, kills + pauses, rebuilds, verified)).toBeGreaterThan(0)
}

describe(`${sizes.memorySteps} steps over tables in memory`, () => {
  for (const seed of seeds)
    test(// The drawn seed is printed: a name is the same every time.
    seed === seeds.at(-1) ? 'with a seed drawn anew' : `with seed ${seed}`, () => {
      const { memorySteps: steps } = sizes
      const wanted = { seed, steps, engine: inMemory(), commits: 300, mostAtOnce: 1, checkEvery: 1000, task: 0.003 }
      return run(wanted, 'SIMULATION_STEPS')
    }, 600_000)
})

test(`${sizes.postgresSteps} steps over PostgreSQL, whose connections are ended meanwhile`, async () => {
  await using stack = new AsyncDisposableStack()
  const engine = await inPostgres(stack)
  const wanted = { seed: drawn, steps: sizes.postgresSteps, engine, commits: 200, mostAtOnce: 3, checkEvery: 500, task: 0.002 }
  await run(wanted, 'SIMULATION_POSTGRES_STEPS')
}, 3_600_000)
