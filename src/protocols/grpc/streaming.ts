// One call that is answered on and on: from its message to the stream, and from each answer to a message.
//
// The onion is that of one answer (answering.ts); in place of the deadline stands the longest time that somebody may listen.
import { type handleServerStreamingCall, type Metadata, type ServerWritableStream, status } from '@grpc/grpc-js'
import type { Call } from '../../kit/operation.ts'
import type { Stream } from '../../kit/stream.ts'
import { payingPrincipal, requestIdOf } from '../caller.ts'
import { refusalFrom } from '../refusals.ts'
import { type AnsweringParts, asRequest, decoded, metadataOf, peerOf } from './answering.ts'
import type { Rpc } from './contract.ts'
import { checked } from './input.ts'
import { type Status, statusOf, statusOfDefect } from './status.ts'

/** As long as an access token is good: whoever goes on listening shows a new one. */
const longestMs = 600_000

type StreamHandler = handleServerStreamingCall<Buffer, Buffer>
type StreamCall = ServerWritableStream<Buffer, Buffer>

/** `stopping`: the server ends, and the streams in order. */
export function streaming(parts: AnsweringParts, stopping: AbortSignal): (rpc: Rpc<Stream>) => StreamHandler {
  const { log, newRequestId } = parts
  return (rpc) => (call) => {
    const requestId = requestIdOf(asRequest(rpc, call), newRequestId)
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    call.on('error', () => gone.abort())
    const said = { requestId, operation: rpc.operation.name, path: rpc.path }
    log.info('stream', said)
    tell(parts, rpc, call, requestId, AbortSignal.any([gone.signal, stopping, AbortSignal.timeout(longestMs)])).then(
      () => {
        log.info('stream ended', said)
        call.end()
      },
      (thrown: unknown) => {
        const refusal = refusalFrom(thrown)
        if (refusal === null) log.error('defect', { ...said, error: thrown })
        refuse(call, refusal === null ? statusOfDefect(requestId) : statusOf(refusal, requestId, rpc.bodyField))
      },
    )
  }
}

function refuse(call: StreamCall, { code, details, metadata }: Status): void {
  if (!call.cancelled) call.emit('error', { code: code ?? status.INTERNAL, details, metadata })
}

async function tell(parts: AnsweringParts, rpc: Rpc<Stream>, call: StreamCall, requestId: string, signal: AbortSignal): Promise<void> {
  const { operation } = rpc
  const request = asRequest(rpc, call)
  const { address, toll } = parts.caller(peerOf(call.getPeer()), request.headers)
  const principal = await payingPrincipal(parts, { ...operation, kind: 'query' }, request, toll)
  const input = checked(operation, decoded(rpc, call.request))
  const asked: Call = {
    requestId,
    principal,
    signal,
    ifMatch: null,
    idempotency: null,
    atLeast: null,
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, 200),
    address,
  }
  const answers = operation.run(input as never, asked)
  const metadata: Metadata = metadataOf({}, requestId, parts.tokenSeal)
  call.sendMetadata(metadata)
  for await (const { body } of answers) if (!call.write(rpc.encode(body))) await drained(call, signal)
}

/** Whoever reads slowly is waited for, not filled up. */
const drained = (call: StreamCall, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      call.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    call.once('drain', done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
