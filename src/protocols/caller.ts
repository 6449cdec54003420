// What every wire asks of a request alike: its name, who pays for it, which position it brings, and how long it waits.
import { type Answer, type LimitClass, limitOf, type Operation, type Principal } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Seal } from '../kit/seal.ts'

/** What a handler is told by the server that received the request. */
export interface Received {
  /** The client's address, textual: the peer's, or what trusted proxies say. */
  address: string
  /** Absent: nothing is counted. */
  toll?: Toll
}

/** Counts what somebody asks for; refuses with `too-many` when it is too often. */
export interface Toll {
  address(of: LimitClass): void
  account(of: LimitClass, principal: Principal): void
}

export function requestIdOf(request: { headers: Pick<Headers, 'get'> }, newRequestId: () => string): string {
  const given = request.headers.get('x-request-id')
  return given !== null && /^[\w.:-]{8,128}$/.test(given) ? given : newRequestId()
}

export interface Authenticating {
  /** The principal of a bearer token; refuses with `unauthenticated`. */
  authenticate: (bearer: string) => Promise<Principal>
}

/** Who asks, once counted: their address before their token is looked at, their account before what they sent is. */
export async function payingPrincipal(
  parts: Authenticating,
  operation: Pick<Operation, 'access' | 'kind' | 'limit'>,
  request: Request,
  toll: Toll | undefined,
): Promise<Principal | null> {
  const of = limitOf(operation)
  toll?.address(of)
  const principal = await principalOf(parts, operation, request)
  if (principal !== null) toll?.account(of, principal)
  return principal
}

async function principalOf(parts: Authenticating, operation: Pick<Operation, 'access'>, request: Request): Promise<Principal | null> {
  const header = request.headers.get('authorization')
  if (header === null) {
    if (operation.access === 'anyone') return null
    throw new Refusal('unauthenticated', 'Send an access token: Authorization: Bearer …')
  }
  const bearer = /^Bearer +([\w.~+/=-]{1,4096})$/i.exec(header)?.[1]
  if (bearer === undefined) throw new Refusal('unauthenticated', 'Authorization has the form: Bearer <access token>.')
  const principal = await parts.authenticate(bearer)
  if (Array.isArray(operation.access) && !operation.access.some((role) => principal.roles.includes(role)))
    throw new Refusal('forbidden', `This needs the role ${operation.access.join(' or ')}.`)
  return principal
}

export function positionOf(seal: Seal, token: string): { epoch: string; seq: number } {
  const opened = seal.open(token)
  if (Array.isArray(opened) && typeof opened[0] === 'string' && Number.isSafeInteger(opened[1])) return { epoch: opened[0], seq: opened[1] }
  throw new Refusal('invalid', 'Consistency-Token must be one that an earlier answer gave.', {
    faults: [{ pointer: 'Consistency-Token', code: 'malformed', detail: 'Not a token of this system.' }],
  })
}

export function beforeDeadline(answer: Promise<Answer>, deadline: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Refusal('late', 'The answer took too long; nothing is known of its outcome.', { retryAfterS: 1 }))
    deadline.addEventListener('abort', late, { once: true })
    answer.then(resolve, reject).finally(() => deadline.removeEventListener('abort', late))
  })
}
