// REST: from the list of operations to one Fetch handler.
//
// The onion, outermost first: request id → deadline → authenticate → parse → run → present → refusal.
import { Hono } from 'hono'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../kit/metric.ts'
import type { Answer, Call, Operation, Principal } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Seal } from '../kit/seal.ts'
import { showing, shownIn } from '../kit/shown.ts'
import { type Cors, corsFor } from './cors.ts'
import { present, presentDefect, presentRefusal, securityHeaders } from './present.ts'
import { refusalFrom, wires } from './refusals.ts'
import { readIdempotencyKey, readIfMatch, readInput } from './request.ts'

export const prefix = '/api/v1'

/** What a handler is told by the server that received the request. */
export interface Received {
  /** The peer's address, textual. */
  address: string
}

export interface RestParts {
  operations: readonly Operation[]
  /** The principal of a bearer token; refuses with `unauthenticated`. */
  authenticate: (bearer: string) => Promise<Principal>
  /** Keys the hashes of requests. The same in every process. */
  secret: Uint8Array
  /** Seals and opens Consistency-Token. */
  tokenSeal: Seal
  newRequestId: () => string
  origins: readonly string[]
  log: Log
  metrics: Metrics
  /** No request takes longer. Below the server's idle time-out, which would cut it without an answer. */
  deadlineMs: number
}

export type Handler = (request: Request, received: Received) => Promise<Response>

export function rest(parts: RestParts): Handler {
  const cors = corsFor(parts.origins)
  const app = new Hono<{ Bindings: Received }>({ router: new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] }) })
  const serve = server(parts, cors)
  for (const [path, operations] of byPath(parts.operations)) {
    const methods = new Map(operations.map((operation) => [operation.rest.method as string, operation]))
    app.all(path, (context) =>
      serve(context.req.raw, methods, context.req.param() as Record<string, string>, path.startsWith(prefix) ? prefix : '', context.env),
    )
  }
  app.all('*', (context) => {
    const requestId = requestIdOf(context.req.raw, parts.newRequestId)
    return presentRefusal(new Refusal('missing', 'There is nothing at this address.'), requestId, context.req.path, cors.actual(true, null))
  })
  return async (request, received) => app.fetch(request, received)
}

/** Hono paths with their operations; fixed segments before parameters, so that `/content/search` is no slug. */
function byPath(operations: readonly Operation[]): [string, Operation[]][] {
  const paths = new Map<string, Operation[]>()
  const add = (path: string, operation: Operation) => paths.set(path, [...(paths.get(path) ?? []), operation])
  for (const operation of operations) {
    const path = honoPath(operation)
    add(path, operation)
    if (!operation.rest.path.startsWith('=')) add(prefix + path, operation)
  }
  const rank = (path: string) => path.replaceAll(':', '\uffff')
  return [...paths].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
}

const honoPath = (operation: Operation) => operation.rest.path.replace(/^=/, '').replaceAll(/\{(\w+)\}/g, ':$1')

type Serve = (
  request: Request,
  methods: ReadonlyMap<string, Operation>,
  parameters: Readonly<Record<string, string>>,
  asked: string,
  received: Received,
) => Promise<Response>

