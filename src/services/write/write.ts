// S1: what editors do. It knows the master only; readers get it from there by way of the log.
import { type Clock, instant } from '../../kit/clock.ts'
import type { NewId } from '../../kit/id.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Operation } from '../../kit/operation.ts'
import { rounds } from '../../kit/rounds.ts'
import type { Master } from '../../ports/master.ts'
import { catalogueOperations } from './catalogue.ts'
import { bringFirstData, type FirstData } from './first-data.ts'
import { historyOperations } from './history.ts'
import { readingOperations } from './reading.ts'
import type { DeskParts } from './reviewing.ts'
import { reviewOperations } from './reviews.ts'
import { openSaver } from './saving.ts'
import { openSchedule, type ScheduleStatus } from './schedule.ts'
import { openSlugs } from './slugs.ts'
import { stepOperations } from './steps.ts'

export interface WriteNeeds {
  master: Master
  clock: Clock
  newId: NewId
  log: Log
  metrics: Metrics
}

export interface WriteService {
  operations: Operation[]
  /** Publishes what is due and clears what has expired, until the signal. Harmless in several processes at once. */
  run(signal: AbortSignal): Promise<void>
  status(): ScheduleStatus
  /** See `first-data.ts`. */
  bringFirstData(data: FirstData): ReturnType<typeof bringFirstData>
}

const sweepEveryMs = 600_000

export function openWrite({ master, clock, newId, log, metrics }: WriteNeeds): WriteService {
  const retries = metrics.counter('rcr_write_retries_total', 'Commits that met a master that had moved.', ['because'])
  const parts: DeskParts = { master, clock, newId, slugs: openSlugs(master, newId), saver: openSaver({ master, clock, retries }) }
  const schedule = openSchedule({ master, clock, log, metrics })

  async function sweep(): Promise<number> {
    const removed = await master.sweep(instant(clock))
    if (removed > 0) log.info('expired documents removed', { removed })
    return sweepEveryMs
  }

  return {
    operations: [
      ...reviewOperations(parts),
      ...stepOperations(parts),
      ...readingOperations(parts),
      ...historyOperations(parts),
      ...catalogueOperations(parts),
    ],
    async run(signal) {
      await Promise.all([schedule.run(signal), rounds({ what: 'sweep', round: sweep, clock, log }, signal)])
    },
    status: schedule.status,
    bringFirstData: (data) => bringFirstData(master, clock, data),
  }
}
