// Asking what may be slow, failing or away: one policy for a dependency, the same mechanism for all of them.
//
//   ask ─▶ [ tries, while there is time, a pause later and within the budget ]
//            └▶ a place among those at once ─▶ breaker ─▶ deadline ─▶ work(signal)
//
// The breaker stands inside the retries, so that every try counts for it and an open one ends them; the deadline stands inside the
// breaker, so that a trial that hangs ends too. All durations are monotonic, and time in which this process stood still is no one's.
import { type BreakerPolicy, type BreakerState, breaker } from './breaker.ts'
import type { Clock, RandomBytes } from './clock.ts'
import { openPatience, type Patience } from './deadline.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metric.ts'
import { places } from './places.ts'
import { Refusal } from './refusal.ts'

/** How a dependency is asked: plain data. */
export interface Policy {
  /** Of one try. Null: whoever does the work bounds it. */
  tryMs: number | null
  /** Of a call: all its tries, the pauses between them, the wait for a place. */
  callMs: number | null
  /** Of a call, the first one included. */
  tries: number
  /** Before the next try: any time up to `first · 2^tries`, and up to `most` (full jitter). */
  pauseMs: { first: number; most: number }
  /** Null: it is asked whatever happens. */
  breaker: BreakerPolicy | null
  /** The others wait for a place. Null: whoever asks bounds it. */
  atOnce: number | null
}

/** Retries that are saved up at most, and at the beginning; every answer adds a share of one. So errors alone allow ten in all. */
export const retryBudget = { reserve: 10, share: 0.1 }

/** What only the engine knows. */
export interface Traits {
  /** What was thrown means that the other side is in trouble. All else is an answer. */
  isFailure: (error: unknown) => boolean
  /** What was thrown leaves it open to ask again: nothing was done, or twice does no harm. */
  isPassing?: (error: unknown) => boolean
  /** Of the first try of a call: tells of one connection that had died, maybe, and not of the other side. */
  isStray?: (error: unknown) => boolean
  /** What was thrown tells nothing of the other side: it is neither trouble nor an answer. */
  isSilent?: (error: unknown) => boolean
  /** Thrown without asking, while the breaker is open. */
  resting: () => Error
  /** Thrown when there is no answer, or no place, in time. */
  late: () => Error
}

export interface Asking {
  /** Whoever asks has gone when it aborts: then neither waited for nor tried again. */
  signal?: AbortSignal | undefined
  /** Instead of that of the policy. */
  tryMs?: number
  /** Past the breaker: also while it is open, and without a say in that. */
  isUnguarded?: boolean
}

export interface Dependency {
  /** The signal aborts when nobody waits for this try any more; `number` counts the tries from 1. */
  ask<T>(work: (signal: AbortSignal, number: number) => Promise<T>, asking?: Asking): Promise<T>
  /** As between tries, for whoever has reasons of his own to wait. */
  pause(tries: number, signal?: AbortSignal): Promise<void>
  state(): BreakerState
  policy: Policy
}

interface Around {
  clock: Clock
  random: RandomBytes
  log: Log
  metrics: Metrics
}

export type OpenDependency = (traits: Traits) => Dependency

export function openDependency(name: string, policy: Policy, around: Around, traits: Traits): Dependency {
  const { clock, random, metrics } = around
  const { tries, pauseMs } = policy
  const callMs = policy.callMs ?? unbounded
  const meters = openMeters(name, metrics)
  const budget = openBudget()
  const gate = openGate(
    name,
    policy,
    traits,
    around,
    (outcome) => {
      meters.count(outcome)
      if (outcome === 'answered') budget.earn()
    },
    meters.state,
  )
  const jitterMs = (number: number) => {
    const share = Buffer.from(random(4)).readUInt32LE() / 2 ** 32
    return Math.min(pauseMs.most, pauseMs.first * 2 ** number) * share
  }
  return {
    policy,
    state: gate.state,
    pause: (number, signal) => clock.sleep(jitterMs(number), signal),
    async ask(work, { signal, tryMs = policy.tryMs ?? unbounded, isUnguarded = false } = {}) {
      if (signal?.aborted) throw gone()
      const startedMs = clock.monotonic()
      const leftMs = () => callMs - (clock.monotonic() - startedMs)
      let failure: unknown
      for (let number = 1; ; number++) {
        try {
          return await gate.send((cut) => work(cut, number), {
            isForgiving: () => number === 1 && tries > 1 && budget.has(),
            tryMs,
            leftMs,
            signal,
            isUnguarded,
            fullMs: Math.min(tryMs, callMs),
          })
        } catch (error) {
          if (error instanceof Unsent) throw failure ?? error.reason
          failure = error
          if (number >= tries || signal?.aborted || !traits.isPassing?.(error)) throw error
          const restMs = jitterMs(number)
          if (restMs >= leftMs() || !budget.spend()) throw error
          await clock.sleep(restMs, signal)
          if (signal?.aborted || leftMs() <= 0) throw error
          meters.retried()
        }
      }
    },
  }
}

/** Nothing was asked: no use in asking again at once. */
class Unsent {
  readonly reason: Error
  constructor(reason: Error) {
    this.reason = reason
  }
}

