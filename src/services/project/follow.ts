// The projector's loop: whatever the log gets is brought into the live build, for ever, whatever fails meanwhile.
//
//   starting ─▶ catching-up ⇄ following      any of them ─error▶ failing ─progress▶ …      signal ─▶ stopped
//
// Two of these loops at once are harmless: the build takes each change once. A log of a new epoch goes into a build beside the live
// one, which is switched to when it holds all of it; so does a log of which the live one lacks the larger part.
import type { Position } from '../../domain/change.ts'
import { type Clock, instant, type RandomBytes } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Build, LogEnd, Projection } from '../../ports/projection.ts'
import { openChooser } from './choose.ts'
import { type FeedingMaster, feedOf } from './replay.ts'

export interface FollowOptions {
  master: FeedingMaster & Pick<Master, 'wait'>
  projection: Projection
  clock: Clock
  random: RandomBytes
  log: Log
  metrics: Metrics
  /** So many changes behind, and half of the log, it builds anew. */
  farBehind?: number
  /** After each batch that brought changes. */
  onApplied?: () => void
}

export interface FollowStatus {
  state: 'starting' | 'catching-up' | 'following' | 'failing' | 'stopped'
  /** Of the live build. */
  position: Position | null
  /** At this time the live build held the whole log. */
  caughtUpAt: string | null
  lagS: number | null
  /** Changes that could not be applied: somebody has to look at them. */
  parked: number
}

export interface Follower {
  /** Resolves after the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>
  status(): FollowStatus
  /** Resolves when the live build has applied this seq. */
  settled(seq: number): Promise<void>
}

/**
 * Readers of the same process wait while a batch is made into rows and text: no longer than 20 ms at once for so many reviews of 300
 * words, 70 for a thousand (two shared cores, 2026-11-28).
 */
const batchMax = 250
const heartbeatMs = 1000
/**
 * After a batch that held the whole log. A transaction in the read model costs as much as three writes, so changes that come in quick
 * succession share one, the more the quicker they come; the first after a silence is shown at once.
 */
const restMs = (changes: number): number => Math.min(50, 10 + 5 * changes)
const backoff = { firstMs: 50, mostMs: 5000 }

export function openFollower(options: FollowOptions): Follower {
  const { projection, clock, log } = options
  const chooser = openChooser(options)
  /** Into which to project; null when that has to be asked. */
  let build: Build | null = null
  let state: FollowStatus['state'] = 'starting'
  const pace = openPace(clock)
  let most = batchMax
  const readers = openReadersView(clock)
  const meters = openMeters(options.metrics, () => ({ ...readers.status(), successor: build?.successor ? build.position.seq : 0 }))

  const took = (applied: Build, end: LogEnd) => {
    // Somebody has switched to another build, this one or a third: what to project into has to be asked.
    build = build?.live === applied.live && build.successor === applied.successor ? applied : null
    state = applied.live && applied.position.seq >= end.seq ? 'following' : 'catching-up'
    if (applied.live) readers.got(applied)
  }

  const step = async (signal: AbortSignal): Promise<void> => {
    const end = { at: instant(clock), ...(await options.master.head()) }
    if (build?.position.epoch !== end.epoch || (build.live && chooser.isBetterAnew(build, end.seq))) {
      const { live, into } = await chooser.choose(end)
      readers.have(live, end.epoch)
      build = into
      pace.hurry()
      return // others project too: an end that was read before the position may lie before it
    }
    const { schema, position } = build
    const { untilBeatMs, untilRestedMs } = pace.now()
    if (position.seq === end.seq && untilBeatMs > 0) return options.master.wait(position.seq, untilBeatMs, signal)
    if (state === 'following' && untilRestedMs > 0) return clock.sleep(untilRestedMs, signal)
    const stopTimer = meters.batch()
    const changes = await feed(options.master, position, end.seq, most)
    const applied = await projection.apply(schema, changes, end)
    took(applied, end)
    meters.applied(changes.length)
    stopTimer()
    if (changes.length > 0) options.onApplied?.()
    if (applied.position.seq >= end.seq) pace.beat(changes.length)
    if (!applied.successor || applied.caughtUpAt === null) return
    await projection.switch(schema)
    log.info('readers use another build', { schema, epoch: end.epoch })
    build = null
  }

  return {
    status: () => ({ state, ...readers.status() }),
    settled: readers.settled,
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        try {
          await step(signal)
          failures = 0
          most = Math.min(batchMax, most * 2)
        } catch (error) {
          failures += 1
          state = 'failing'
          // A batch that takes longer than the database allows must not be tried for ever as it is.
          most = Math.max(1, most >> 2)
          // The position may be another one than we believe: a failover, a build that was dropped.
          build = null
          meters.failed()
          log.warn('projecting failed, trying again', { error, failures })
          await chooser.failed(error)
          await clock.sleep(pauseMs(failures, options.random), signal)
        }
      }
      state = 'stopped'
    },
  }
}

