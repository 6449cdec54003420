// Publishes what is due. The schedule is an index of the master, so it survives every restart; several of these loops, in any
// number of processes, publish each review once, because each commit names the version that was found due.
import { publish, type Review } from '../../domain/review.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import { rounds } from '../../kit/rounds.ts'
import type { Master } from '../../ports/master.ts'
import { isOverdue } from './reading.ts'

const pollMs = 1_000
const pauseMinMs = 20
const pageLimit = 100

export interface ScheduleStatus {
  /** Reviews whose time had passed by more than a few seconds and that the last look could not publish. */
  overdue: number
  nextDueAt: string | null
  /** The last look that went through; null before the first. */
  lookedAt: string | null
}

export interface Schedule {
  run(signal: AbortSignal): Promise<void>
  status(): ScheduleStatus
}

export interface ScheduleParts {
  master: Master
  clock: Clock
  log: Log
  metrics: Metrics
}

export function openSchedule({ master, clock, log, metrics }: ScheduleParts): Schedule {
  const status: ScheduleStatus = { overdue: 0, nextDueAt: null, lookedAt: null }
  const published = metrics.counter('rcr_schedule_published_total', 'Reviews that the schedule has published.')
  metrics.gauge('rcr_schedule_overdue', 'Scheduled reviews whose time has passed and that are not out.', [], () => status.overdue)
  const secondsSince = (at: string | null) => (at === null ? 0 : (clock.now() - Date.parse(at)) / 1000)
  metrics.gauge('rcr_schedule_look_age_seconds', 'Since the schedule was last looked through.', [], () => secondsSince(status.lookedAt))

  /** One that an editor or another process has moved in between is theirs. */
  async function fire(review: Review): Promise<void> {
    const now = instant(clock)
    const document = publish(review, now)
    const write = { kind: 'review', id: review.id, expected: review.version, document } as const
    const outcome = await master.commit({ at: now, by: null, writes: [write] })
    if (!outcome.committed) return
    published.inc()
    log.info('review published on schedule', { id: review.id, publishAt: review.publishAt })
  }

  async function* due(now: string): AsyncIterable<Review> {
    let cursor: { after?: string } | null = {}
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof master.list<'scheduled'>>> = await master.list('scheduled', '*', {
        limit: pageLimit,
        upTo: now,
        ...cursor,
      })
      yield* page.documents
      cursor = page.next === null ? null : { after: page.next }
    }
  }

  /** Says how long to wait until the next look. */
  async function look(): Promise<number> {
    const now = instant(clock)
    const stuck: Review[] = []
    let cause: unknown
    for await (const review of due(now)) {
      // With the master down the next ones would fare no better: they are only counted.
      const error = isDown(cause) ? cause : await fire(review).catch((thrown: unknown) => thrown)
      if (error === undefined) continue
      cause = error
      stuck.push(review)
    }
    const [next] = (await master.list('scheduled', '*', { limit: 1 })).documents
    status.overdue = stuck.filter((review) => isOverdue(review, now)).length
    status.nextDueAt = next?.publishAt ?? null
    status.lookedAt = now
    if (stuck.length > 0) throw new Error(`${stuck.length} reviews are due and could not be published`, { cause })
    const untilNextMs = status.nextDueAt === null ? pollMs : Date.parse(status.nextDueAt) - clock.now()
    return Math.min(pollMs, Math.max(pauseMinMs, untilNextMs))
  }

  return {
    status: () => ({ ...status }),
    run: (signal) => rounds({ what: 'schedule', round: look, clock, log }, signal),
  }
}

const isDown = (error: unknown) => error instanceof Refusal && error.reason === 'unavailable'
