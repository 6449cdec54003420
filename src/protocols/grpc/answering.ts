// One unary call: from its metadata and message to the operation, and from its answer to metadata and message.
//
// The onion, outermost first: memory → request id → deadline → limits and authentication → parse → run → present → refusal.
import { createHmac } from 'node:crypto'
import { type handleUnaryCall, Metadata, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { type Answer, type Call, demandsMatch, type Operation, type Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Seal } from '../../kit/seal.ts'
import { beforeDeadline, payingPrincipal, positionOf, type Received, requestIdOf } from '../caller.ts'
import { refusalFrom } from '../refusals.ts'
import { idempotencyOf, readIfMatch } from '../request.ts'
import { openTrouble } from '../trouble.ts'
import type { Rpc } from './contract.ts'
import { checked } from './input.ts'
import { type GivenAgain, keeping, type Memory } from './memory.ts'
import { type Status, statusOf, statusOfDefect } from './status.ts'

export interface AnsweringParts {
  /** The principal of a bearer token; refuses with `unauthenticated`. */
  authenticate: (bearer: string) => Promise<Principal>
  /** Keys the hashes of requests. The same in every process. */
  secret: Uint8Array
  /** Seals and opens the consistency token. */
  tokenSeal: Seal
  newRequestId: () => string
  /** Who calls, from the peer's address and what proxies say in the metadata. */
  caller: (peer: string, headers: Headers) => Received
  clock: Clock
  log: Log
  metrics: Metrics
  /** No call takes longer, whatever its client allows. */
  deadlineMs: number
  /** Absent: nothing is given twice. */
  memory?: Memory
}

/** Bytes in, bytes out: what cannot be decoded is the caller's fault, and answered as such. */
export type Handler = handleUnaryCall<Buffer, Buffer>
type UnaryCall = ServerUnaryCall<Buffer, Buffer>

export function answering(parts: AnsweringParts): (rpc: Rpc) => Handler {
  const { clock, log, metrics } = parts
  const trouble = openTrouble(log, clock.monotonic)
  const timer = metrics.timer('rcr_grpc_seconds', 'Time to answer a gRPC call, by operation and status.', ['operation', 'status'])

  return (rpc) => (call, callback) => {
    const kept = keeping(parts, rpc, call)
    if (kept?.found) return giveAgain(call, callback, kept.found)
    const startedMs = clock.monotonic()
    const request = asRequest(rpc, call)
    const requestId = requestIdOf(request, parts.newRequestId)
    const gone = new AbortController()
    let over = false
    // It fires after every end, a good one too.
    call.on('cancelled', () => {
      if (!over) gone.abort()
    })
    const end = (code: status, respond: () => void) => {
      over = true
      const name =
        status[gone.signal.aborted ? (clock.now() < deadlineOf(call) - transitMs ? status.CANCELLED : status.DEADLINE_EXCEEDED) : code]
      const seconds = (clock.monotonic() - startedMs) / 1000
      timer.labels(rpc.operation.name, name).observe(seconds)
      log.info('call', { requestId, operation: rpc.operation.name, path: rpc.path, status: name, ms: Math.round(seconds * 10_000) / 10 })
      respond()
    }
    answer(parts, rpc, { call, request, requestId, gone: gone.signal }).then(
      ({ bytes, metadata, shown }) =>
        end(status.OK, () => {
          if (shown !== null) kept?.keep(bytes, metadata, shown, startedMs)
          call.sendMetadata(metadata)
          callback(null, bytes)
        }),
      (thrown: unknown) => {
        const refusal = refusalFrom(thrown)
        if (!gone.signal.aborted) trouble(thrown, refusal, { requestId, operation: rpc.operation.name })
        const failed = refusal === null ? statusOfDefect(requestId) : statusOf(refusal, requestId, rpc.bodyField)
        end(failed.code, () => refuse(callback, failed))
      },
    )
  }
}

function giveAgain(call: UnaryCall, callback: sendUnaryData<Buffer>, { bytes, metadata }: GivenAgain): void {
  call.sendMetadata(metadata)
  callback(null, bytes)
}

// A client's time begins before its call arrives: by so much it may cancel before the deadline that is known here.
const transitMs = 250

const refuse = (callback: sendUnaryData<Buffer>, { code, details, metadata }: Status) => callback({ code, details, metadata })

/** A call is a POST with headers (gRPC over HTTP/2): what REST reads of headers is read by the same code. */
export function asRequest({ path }: Pick<Rpc, 'path'>, { metadata }: { metadata: Metadata }): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(metadata.getMap())) if (typeof value === 'string') headers.set(name, value)
  return new Request(`http://localhost${path}`, { method: 'POST', headers })
}

