// The read service (S2): operations over the near replica, the cache in front of them, the tail that keeps it true.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Operation } from '../../kit/operation.ts'
import type { Seal } from '../../kit/seal.ts'
import type { Content } from '../../ports/content.ts'
import { openAnswers } from './answers.ts'
import { noOutcomes, type Outcomes, openCache, openEdge } from './edge.ts'
import type { Handler, TurnAway } from './flights.ts'
import { type Memory, openMemory } from './memory.ts'
import { readOperations } from './operations.ts'
import { openPages } from './pages.ts'
import { shopOperations } from './shop.ts'
import { openTail } from './tail.ts'

export interface ReadOptions {
  content: Content
  cursorSeal: Seal
  /** The one that REST seals and opens Consistency-Token with. */
  tokenSeal: Seal
  cacheBytes: number
  newRequestId: () => string
  clock: Clock
  log: Log
  metrics: Metrics
}

export interface Read {
  operations: Operation[]
  /** Puts the cache in front of a handler. `more`: what other protocols ask by GET and may be kept likewise. */
  edge(next: Handler, turnAway?: TurnAway, more?: readonly Operation[]): Handler
  /** The same cache for a wire whose questions have no address. */
  memory: Memory
  /** Follows the replica until the signal. */
  run(signal: AbortSignal): Promise<void>
  /** For whoever has just written to the replica: it is looked at now. */
  wake(): void
  status(): ReadStatus
}

export interface ReadStatus {
  /** How far the replica had come when last looked at; null until it was reached once. */
  position: { epoch: string; seq: number } | null
  stalenessS: number | null
  cache: { entries: number; bytes: number } & Outcomes
}

export function openRead({ content, cursorSeal, tokenSeal, cacheBytes, newRequestId, clock, log, metrics }: ReadOptions): Read {
  const cache = openCache(cacheBytes)
  const outcomes = noOutcomes()
  const tail = openTail({ content, cache, clock, log })
  const parts = { content, pages: openPages(cursorSeal), answers: openAnswers(tail, content) }
  const operations = [...readOperations(parts), ...shopOperations(parts)]
  measure(metrics, outcomes, () => cache.size(), tail.stalenessS)
  return {
    operations,
    edge: (next, turnAway = () => null, more = []) =>
      openEdge({ operations: [...operations, ...more], cache, tail, tokenSeal, newRequestId, clock, outcomes, turnAway }, next),
    memory: openMemory({ cache, tail, clock, outcomes }),
    run: tail.run,
    wake: tail.wake,
    status: () => ({ position: tail.position(), stalenessS: tail.stalenessS(), cache: { ...cache.size(), ...outcomes } }),
  }
}

/** Plain numbers are counted where it is hot; the counters take them over when somebody looks. */
function measure(
  metrics: Metrics,
  outcomes: Outcomes,
  size: () => { entries: number; bytes: number },
  stalenessS: () => number | null,
): void {
  const taken = noOutcomes()
  metrics.gauge('rcr_read_cache_entries', 'Answers kept by the response cache.', [], () => {
    for (const outcome of Object.keys(taken) as (keyof Outcomes)[]) {
      answered.labels(outcome).inc(outcomes[outcome] - taken[outcome])
      taken[outcome] = outcomes[outcome]
    }
    return size().entries
  })
  metrics.gauge('rcr_read_cache_bytes', 'Weight of the response cache.', [], () => size().bytes)
  metrics.gauge(
    'rcr_read_staleness_seconds',
    'Since the read model held everything that the master had; -1 while unknown.',
    [],
    () => stalenessS() ?? -1,
  )
  const answered = metrics.counter('rcr_read_cache_requests_total', 'Requests at the response cache, by what became of them.', ['outcome'])
}
