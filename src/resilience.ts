// One table of what this system asks over a wire: how long, how often, when it is left alone. docs/resilience.md is made from it.
import type { BreakerPolicy } from './kit/breaker.ts'
import type { Policy } from './kit/resilience.ts'

interface Declared extends Policy {
  /** For the docs: what it is, what is tried again, and what happens instead. */
  what: string
  again: string
  instead: string
}

const noPause = { first: 0, most: 0 }

/** Where another one can be asked instead, it is left alone for long; where nobody else has what it has, it is asked again soon. */
export const dependencies = {
  replica: {
    what: 'A replica among those of all regions (`RCR_DATABASES`)',
    tryMs: null, // the database's
    callMs: 1_800,
    tries: 1,
    pauseMs: noPause,
    breaker: { failures: 5, openMs: 60_000, successes: 2 },
    atOnce: null,
    again: 'once, of the next nearest replica; of more while about half the time of the call is left',
    instead: 'next nearest region, then home, then what the cache has (marked stale), then 503',
  },
  database: {
    what: 'The read model, of one database',
    tryMs: 900, // 100 ms less for each statement; searches have 600
    callMs: 900,
    tries: 2,
    pauseMs: noPause,
    breaker: { failures: 5, openMs: 1_000, successes: 2 },
    atOnce: null, // the connections of its pool
    again: 'at once, a pooled connection that had died, a row that replay took away',
    instead: 'another replica, where there is one; what the cache has (marked stale), then 503',
  },
  primary: {
    what: 'The primary, into which the log is projected',
    tryMs: null, // statements 10 s, those of batches 65 s
    callMs: null,
    tries: 1,
    pauseMs: noPause,
    breaker: { failures: 5, openMs: 1_000, successes: 2 },
    atOnce: null, // one projector
    again: 'by the projector, for ever: full jitter up to 5 s, position kept',
    instead: 'the log waits, and readers are told how far behind they are',
  },
  peer: {
    what: 'Another database of the ring, looked at by one that follows, by `rcr promote`, and to find the primary',
    tryMs: 2_000,
    callMs: 2_000,
    tries: 1,
    pauseMs: noPause,
    breaker: null, // one look in five seconds harms nobody, and the one that comes back has to be seen
    atOnce: null, // its one connection
    again: 'with the next look',
    instead: 'the others are judged without it',
  },
  master: {
    what: 'The master on DynamoDB',
    tryMs: 1_000,
    callMs: 2_000,
    tries: 8,
    pauseMs: { first: 5, most: 200 },
    breaker: { failures: 10, openMs: 1_000, successes: 2 }, // more than the tries of one call
    atOnce: 32,
    again: 'what was throttled, met a conflict or was answered 5xx; never what was not answered',
    instead: '503 with Retry-After; readers notice nothing',
  },
  ship: {
    what: 'The object store of the second place',
    tryMs: 20_000, // of a part of 8 MiB; of what a commit waits for 3 s
    callMs: 60_000,
    tries: 3,
    pauseMs: { first: 100, most: 1_000 },
    breaker: null, // asked by one loop, which pauses by itself
    atOnce: 16,
    again: 'what failed or was not answered',
    instead: 'entries wait in the outbox; with `sync:` commits are refused meanwhile',
  },
  credentials: {
    what: 'Credentials that a container is lent, for DynamoDB or the object store',
    tryMs: 1_000,
    callMs: 1_000,
    tries: 1,
    pauseMs: noPause,
    breaker: null, // asked in the last four minutes of the old ones, by one at a time
    atOnce: 1,
    again: 'with the next request',
    instead: 'the old ones for as long as they last',
  },
  payment: {
    what: 'The payment house',
    tryMs: 3_000,
    callMs: 10_000, // a customer waits for 3 s of it
    tries: 3,
    pauseMs: { first: 100, most: 800 },
    breaker: { failures: 5, openMs: 5_000, successes: 2 },
    atOnce: 64,
    again: 'what failed or was not answered, by its key: the next try begins by asking what came of the one before',
    instead: 'the order stays `placed` or `refunding`, and a durable loop goes on',
  },
} as const satisfies Record<string, Declared>

export type DependencyName = keyof typeof dependencies

/** Of those that have one. */
export type Breakers = Readonly<Partial<Record<DependencyName, BreakerPolicy>>>

export const withBreaker = (Object.keys(dependencies) as DependencyName[]).filter((name) => dependencies[name].breaker !== null)

/** The policies of the table, with other breakers for some. */
export const policiesWith = (breakers: Breakers): Record<DependencyName, Policy> =>
  Object.fromEntries(
    Object.entries<Policy>(dependencies).map(([name, policy]) => [
      name,
      { ...policy, breaker: breakers[name as DependencyName] ?? policy.breaker },
    ]),
  ) as Record<DependencyName, Policy>
