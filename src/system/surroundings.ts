// What every part is given, and which version this is.
import type { Clock, RandomBytes } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../kit/metric.ts'

/** What every part is given. */
export interface Surroundings {
  clock: Clock
  random: RandomBytes
  log: Log
  metrics: Metrics
}

export const version = '0.1.0'