/** The live build as it was seen last, also while the database is away: lag then grows. */
function openReadersView(clock: Clock) {
  let seen: Build | null = null
  let reached = Number.NEGATIVE_INFINITY
  const waiting = new Set<{ seq: number; resolve: () => void }>()
  return {
    status(): Omit<FollowStatus, 'state'> {
      if (seen === null) return { position: null, caughtUpAt: null, lagS: null, parked: 0 }
      const { position, caughtUpAt, parked } = seen
      return { position, caughtUpAt, parked, lagS: caughtUpAt === null ? null : Math.max(0, clock.now() - Date.parse(caughtUpAt)) / 1000 }
    },
    /** It may be of an earlier epoch than the log. */
    have(live: Build, epoch: string) {
      seen = live
      if (live.position.epoch !== epoch) reached = Number.NEGATIVE_INFINITY
    },
    /** We have brought it there. */
    got(live: Build) {
      seen = live
      reached = live.position.seq
      for (const waiter of waiting) if (reached >= waiter.seq && waiting.delete(waiter)) waiter.resolve()
    },
    settled: (seq: number): Promise<void> =>
      reached >= seq ? Promise.resolve() : new Promise((resolve) => void waiting.add({ seq, resolve })),
  }
}

function openPace(clock: Clock) {
  let beatAtMs = Number.NEGATIVE_INFINITY
  let restedAtMs = Number.NEGATIVE_INFINITY
  return {
    now: () => ({ untilBeatMs: beatAtMs - clock.monotonic(), untilRestedMs: restedAtMs - clock.monotonic() }),
    beat(changes: number) {
      const nowMs = clock.monotonic()
      beatAtMs = nowMs + heartbeatMs
      if (changes > 0) restedAtMs = nowMs + restMs(changes)
    },
    hurry() {
      beatAtMs = Number.NEGATIVE_INFINITY
    },
  }
}

/** At most `most` changes after a position of a log that ends at `end`. */
async function feed(master: FeedingMaster, { epoch, seq }: Position, end: number, most: number) {
  if (seq > end)
    throw new Refusal('conflict', `The read model stands at ${seq}, the log of the same epoch ends at ${end}.`, { code: 'ahead' })
  return seq === end ? [] : feedOf(master, { epoch, seq }, most)
}

/** Doubling, with full jitter: projectors that lost the same database do not come back in step. */
function pauseMs(failures: number, random: RandomBytes): number {
  const most = Math.min(backoff.mostMs, backoff.firstMs * 2 ** (failures - 1))
  return (most * ((random(1)[0] ?? 0) + 1)) / 256
}

function openMeters(metrics: Metrics, now: () => Omit<FollowStatus, 'state'> & { successor: number }) {
  metrics.gauge('rcr_projection_position', 'The last change in the build that readers use.', [], () => now().position?.seq ?? 0)
  const ofSuccessor = 'The last change in the build that is to take its place; 0 when none is made.'
  metrics.gauge('rcr_projection_successor_position', ofSuccessor, [], () => now().successor)
  metrics.gauge('rcr_projection_lag_seconds', 'Since the read model last held the whole log.', [], () => now().lagS ?? 0)
  metrics.gauge('rcr_projection_parked', 'Changes that could not be applied and whose documents are not shown.', [], () => now().parked)
  const changes = metrics.counter('rcr_projection_changes_total', 'Changes applied.')
  const failures = metrics.counter('rcr_projection_failures_total', 'Attempts that failed and were repeated.')
  const batches = metrics.timer('rcr_projection_batch_seconds', 'From reading a batch to its commit.')
  return { batch: () => batches.startTimer(), applied: (count: number) => changes.inc(count), failed: () => failures.inc() }
}
