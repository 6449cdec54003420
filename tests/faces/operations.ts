// The list of operations before any engine is open: tests are made of it.
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Operation } from '../../src/kit/operation.ts'
import { operationsAlone } from '../../src/system/services.ts'

export const operationsOfContract = (): Operation[] =>
  operationsAlone({ clock: systemClock, random: secureRandom, log: silentLog, metrics: openMetrics({ ofProcess: false }) })