function server(parts: RestParts, cors: Cors): Serve {
  const timer = parts.metrics.timer('rcr_request_seconds', 'Time to answer, by operation and status.', ['operation', 'status'])
  return async (request, methods, parameters, asked, received) => {
    const startedMs = performance.now()
    const requestId = requestIdOf(request, parts.newRequestId)
    const path = new URL(request.url, 'http://localhost').pathname
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const operation = methods.get(method)
    if (operation === undefined) return withoutOperation(request, methods, cors, requestId, path)
    const open = operation.kind === 'query' && operation.access === 'anyone'
    const corsHeaders = cors.actual(open, request.headers.get('origin'))
    let response: Response
    try {
      response = await run(parts, operation, request, parameters, { requestId, prefix: asked, address: received.address })
      for (const [name, value] of Object.entries(corsHeaders)) {
        if (name === 'vary') response.headers.append(name, value)
        else response.headers.set(name, value)
      }
    } catch (thrown) {
      const refusal = refusalFrom(thrown)
      if (refusal === null || wires[refusal.reason].http >= 500)
        parts.log.error(refusal === null ? 'defect' : 'refused', { requestId, operation: operation.name, error: thrown })
      response = refusal === null ? presentDefect(requestId, path) : presentRefusal(refusal, requestId, path, corsHeaders)
      const shown = refusal === null ? undefined : shownIn(refusal)
      if (shown !== undefined) showing(response, operation, shown)
    }
    const seconds = (performance.now() - startedMs) / 1000
    timer.labels(operation.name, String(response.status)).observe(seconds)
    parts.log.info('request', {
      requestId,
      operation: operation.name,
      method: request.method,
      path: path.slice(0, 300),
      status: response.status,
      ms: Math.round(seconds * 10_000) / 10,
    })
    return request.method === 'HEAD' ? headOf(response) : response
  }
}

async function run(
  parts: RestParts,
  operation: Operation,
  request: Request,
  parameters: Readonly<Record<string, string>>,
  at: { requestId: string; prefix: string; address: string },
): Promise<Response> {
  const principal = await principalOf(parts, operation, request)
  const { input, bodyBytes } = await readInput(request, operation, parameters)
  const ifMatch = readIfMatch(request.headers.get('if-match'))
  if (operation.conditional && ifMatch === null)
    throw new Refusal('unconditional', 'Send If-Match with the ETag of the version that you mean to change.')
  const token = request.headers.get('consistency-token')
  const deadline = AbortSignal.timeout(parts.deadlineMs)
  const call: Call = {
    requestId: at.requestId,
    principal,
    signal: AbortSignal.any([request.signal, deadline]),
    ifMatch,
    idempotency: readIdempotencyKey(request, operation, principal?.accountId ?? null, { bodyBytes, secret: parts.secret }),
    atLeast: token === null ? null : positionOf(parts.tokenSeal, token),
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, 200),
    address: at.address,
  }
  const answer = await beforeDeadline(operation.run(input as never, call), deadline)
  const response = present(answer, {
    operation,
    requestId: at.requestId,
    prefix: at.prefix,
    personal: token !== null || request.headers.has('authorization'),
    sealPosition: (position) => parts.tokenSeal.seal([position.epoch, position.seq]),
    ifNoneMatch: request.headers.get('if-none-match'),
  })
  showing(response, operation, answer)
  return response
}

async function principalOf(parts: RestParts, operation: Operation, request: Request): Promise<Principal | null> {
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

function beforeDeadline(answer: Promise<Answer>, deadline: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Refusal('late', 'The answer took too long; nothing is known of its outcome.', { retryAfterS: 1 }))
    deadline.addEventListener('abort', late, { once: true })
    answer.then(resolve, reject).finally(() => deadline.removeEventListener('abort', late))
  })
}

function withoutOperation(
  request: Request,
  methods: ReadonlyMap<string, Operation>,
  cors: Cors,
  requestId: string,
  path: string,
): Response {
  const open = [...methods.values()].some((operation) => operation.kind === 'query' && operation.access === 'anyone')
  const names = ['OPTIONS', ...methods.keys(), ...(methods.has('GET') ? ['HEAD'] : [])]
  const allow = { allow: names.join(', ') }
  if (request.method !== 'OPTIONS') return presentRefusal(new Refusal('method', `Allowed here: ${allow.allow}.`), requestId, path, allow)
  const headers = {
    ...securityHeaders,
    'x-request-id': requestId,
    ...allow,
    ...cors.preflight(request, names, open ? ['GET', 'HEAD'] : []),
  }
  return new Response(null, { status: 204, headers })
}

const headOf = (response: Response) => new Response(null, { status: response.status, headers: response.headers })

function requestIdOf(request: Request, newRequestId: () => string): string {
  const given = request.headers.get('x-request-id')
  return given !== null && /^[\w.:-]{8,128}$/.test(given) ? given : newRequestId()
}
