// The response cache in front of every framework: what was asked before and still stands is answered from memory.
//
//   good, fresh ──────────────▶ sent                      (the tail confirmed it within 5 s, and it is not older than a minute)
//   good, stale ──────────────▶ sent, and asked again behind it, for 30 s
//   stale or outdated, trouble ▶ sent, marked so, for 10 minutes
//   no room behind it ────────▶ refused at once
//   else ─────────────────────▶ asked: once for all who wait for the same
import { comparePositions, type Position } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Operation } from '../../kit/operation.ts'
import type { Seal } from '../../kit/seal.ts'
import { type TaggedCache, taggedCache } from '../../kit/tagged-cache.ts'
import { type Ages, agesOf } from './ages.ts'
import { type Copy, type Sending, send } from './copy.ts'
import { type Flights, type Handler, openFlights, type Received, type TurnAway } from './flights.ts'
import { cacheKeys } from './keys.ts'
import type { Follower } from './tail.ts'

/** What happened to requests, as plain numbers: metrics read them when asked. */
export type Outcomes = Record<'hit' | 'stale' | 'fill' | 'joined' | 'passed' | 'rescued' | 'refused', number>

export interface EdgeParts {
  operations: readonly Operation[]
  cache: TaggedCache<Copy>
  tail: Pick<Follower, 'position' | 'confirmedMs' | 'stalenessS'>
  tokenSeal: Seal
  newRequestId: () => string
  clock: Clock
  outcomes: Outcomes
  turnAway: TurnAway
}

const lagShownS = 5

export const openCache = (bytes: number): TaggedCache<Copy> => taggedCache<Copy>(bytes)
export const noOutcomes = (): Outcomes => ({ hit: 0, stale: 0, fill: 0, joined: 0, passed: 0, rescued: 0, refused: 0 })

export function openEdge(parts: EdgeParts, next: Handler): Handler {
  const { cache, tail, clock, outcomes, newRequestId } = parts
  const ages = agesOf(tail, clock)
  const newId = numbered(newRequestId())
  const grown = (copy: Copy) => cache.resize(copy, copy.sizeBytes)
  const slow = openSlow({ ...parts, newRequestId: newId, ages, grown, flights: openFlights(parts, next) }, next)
  return (request, received) => {
    const { method, url, headers } = request
    if (method !== 'GET' && method !== 'HEAD') return next(request, received)
    const target = targetOf(url)
    const copy = cache.find(target)
    if (copy === undefined) return slow(request, received, target)
    if (ages.isFresh(copy) && !headers.has('authorization') && !headers.has('consistency-token') && acceptsJson(headers.get('accept'))) {
      outcomes.hit += 1
      // Its place among the recently used is renewed now and then: each time would cost as much as the answer's headers.
      if ((outcomes.hit & 63) === 0) cache.get(copy.key)
      return send(copy, request, sendingOf(request, newId, tail.stalenessS()), grown)
    }
    return slow(request, received, target)
  }
}

interface SlowParts extends EdgeParts {
  ages: Ages
  flights: Flights
  grown: (copy: Copy) => void
}

function openSlow(parts: SlowParts, next: Handler) {
  const { cache, tail, outcomes, newRequestId, ages, grown } = parts
  const { keyOf } = cacheKeys(parts.operations)
  const refill = openRefill(parts)
  return (request: Request, received: Received, target: string): Promise<Response> | Response => {
    const key = keyOf(target)
    if (key === null || request.headers.has('authorization') || !acceptsJson(request.headers.get('accept'))) {
      outcomes.passed += 1
      return next(request, received)
    }
    const sending = sendingOf(request, newRequestId, tail.stalenessS())
    const copy = cache.get(key)
    const token = request.headers.get('consistency-token')
    if (copy === undefined || !ages.isFresh(copy))
      return token === null ? refill(request, received, key, copy, sending) : next(request, received)
    if (token === null) {
      outcomes.hit += 1
      cache.name(copy, target) // the next request for this address finds it at once
      return send(copy, request, sending, grown)
    }
    // From the copy where it, or the tail that guards it, has come as far as the token; else asked anew, which may wait.
    const wanted = positionIn(parts.tokenSeal.open(token))
    if (wanted === null || !ages.covers(copy, wanted)) {
      outcomes.passed += 1
      return next(request, received)
    }
    outcomes.hit += 1
    const older = comparePositions(copy.position, wanted) < 0
    return send(copy, request, { ...sending, personal: { token: older ? token : null } }, grown)
  }
}