interface Asked {
  call: UnaryCall
  request: Request
  requestId: string
  gone: AbortSignal
}

interface Answered {
  bytes: Buffer
  metadata: Metadata
  /** Null where the address that was asked for leads to another one. */
  shown: Answer | null
}

async function answer(parts: AnsweringParts, rpc: Rpc, asked: Asked): Promise<Answered> {
  const { operation } = rpc
  const { request, requestId } = asked
  const { headers } = request
  const { address, toll } = parts.caller(peerOf(asked.call.getPeer()), headers)
  const principal = await payingPrincipal(parts, operation, request, toll)
  const given = decoded(rpc, asked.call.request)
  const input = checked(operation, given)
  const ifMatch = readIfMatch(headers.get('if-match'))
  if (ifMatch === null && demandsMatch(operation, input.body))
    throw new Refusal('unconditional', 'Send if-match in the metadata, with the etag of the version that you mean to change.')
  const token = headers.get('consistency-token')
  const deadline = AbortSignal.timeout(parts.deadlineMs)
  const call: Call = {
    requestId,
    principal,
    signal: AbortSignal.any([asked.gone, deadline]),
    ifMatch,
    idempotency: idempotencyOf(operation, principal?.accountId ?? null, headers.get('idempotency-key'), () =>
      createHmac('sha256', parts.secret).update(`${rpc.path}\n`).update(JSON.stringify(given)).digest('base64url'),
    ),
    atLeast: token === null ? null : positionOf(parts.tokenSeal, token),
    userAgent: (headers.get('user-agent') ?? '').slice(0, 200),
    address,
  }
  const run = (input: unknown) => beforeDeadline(operation.run(input as never, call), deadline)
  const first = await run(input)
  const { path } = operation.input
  // REST leads to the present address by a redirect; here the answer comes from there.
  const answer = first.status === 301 && path ? await run({ ...input, path: path.parse(meantBy(operation, first.location ?? '')) }) : first
  const bytes = rpc.encode(answer.bodyText === undefined ? answer.body : JSON.parse(answer.bodyText))
  return { bytes, metadata: metadataOf(answer, requestId, parts.tokenSeal), shown: answer === first ? answer : null }
}

export function decoded(rpc: Pick<Rpc, 'decode'>, bytes: Buffer) {
  try {
    return rpc.decode(bytes)
  } catch (cause) {
    throw new Refusal('invalid', 'The message is not what the contract says.', { code: 'malformed', cause })
  }
}

/** The parameters that a path holds: `/content/{slug}` of `/content/canon-eos-r5`. */
function meantBy(operation: Operation, location: string): Record<string, string> {
  const steps = location.split('/')
  const places = operation.rest.path.split('/').map((step, at) => [/^\{(\w+)\}$/.exec(step)?.[1], steps[at] ?? ''] as const)
  return Object.fromEntries(places.flatMap(([name, step]) => (name === undefined ? [] : [[name, decodeURIComponent(step)]])))
}

export function metadataOf({ version, hash, position, stalenessS }: Answer, requestId: string, seal: Seal): Metadata {
  const metadata = new Metadata()
  metadata.set('x-request-id', requestId)
  if (version !== undefined) metadata.set('etag', hash === undefined ? `"${version}"` : `"${version}.${hash}"`)
  if (position) metadata.set('consistency-token', seal.seal([position.epoch, position.seq]))
  if (stalenessS !== undefined && stalenessS > 5) metadata.set('content-staleness', String(Math.round(stalenessS)))
  return metadata
}

const deadlineOf = (call: UnaryCall): number => Number(call.getDeadline())

/** Without the port. */
export const peerOf = (peer: string): string => peer.replace(/:\d+$/, '')