interface Try {
  /** It is the first one, and another one may follow. */
  isForgiving: () => boolean
  tryMs: number
  /** What is left of the call. */
  leftMs: () => number
  /** What a try has when it need not wait. */
  fullMs: number
  signal: AbortSignal | undefined
  isUnguarded: boolean
}

/** One try: a place, the breaker, the deadline. */
function openGate(
  name: string,
  policy: Policy,
  traits: Traits,
  { clock, log }: Around,
  count: (outcome: Outcome) => void,
  tell: (state: BreakerState) => void,
) {
  const patience = openPatience(clock)
  const room = policy.atOnce === null ? null : places(policy.atOnce, clock)
  const circuit =
    policy.breaker &&
    breaker(policy.breaker, clock, (to, from) => {
      tell(to)
      const told = { dependency: name, from, to, ...(to === 'open' && policy.breaker) }
      if (from === 'closed') log.warn('a dependency is left alone for a while', told)
      else if (to === 'closed') log.info('a dependency is asked again', told)
      else log.debug('a dependency is tried', told)
    })

  async function placed<T>(work: (cut: AbortSignal) => Promise<T>, one: Try): Promise<T> {
    const pass = one.isUnguarded ? undefined : circuit?.enter()
    if (pass === null) {
      count('resting')
      throw new Unsent(traits.resting())
    }
    const ms = one.tryMs === unbounded ? unbounded : Math.min(one.tryMs, one.leftMs())
    let isFair = true
    const late = () => {
      isFair = ms > one.fullMs / 2 // who waited long for his place had little left for the answer
      return traits.late()
    }
    try {
      const answer = await bounded(work, patience, ms, late, one.signal)
      pass?.answered()
      count('answered')
      return answer
    } catch (error) {
      const isStray = one.isForgiving() && circuit?.state() === 'closed' && traits.isStray?.(error)
      const saysNothing = one.signal?.aborted || !isFair || isStray || traits.isSilent?.(error)
      const outcome = saysNothing ? 'left' : traits.isFailure(error) ? 'failed' : 'answered'
      pass?.[outcome]()
      count(outcome)
      throw error
    }
  }

  return {
    state: () => circuit?.state() ?? 'closed',
    async send<T>(work: (cut: AbortSignal) => Promise<T>, one: Try): Promise<T> {
      if (room === null) return placed(work, one)
      const leave = await room.take(one.leftMs(), one.signal)
      if (leave === false) {
        const isGone = one.signal?.aborted
        count(isGone ? 'left' : 'crowded')
        throw new Unsent(isGone ? gone() : traits.late())
      }
      return placed(work, one).finally(leave)
    },
  }
}

const unbounded = Number.POSITIVE_INFINITY
const never = new AbortController().signal

const gone = () => new Refusal('late', 'The answer took too long.')
// Made once: without a reason each signal makes an exception of its own, on the way of every answer (0.9 µs, 2026-11-29).
const nobodyWaits = gone()

/** The work's outcome; after so long, or when the signal aborts, an error instead, and the work is told that nobody waits any more. */
function bounded<T>(
  work: (cut: AbortSignal) => Promise<T>,
  patience: Patience,
  ms: number,
  late: () => Error,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal?.aborted) return Promise.reject(gone())
  if (ms === unbounded && signal === undefined) return work(never)
  const cut = new AbortController()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const leave = () => reject(gone())
  const done = () => {
    cut.abort(nobodyWaits)
    signal?.removeEventListener('abort', leave)
  }
  signal?.addEventListener('abort', leave)
  const working = work(cut.signal)
  void (ms < unbounded ? patience.within(ms, working, late) : working).then(resolve, reject)
  return promise.finally(done)
}

function openBudget() {
  let saved = retryBudget.reserve
  return {
    earn() {
      saved = Math.min(retryBudget.reserve, saved + retryBudget.share)
    },
    has: () => saved >= 1,
    spend() {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}

type Outcome = 'answered' | 'failed' | 'resting' | 'crowded' | 'left'
const stateNumber = { closed: 0, 'half-open': 1, open: 2 } satisfies Record<BreakerState, number>

function openMeters(name: string, metrics: Metrics) {
  const label = ['dependency']
  const states = metrics.gauge('rcr_dependency_state', 'Its breaker: 0 closed, 1 half-open, 2 open.', label).labels(name)
  const calls = metrics.counter('rcr_dependency_calls_total', 'Tries by outcome; resting and crowded ones were not sent.', [
    ...label,
    'outcome',
  ])
  const retries = metrics.counter('rcr_dependency_retries_total', 'Tries after the first of a call.', label).labels(name)
  const of = Object.fromEntries(
    (['answered', 'failed', 'resting', 'crowded', 'left'] as const).map((outcome) => [outcome, calls.labels(name, outcome)]),
  )
  for (const counter of Object.values(of)) counter.inc(0)
  states.set(0)
  return {
    state: (state: BreakerState) => states.set(stateNumber[state]),
    count: (outcome: Outcome) => of[outcome]?.inc(),
    retried: () => retries.inc(),
  }
}
