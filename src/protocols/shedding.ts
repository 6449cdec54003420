// Before queues grow: each class of requests has a gate of its own, so that no flood of one takes the places of another.
//
// Answers from memory pass no gate: to refuse one costs about as much as to give it. Behind the cache a query is refused before
// anything is spent on it; a command only once its body is there and its caller known, or a few slow senders would hold every place.
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../kit/metric.ts'
import type { Call, Operation } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import { type Gate, type GateLoad, openGate, openLag } from '../kit/shed.ts'
import { type Received, requestIdOf } from './caller.ts'
import { corsFor } from './cors.ts'
import { presentRefusal } from './present.ts'
import { prefix } from './rest.ts'

/**
 * `personal`: with a token or signed in, past the cache; they may wait for the replica, and editors shall not suffer from a flood
 * of strangers. `search`: what asks the connections kept for searches.
 */
const classes = ['query', 'search', 'personal', 'command'] as const
type Class = (typeof classes)[number]
/** How many of each class are worked on at once. */
export type AtOnce = Readonly<Record<Class, number>>

/** Searches have half as many connections; whoever is `personal` may hold a place while the replica catches up. */
export const atOnceFor = (queries: number, commands: number): AtOnce => ({
  query: queries,
  search: Math.ceil(queries / 2),
  personal: 2 * queries,
  command: commands,
})

type Handler = (request: Request, received: Received) => Promise<Response>

export interface SheddingParts {
  atOnce: AtOnce
  /** Beginnings of the paths of class `search`. */
  searches: readonly string[]
  origins: readonly string[]
  newRequestId: () => string
  clock: Clock
  log: Log
  metrics: Metrics
}

export interface Shedding {
  /** The same operations, with the gate for commands around what they do. */
  commands(operations: readonly Operation[]): Operation[]
  /** The same operations with the gates around all of them: for a wire without a cache in front. */
  calls(operations: readonly Operation[]): Operation[]
  /** A handler with the gates for queries before it. */
  queries(next: Handler): Handler
  /**
   * The answer to an anonymous query that its gate would refuse now, for whoever stands further out: so nothing is spent on it. Null: it
   * may come; the gate still decides. `path` may have its query behind it.
   */
  turnAway(path: string, requestId: string): Response | null
  load(): { lagMs: number } & Record<Class, GateLoad>
  /** Looks after the event loop, and says when something was refused, until the signal. */
  run(signal: AbortSignal): Promise<void>
}

const saidEveryMs = 10_000

export function openShedding({ atOnce, searches, origins, newRequestId, clock, log, metrics }: SheddingParts): Shedding {
  const lag = openLag(clock)
  const gates = eachClass((name): Gate => openGate({ atOnce: atOnce[name], clock, lagMs: lag.ms }))
  const load = () => ({ lagMs: Math.round(lag.ms()), ...eachClass((name) => gates[name].load()) })
  measure(metrics, load)

  const isSearch = (path: string) => searches.some((search) => path.startsWith(search, path.startsWith(prefix) ? prefix.length : 0))
  const classOf = ({ kind, rest }: Operation, { principal, atLeast }: Call): Class => {
    if (kind === 'command') return 'command'
    if (principal !== null || atLeast !== null) return 'personal'
    return searches.includes(rest.path) ? 'search' : 'query'
  }
  const gateOf = ({ headers, url }: Request): Gate => {
    if (headers.has('authorization') || headers.has('consistency-token')) return gates.personal
    return anonymous(url.slice(url.indexOf('/', url.indexOf('://') + 3)))
  }
  const anonymous = (path: string): Gate => (isSearch(path) ? gates.search : gates.query)
  const open = corsFor(origins).actual(true, null)
  const present = (refusal: Refusal, requestId: string, path: string) => presentRefusal(refusal, requestId, path, open)

  return {
    load,
    commands: (operations) =>
      operations.map((operation) =>
        operation.kind === 'command'
          ? { ...operation, run: (input, call) => gates.command.run(() => operation.run(input, call)) }
          : operation,
      ),
    calls: (operations) =>
      operations.map((operation) => ({
        ...operation,
        run: (input, call) => gates[classOf(operation, call)].run(() => operation.run(input, call)),
      })),
    queries: (next) => async (request, received) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return next(request, received)
      try {
        return await gateOf(request).run(() => next(request, received))
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown
        const refused = present(thrown, requestIdOf(request, newRequestId), new URL(request.url).pathname)
        return request.method === 'HEAD' ? new Response(null, refused) : refused
      }
    },
    turnAway(path, requestId) {
      const refusal = anonymous(path).turnAway()
      return refusal === null ? null : present(refusal, requestId, path.replace(/\?.*/s, ''))
    },
    async run(signal) {
      void lag.run(signal)
      let said = eachClass(() => 0)
      while (!signal.aborted) {
        await clock.sleep(saidEveryMs, signal)
        const refused = eachClass((name) => gates[name].load().refused)
        const since = eachClass((name) => refused[name] - said[name])
        if (classes.some((name) => since[name] > 0)) log.warn('overloaded', { refused: since, lagMs: Math.round(lag.ms()) })
        said = refused
      }
    },
  }
}

const eachClass = <T>(make: (name: Class) => T): Record<Class, T> =>
  Object.fromEntries(classes.map((name) => [name, make(name)])) as Record<Class, T>

/** Plain numbers are counted where it is hot; they are taken over when somebody looks. What is asked first is written first. */
function measure(metrics: Metrics, load: Shedding['load']): void {
  const taken = eachClass(() => 0)
  metrics.gauge('rcr_event_loop_late_seconds', 'How late the event loop is.', [], () => {
    const { lagMs, ...gates } = load()
    for (const name of classes) {
      places.labels(name, 'running').set(gates[name].running)
      places.labels(name, 'waiting').set(gates[name].waiting)
      refusals.labels(name).inc(gates[name].refused - taken[name])
      taken[name] = gates[name].refused
    }
    return lagMs / 1000
  })
  const places = metrics.gauge('rcr_gate_requests', 'Requests in and before the gates that bound work at once.', ['class', 'state'])
  const refusals = metrics.counter('rcr_gate_refused_total', 'Requests refused because too much was asked.', ['class'])
}
