// A projection that follows the log of a master, as the system's does, until a stack is disposed of.
import { systemClock as clock, secureRandom as random } from '../src/kit/clock.ts'
import { type Log, silentLog } from '../src/kit/log.ts'
import { openMetrics } from '../src/kit/metric.ts'
import type { Master } from '../src/ports/master.ts'
import type { Projection } from '../src/ports/projection.ts'
import { openProject, type Project } from '../src/services/project/project.ts'

/** Who closes the two does so further down the stack. */
export function following(
  master: Master,
  projection: Projection,
  stack: AsyncDisposableStack,
  options: { log?: Log; farBehind?: number } = {},
): Project {
  const project = openProject({ master, projection, clock, random, log: silentLog, metrics: openMetrics({ ofProcess: false }), ...options })
  const stop = new AbortController()
  const running = project.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await running
  })
  return project
}
