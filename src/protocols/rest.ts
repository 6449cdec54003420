// REST: from the list of operations to one Fetch handler.
//
// The onion, outermost first: request id → limits (of the address) → authenticate → limits (of the account) → parse → deadline → run → present → refusal.
import { Hono } from 'hono'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../kit/metric.ts'
import { type Call, demandsMatch, type Operation } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Seal } from '../kit/seal.ts'
import { showing, shownIn } from '../kit/shown.ts'
import { type Authenticating, beforeDeadline, payingPrincipal, positionOf, type Received, requestIdOf } from './caller.ts'
import { type Cors, corsFor } from './cors.ts'
import { type Presenting, present, presentDefect, presentRefusal, securityHeaders } from './present.ts'
import { refusalFrom } from './refusals.ts'
import { acceptedTypes, readIdempotencyKey, readIfMatch, readInput } from './request.ts'
import { openTrouble } from './trouble.ts'

export const prefix = '/api/v1'

// 256 KiB at 17 KiB a second.
const standardArrivalMs = 15_000

export interface RestParts extends Authenticating {
  operations: readonly Operation[]
  /** Keys the hashes of requests. The same in every process. */
  secret: Uint8Array
  /** Seals and opens Consistency-Token. */
  tokenSeal: Seal
  newRequestId: () => string
  origins: readonly string[]
  log: Log
  metrics: Metrics
  /** How long a body may take to arrive, and after that the operation: together below the server's idle time-out. */
  arrivalMs?: number
  deadlineMs: number
}

export type Handler = (request: Request, received: Received) => Promise<Response>

