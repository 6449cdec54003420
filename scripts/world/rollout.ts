// Everything restarted, one after the other and region after region, as an operator does it for a new version, while readers read on.
import { systemClock } from '../../src/kit/clock.ts'
import type { World } from './open-world.ts'
import { home, type Region, regions } from './plan.ts'

/**
 * A region's replica goes before its readers: these leave it alone for a minute after five failures, and forget that when they start
 * anew. Home comes last: what is new there may write what only new readers know.
 */
export async function rollout(world: World, say: (line: string) => void): Promise<void> {
  for (const region of [...regions.filter((one) => one !== home), home]) {
    const sinceMs = systemClock.monotonic()
    await processOf(world, `database-${region}`).restart()
    for (const reader of world.readersOf(region)) {
      await reader.restart()
      await untilWhole(world, region)
    }
    world.reload(region)
    await untilWhole(world, region)
    say(`  ${region}: replica, readers and gateway are new (${secondsSince(sinceMs)} s)`)
  }
  const sinceMs = systemClock.monotonic()
  await processOf(world, 'home').restart()
  await processOf(world, 'primary').restart()
  say(`  home: services and primary are new (${secondsSince(sinceMs)} s)`)
}

function processOf({ processes }: World, wanted: string) {
  const found = processes.find(({ name }) => name === wanted)
  if (found === undefined) throw new Error(`There is no process ${wanted}.`)
  return found
}

const wholeMs = 20_000

/** The gateway has to know that one is back before the next one goes. */
async function untilWhole(world: World, region: Region): Promise<void> {
  const untilMs = systemClock.monotonic() + wholeMs
  while (!(await world.isWhole(region).catch(() => false))) {
    if (systemClock.monotonic() > untilMs) throw new Error(`The gateway of ${region} does not see its readers again.`)
    await systemClock.sleep(50)
  }
}

const secondsSince = (sinceMs: number): string => ((systemClock.monotonic() - sinceMs) / 1000).toFixed(1)