function openRefill({ outcomes, newRequestId, ages, flights, grown, turnAway }: SlowParts) {
  // Whoever wants what somebody waits for already costs nothing more.
  const refusalOf = (key: string, requestId: string) => (flights.has(key) ? null : turnAway(key, requestId))
  // What need not wait is answered within the event of its request, without a promise: so it is sent in one piece.
  return (request: Request, received: Received, key: string, copy: Copy | undefined, sending: Sending): Promise<Response> | Response => {
    const probe = () => {
      if (refusalOf(key, sending.requestId) !== null || !flights.mayProbe()) return
      void flights.fill(key, received, newRequestId()).catch(() => {}) // logged where it failed
    }
    if (copy !== undefined && ages.mayServeWhileAsking(copy)) {
      probe()
      outcomes.stale += 1
      return send(copy, request, { ...sending, ...ages.staleness(copy, 'stale-while-revalidate') }, grown)
    }
    const rescue = (forwarded?: string) => {
      if (copy === undefined || !ages.mayRescue(copy)) return null
      outcomes.rescued += 1
      return send(copy, request, { ...sending, ...ages.staleness(copy, 'stale-if-error', forwarded) }, grown)
    }
    const early = flights.areFailing() ? rescue() : null
    if (early !== null) {
      probe()
      return early
    }
    const forwarded = copy === undefined ? 'fwd=uri-miss' : 'fwd=stale'
    const refusal = refusalOf(key, sending.requestId)
    if (refusal !== null) {
      const rescued = rescue(`${forwarded}; fwd-status=503`)
      if (rescued !== null) return rescued
      outcomes.refused += 1
      refusal.headers.set('cache-status', `rcr; ${forwarded}`)
      return request.method === 'HEAD' ? new Response(null, refusal) : refusal
    }
    return flights.fill(key, received, sending.requestId).then(({ copy: filled, joined, stored }) => {
      const late = filled.status >= 500 ? rescue(`${forwarded}; fwd-status=${filled.status}`) : null
      if (late !== null) return late
      const cacheStatus = `rcr; ${forwarded}${stored ? '; stored' : ''}${joined ? '; collapsed' : ''}`
      // What could not be stored was overtaken by a purge, or is a fault: nothing for others to keep.
      return send(filled, request, { ...sending, cacheStatus, ...(!stored && filled.status < 400 && { personal: { token: null } }) }, grown)
    })
  }
}

/** Ids below one id: a hit is answered in the time that making a new one takes twice. */
function numbered(stem: string): () => string {
  let n = 0
  return () => `${stem}.${(++n).toString(36)}`
}

/** The path and query of a request's URL, whatever host it names. */
function targetOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start)
}

function acceptsJson(accept: string | null): boolean {
  if (accept === null || accept === '*/*' || accept === 'application/json') return true
  return /(?:^|,)\s*(?:\*\/\*|application\/(?:\*|json))\s*(?:,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$))|$)/i.test(accept)
}

const givenId = (given: string | null, newRequestId: () => string): string =>
  given !== null && /^[\w.:-]{8,128}$/.test(given) ? given : newRequestId()

function sendingOf(request: Request, newRequestId: () => string, lagS: number | null): Sending {
  const requestId = givenId(request.headers.get('x-request-id'), newRequestId)
  return lagS !== null && lagS > lagShownS ? { requestId, stalenessS: Math.round(lagS) } : { requestId }
}

function positionIn(opened: unknown): Position | null {
  if (!Array.isArray(opened) || typeof opened[0] !== 'string' || !Number.isSafeInteger(opened[1])) return null
  return { epoch: opened[0], seq: opened[1] }
}