export function rest(parts: RestParts): Handler {
  const app = new Hono<{ Bindings: Received }>({ router: new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] }) })
  const serve = server(parts)
  for (const [path, operations] of byPath(parts.operations)) {
    const methods = new Map(operations.map((operation) => [operation.rest.method as string, operation]))
    const at = path.startsWith(prefix) ? prefix : ''
    app.all(path, (context) =>
      serve(context.req.raw, { methods, parameters: context.req.param() as Record<string, string>, prefix: at }, context.env),
    )
  }
  app.all('*', (context) => serve(context.req.raw, nowhere, context.env))
  app.onError((error) => {
    throw error // outside the onion: the listener answers it
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

/** What stands at an address. */
interface Place {
  methods: ReadonlyMap<string, Operation>
  parameters: Readonly<Record<string, string>>
  /** `/api/v1`, or empty where the alias was asked. */
  prefix: string
}

const nowhere: Place = { methods: new Map(), parameters: {}, prefix: '' }

const isOpen = ({ kind, access }: Operation): boolean => kind === 'query' && access === 'anyone'

type Serve = (request: Request, place: Place, received: Received) => Promise<Response>

function server(parts: RestParts): Serve {
  const cors = corsFor(parts.origins)
  const trouble = openTrouble(parts.log)
  const took = timerOf(parts.metrics)
  const sealPosition = sealingOf(parts.tokenSeal)
  return async (request, place, received) => {
    const startedMs = performance.now()
    const requestId = requestIdOf(request, parts.newRequestId)
    const path = pathOf(request.url)
    const operation = place.methods.get(request.method === 'HEAD' ? 'GET' : request.method)
    let response: Response
    try {
      response =
        operation === undefined
          ? withoutOperation(request, place, cors, requestId)
          : await run(parts, operation, request, place, { requestId, received, sealPosition })
    } catch (thrown) {
      const refusal = refusalFrom(thrown)
      trouble(thrown, refusal, { requestId, operation: operation?.name })
      response =
        refusal === null ? presentDefect(requestId, path) : presentRefusal(refusal, requestId, path, saying(refusal, request, place))
      const shown = refusal === null ? undefined : shownIn(refusal)
      if (operation !== undefined && shown !== undefined) showing(response, operation, shown)
    }
    if (request.method !== 'OPTIONS') {
      const open = operation === undefined ? [...place.methods.values()].every(isOpen) : isOpen(operation)
      for (const [name, value] of Object.entries(cors.actual(open, request.headers.get('origin')))) response.headers.append(name, value)
    }
    const seconds = (performance.now() - startedMs) / 1000
    took(operation?.name ?? 'none', response.status, seconds)
    parts.log.info('request', {
      requestId,
      operation: operation?.name,
      method: request.method,
      path: path.slice(0, 300),
      status: response.status,
      ms: Math.round(seconds * 10_000) / 10,
    })
    return request.method === 'HEAD' ? headOf(response) : response
  }
}

/** Without what a URL would make of it: paths arrive here as a router reads them. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.indexOf('?', start)
  return start < 0 ? '/' : url.slice(start, end < 0 ? undefined : end)
}

/** The clock of each operation and status, looked up once. */
function timerOf(metrics: Metrics): (operation: string, status: number, seconds: number) => void {
  const timer = metrics.timer('rcr_request_seconds', 'Time to answer, by operation and status.', ['operation', 'status'])
  const known = new Map<string, ReturnType<typeof timer.labels>>()
  return (operation, status, seconds) => {
    const key = `${operation} ${status}`
    const of = known.get(key) ?? timer.labels(operation, String(status))
    known.set(key, of)
    of.observe(seconds)
  }
}

/** Many answers in a row show the same position: it is sealed once. */
function sealingOf(seal: Seal): Presenting['sealPosition'] {
  let last = { epoch: '', seq: -1, sealed: '' }
  return ({ epoch, seq }) => {
    if (last.epoch !== epoch || last.seq !== seq) last = { epoch, seq, sealed: seal.seal([epoch, seq]) }
    return last.sealed
  }
}

async function run(
  parts: RestParts,
  operation: Operation,
  request: Request,
  { parameters, prefix }: Place,
  at: { requestId: string; received: Received; sealPosition: Presenting['sealPosition'] },
): Promise<Response> {
  const principal = await payingPrincipal(parts, operation, request, at.received.toll)
  const { input, bodyBytes } = await readInput(request, operation, parameters, parts.arrivalMs ?? standardArrivalMs)
  const ifMatch = readIfMatch(request.headers.get('if-match'))
  if (ifMatch === null && demandsMatch(operation, input.body))
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
    address: at.received.address,
  }
  const answer = await beforeDeadline(operation.run(input as never, call), deadline)
  const response = present(answer, {
    operation,
    requestId: at.requestId,
    prefix,
    personal: token !== null || request.headers.has('authorization'),
    sealPosition: at.sealPosition,
    ifNoneMatch: request.headers.get('if-none-match'),
  })
  showing(response, operation, answer)
  return response
}

function withoutOperation(request: Request, { methods }: Place, cors: Cors, requestId: string): Response {
  if (methods.size === 0) throw new Refusal('missing', 'There is nothing at this address.')
  const names = allowed(methods)
  if (request.method !== 'OPTIONS') throw new Refusal('method', `Allowed here: ${names.join(', ')}.`)
  const open = [...methods.values()].some(isOpen)
  const patch = methods.get('PATCH')
  const headers = {
    ...securityHeaders,
    'x-request-id': requestId,
    allow: names.join(', '),
    ...(patch && { 'accept-patch': acceptedTypes(patch).join(', ') }),
    ...cors.preflight(request, names, open ? ['GET', 'HEAD'] : []),
  }
  return new Response(null, { status: 204, headers })
}

const allowed = (methods: Place['methods']): string[] => ['OPTIONS', ...methods.keys(), ...(methods.has('GET') ? ['HEAD'] : [])]

/** What a refusal says in headers, beside its document. */
function saying(refusal: Refusal, request: Request, { methods }: Place): Record<string, string> {
  const { reason, message } = refusal
  if (reason === 'method') return { allow: allowed(methods).join(', ') }
  // RFC 6750, 3: whoever sent no token is told of no error.
  if (reason === 'unauthenticated' && request.headers.has('authorization'))
    return {
      'www-authenticate': `Bearer error="invalid_token", error_description="${message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')}"`,
    }
  const operation = methods.get(request.method)
  if (reason !== 'unsupported' || operation === undefined) return {}
  const types = acceptedTypes(operation).join(', ')
  const accept: Record<string, string> = { accept: types, 'accept-encoding': 'identity' }
  return request.method === 'PATCH' ? { ...accept, 'accept-patch': types } : accept
}

/** The headers that GET would have sent, its length among them. */
export async function headOf(response: Response): Promise<Response> {
  const { status, headers } = response
  const isStream = headers.get('content-type')?.startsWith('text/event-stream')
  if (response.body !== null && !isStream) headers.set('content-length', String((await response.arrayBuffer()).byteLength))
  return new Response(null, { status, headers })
}
