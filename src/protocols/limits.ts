// How often who may ask for what: counted for each address and each account, by class of operation, before anything is spent.
//
//   response cache, which refuses what the gate would → address (here) → gate → authenticate → account (here) → parse → run
//
// Answers from memory are not counted: to refuse one costs more than to give it. Counts lie in the memory of each process; the class
// decides what one request costs, and a quota is a burst as well as a rate: so many at once, as many again in each window.
import { networkOf } from '../kit/client-address.ts'
import type { Clock, RandomBytes } from '../kit/clock.ts'
import type { Metrics } from '../kit/metric.ts'
import { type LimitClass, limitClasses, limitOf, type Operation } from '../kit/operation.ts'
import { type Key, keyMaker, type Level, openRateLimit, type Quota, type RateLimit } from '../kit/rate-limit.ts'
import { Refusal } from '../kit/refusal.ts'
import { type Received, requestIdOf, type Toll } from './caller.ts'
import { corsFor } from './cors.ts'
import { presentRefusal } from './present.ts'
import { type Handler, prefix } from './rest.ts'

/** Of one address; an account has half of it, wherever it asks from. */
const standard: Readonly<Record<LimitClass, Quota>> = {
  read: { count: 1200, windowS: 60 },
  search: { count: 600, windowS: 60 },
  graphql: { count: 1200, windowS: 60 },
  write: { count: 600, windowS: 60 },
  'sign-in': { count: 30, windowS: 60 },
  register: { count: 60, windowS: 3600 },
}

/** Other counts than the standard ones; the windows stay. */
export type Counts = Readonly<Partial<Record<LimitClass, number>>>

export interface LimitsParts {
  counts: Counts
  operations: readonly Operation[]
  origins: readonly string[]
  newRequestId: () => string
  clock: Pick<Clock, 'monotonic' | 'now'>
  random: RandomBytes
  metrics: Metrics
}

export interface Limits {
  /** A handler behind the response cache that refuses before anything else is done, and tells in headers what is left. */
  door(next: Handler): Handler
  /** Counts what one request from an address asks for. */
  toll(address: string): Toll
}

/** Nothing is counted. */
export const noLimits: Limits = { door: (next) => next, toll: () => ({ address() {}, account() {} }) }

type Whose = 'address' | 'account'

interface Seen {
  name: string
  quota: Quota
  level: Level
}

interface OpenToll extends Toll {
  /** Counts now what the request will ask for, as far as its address tells. */
  prepay(of: LimitClass): void
  seen(): Seen | null
}

export function openLimits({ counts, operations, origins, newRequestId, clock, random, metrics }: LimitsParts): Limits {
  const keyOf = keyMaker(random)
  const refused = metrics.counter('rcr_limited_total', 'Requests refused by a limit.', ['class', 'by'])
  const rates = Object.fromEntries(
    limitClasses.map((of) => {
      const { count, windowS } = { ...standard[of], ...(counts[of] !== undefined && { count: counts[of] }) }
      const account = { count: Math.ceil(count / 2), windowS }
      return [of, { address: openRateLimit({ count, windowS }, clock), account: openRateLimit(account, clock) }]
    }),
  ) as Record<LimitClass, Record<Whose, RateLimit>>

  function toll(address: string): OpenToll {
    let addressKey: Key | null = null
    let paid: LimitClass | null = null
    let seen: Seen | null = null
    const take = (of: LimitClass, by: Whose, key: Key) => {
      const { quota, take } = rates[of][by]
      const level = take(key)
      if (!level.isAllowed || seen === null || level.remaining < seen.level.remaining) seen = { name: `${of}-${by}`, quota, level }
      if (level.isAllowed) return
      refused.labels(of, by).inc()
      throw limited(of, by, level)
    }
    const ofAddress = (of: LimitClass) => {
      addressKey ??= keyOf(networkOf(address))
      take(of, 'address', addressKey)
    }
    return {
      seen: () => seen,
      prepay(of) {
        ofAddress(of)
        paid = of
      },
      address(of) {
        if (paid !== of) ofAddress(of)
        paid = null
      },
      account(of, { accountId }) {
        if (accountId !== '') take(of, 'account', keyOf(`account ${accountId}`))
      },
    }
  }

  const classOf = guesser(operations)
  const cors = corsFor(origins)
  const refusal = (request: Request, thrown: unknown): Response => {
    if (!(thrown instanceof Refusal)) throw thrown
    const { method, headers, url } = request
    const isOpen = (method === 'GET' || method === 'HEAD') && !headers.has('authorization')
    const said = cors.actual(isOpen, headers.get('origin'))
    const response = presentRefusal(thrown, requestIdOf(request, newRequestId), new URL(url).pathname, said)
    return method === 'HEAD' ? new Response(null, response) : response
  }

  async function answered(request: Request, received: Received, paying: OpenToll, next: Handler): Promise<Response> {
    const of = classOf(request)
    try {
      if (of !== null) paying.prepay(of)
    } catch (thrown) {
      return refusal(request, thrown)
    }
    return next(request, received)
  }

  return {
    toll,
    door:
      (next) =>
      async (request, { address }) => {
        const paying = toll(address)
        const response = await answered(request, { address, toll: paying }, paying, next)
        const seen = paying.seen()
        if (seen !== null && !isShared(request, response)) tell(response.headers, seen, clock.now())
        return response
      },
  }
}

const limited = (of: LimitClass, by: Whose, { retryAfterS }: Level) =>
  new Refusal('too-many', `Too many requests of the class ${of} from this ${by}. Wait, then go on more slowly.`, {
    code: 'rate-limited',
    retryAfterS,
    facts: { limit: `${of}-${by}` },
  })

/** What the address of a request says about its class; the operation decides. GraphQL and preflights are counted elsewhere, or not. */
function guesser(operations: readonly Operation[]): (request: Request) => LimitClass | null {
  const own = new Map(
    operations
      .filter((operation) => operation.limit !== undefined)
      .map((operation) => [`${operation.rest.method} ${operation.rest.path}`, limitOf(operation)]),
  )
  return ({ method, url }) => {
    if (method === 'OPTIONS') return null
    const { pathname } = new URL(url)
    const path = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname
    if (path === '/graphql') return null
    const isRead = method === 'GET' || method === 'HEAD'
    return own.get(`${isRead ? 'GET' : method} ${path}`) ?? (isRead ? 'read' : 'write')
  }
}

/** Others may be given this answer: what one caller has left is no business of theirs. */
function isShared({ method, headers }: Request, response: Response): boolean {
  if (response.status === 429) return false
  const isForAll = (method === 'GET' || method === 'HEAD') && !headers.has('authorization') && !headers.has('consistency-token')
  return isForAll || response.headers.get('cache-control')?.includes('public') === true
}

/**
 * Of the quota that is nearest to its end. RateLimit and RateLimit-Policy as the IETF's draft has them (r: left now; t: seconds until all
 * are back, or with none left until the next one); X-RateLimit-Reset is a time, in seconds since 1970, as with those who made it common.
 */
function tell(headers: Headers, { name, quota, level }: Seen, nowMs: number): void {
  const { remaining, resetS, retryAfterS } = level
  const waitS = remaining === 0 ? retryAfterS : resetS
  headers.set('ratelimit-policy', `"${name}";q=${quota.count};w=${quota.windowS}`)
  headers.set('ratelimit', `"${name}";r=${remaining};t=${waitS}`)
  headers.set('x-ratelimit-limit', String(quota.count))
  headers.set('x-ratelimit-remaining', String(remaining))
  headers.set('x-ratelimit-reset', String(Math.ceil(nowMs / 1000) + waitS))
}
