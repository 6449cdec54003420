// An expected no: what every layer throws when it refuses, and the one door that turns anything thrown into it.

/** The closed set of reasons. `protocols/refusals.ts` answers each of them on every wire. */
export const reasons = [
  'invalid', // the input is faulty: 400, every fault named
  'unauthenticated', // no, or no valid, credentials: 401
  'forbidden', // known, but not allowed: 403
  'missing', // there is no such thing: 404
  'conflict', // the state does not allow it (slug taken, still referenced): 409
  'stale', // If-Match names another version: 412
  'unconditional', // If-Match is needed and absent: 428
  'key-reused', // the idempotency key came with another body: 422
  'too-large', // over a size bound: 413
  'unsupported', // media type: 415
  'unacceptable', // nothing that the caller accepts: 406
  'slow', // the request did not arrive in time: 408
  'method', // the path exists, the method does not: 405
  'too-many', // a limit or lock-out: 429
  'unavailable', // a dependency is down or behind: 503
  'full', // no room to store: 507
  'late', // the deadline passed: 504
] as const
export type Reason = (typeof reasons)[number]

/** One fault of the input. `pointer` is an RFC 6901 pointer into the body (`#/title`) or names the place (`?limit`, `If-Match`). */
export interface Fault {
  pointer: string
  code: string
  detail: string
}

export interface RefusalDetails {
  faults?: readonly Fault[]
  /** A finer name than the reason, stable for programs: `replica-behind`, `slug-taken`. */
  code?: string
  /** When to come back, in seconds, whole and ≥ 1. */
  retryAfterS?: number
  /** Facts for the caller, sent beside the standard members: `{ currentVersion: 3 }`. Safe to publish. */
  facts?: Readonly<Record<string, string | number | readonly string[]>>
  /** For logs only. Never sent. */
  cause?: unknown
}

/** `message` is a sentence that is safe for the caller. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly faults: readonly Fault[]
  readonly code: string
  readonly retryAfterS: number | undefined
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>

  constructor(reason: Reason, message: string, details: RefusalDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'Refusal'
    this.reason = reason
    this.faults = details.faults ?? []
    this.code = details.code ?? reason
    this.retryAfterS = details.retryAfterS
    this.facts = details.facts ?? {}
  }
}
