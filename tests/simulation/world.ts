// A small world in which time, order and luck are drawn from a seed: projectors ask for something, and the world decides who is
// served next, who is left waiting, whose answer is lost and who dies.
//
// Every call that the projector makes on its ports waits here until it is drawn. One draw is one step.
import type { Change } from '../../src/domain/change.ts'
import type { Clock } from '../../src/kit/clock.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Master } from '../../src/ports/master.ts'
import type { Projection } from '../../src/ports/projection.ts'

export type Chance = () => number

interface Pending {
  actor: string
  what: string
  /** Null: may be served at any time. Else not before this. */
  dueMs: number | null
  /** A wait that may end early. */
  ripe?: () => boolean
  serve(luck: Luck): void | Promise<void>
}

/** What becomes of a call: served; lost on the way there; lost on the way back, having had its effect. */
type Luck = 'served' | 'lost-before' | 'lost-after'

/** How often things go wrong, from 0 to 1. */
export interface Weather {
  lost: number
}

export interface World {
  clock(actor: string): Clock
  master(actor: string): Pick<Master, 'head' | 'feed' | 'wait'>
  projection(actor: string, over: Projection): Projection
  /** Serves one waiting call, or lets time pass; false when nothing waits at all. */
  step(): Promise<boolean>
  /** Time goes on for everybody. */
  leap(ms: number): void
  /** It makes no more steps until it is woken. */
  pause(actor: string): void
  wake(actor: string): void
  /** Its calls are never answered; those on their way may still have their effect, later. */
  kill(actor: string): void
  /** Calls that have been started on a real engine end. */
  idle(): Promise<void>
  log: SimulatedLog
  nowMs(): number
}

/** A log that shows itself bit by bit, and another one after each restoration. */
export interface SimulatedLog {
  epoch: string
  changes: readonly Change[]
  head: number
  /** Times at which the head moved, for what a heartbeat may claim. */
  moved: { epoch: string; seq: number; atMs: number }[]
}

const startMs = Date.UTC(2026, 10, 21)

export function openWorld(chance: Chance, weather: Weather, log: SimulatedLog, mostAtOnce = 1): World {
  let ms = startMs
  const pending = new Set<Pending>()
  const paused = new Set<string>()
  const dead = new Set<string>()
  const running = new Set<Promise<void>>()
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(chance() * from.length)]

  const ask = <T>(actor: string, what: string, effect: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const away = () => reject(new Refusal('unavailable', `${what}: the connection was lost.`, { retryAfterS: 1 }))
      const serve = async (luck: Luck) => {
        if (luck === 'lost-before') return away()
        const [answer, fault] = await effect().then(
          (result) => [result, null] as const,
          (error) => [null, { error }] as const,
        )
        if (dead.has(actor)) return
        if (fault !== null) reject(fault.error)
        else if (luck === 'lost-after') away()
        else resolve(answer as T)
      }
      pending.add({ actor, what, dueMs: null, serve })
    })

  const delay = (actor: string, what: string, forMs: number, signal: AbortSignal | undefined, ripe?: () => boolean) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve()
      const one: Pending = { actor, what, dueMs: ms + forMs, ...(ripe && { ripe }), serve: () => done() }
      const done = () => {
        pending.delete(one)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      pending.add(one)
      signal?.addEventListener('abort', done)
    })

  const mayGo = (one: Pending) => !paused.has(one.actor) && (one.dueMs === null || one.dueMs <= ms || one.ripe?.() === true)
  const luck = (): Luck => (chance() >= weather.lost ? 'served' : chance() < 0.5 ? 'lost-before' : 'lost-after')

  return {
    log,
    nowMs: () => ms,
    clock: (actor) => ({
      now: () => ms,
      monotonic: () => ms - startMs,
      sleep: (forMs, signal) => delay(actor, 'sleep', forMs, signal),
    }),
    master: (actor) => ({
      head: () => ask(actor, 'head', async () => ({ epoch: log.epoch, seq: log.head })),
      // Any cut is a right answer; a log has more than it says at the head.
      feed: (after, limit) => {
        const most = chance() < 0.5 ? limit : 1 + Math.floor(chance() * 40)
        return ask(actor, 'feed', async () => log.changes.slice(after, Math.min(log.head, after + Math.min(limit, most))))
      },
      wait: (seq, timeoutMs, signal) => delay(actor, 'wait', timeoutMs, signal, () => log.head > seq),
    }),
    projection(actor, over) {
      const asked = <A extends unknown[], T>(what: string, call: (...given: A) => Promise<T>) => {
        return (...given: A) => ask(actor, what, () => call(...given))
      }
      return {
        open: asked('open', over.open),
        successor: asked('successor', over.successor),
        builds: asked('builds', over.builds),
        create: asked('create', over.create),
        apply: asked('apply', over.apply),
        switch: asked('switch', over.switch),
        drop: asked('drop', over.drop),
        prune: asked('prune', over.prune),
        parked: asked('parked', over.parked),
        checksums: asked('checksums', over.checksums),
        slice: asked('slice', over.slice),
        differences: asked('differences', over.differences),
        close: over.close,
      }
    },
    async step() {
      const one = pick([...pending].filter(mayGo))
      if (one === undefined) {
        const due = [...pending].flatMap(({ actor, dueMs }) => (dueMs === null || paused.has(actor) ? [] : [dueMs]))
        if (due.length === 0) {
          if (running.size === 0) return false
          await Promise.race(running)
          return running.size > 0
        }
        ms = Math.max(ms, Math.min(...due))
        return true
      }
      ms += Math.floor(chance() * 5)
      pending.delete(one)
      const served = Promise.resolve(one.serve(luck())).finally(() => running.delete(served))
      running.add(served)
      // Over tables in memory a call ends before the next begins; PostgreSQL is asked by several at once.
      while (running.size >= mostAtOnce) await Promise.race(running)
      await settled()
      return true
    },
    leap(forMs) {
      ms += forMs
    },
    pause: (actor) => void paused.add(actor),
    wake: (actor) => void paused.delete(actor),
    kill(actor) {
      dead.add(actor)
      for (const one of pending)
        if (one.actor === actor) {
          pending.delete(one)
          if (one.dueMs === null && chance() < 0.5) pending.add({ ...one, actor: `${actor}, dead` })
        }
    },
    async idle() {
      while (running.size > 0) await Promise.race(running)
      await settled()
    },
  }
}

/** Whoever got an answer has asked for the next thing. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))
