// What is the same for everybody and was asked before is given again: message and metadata as they were, under a request id of its own.
import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js'
import type { Answer } from '../../kit/operation.ts'
import type { Seal } from '../../kit/seal.ts'
import { positionOf, requestIdOf } from '../caller.ts'
import type { Rpc } from './contract.ts'

/** Finished answers, kept for as long as they stand. */
export interface Memory {
  find(key: string, atLeast: Answer['position'] | null): { body: Uint8Array; headers: Headers; stalenessS: number | null } | null
  keep(key: string, kept: { body: Uint8Array; headers: Headers }, answer: Answer, askedMs: number): void
}

interface MemoryParts {
  memory?: Memory
  tokenSeal: Seal
  newRequestId: () => string
}

export interface GivenAgain {
  bytes: Buffer
  metadata: Metadata
}

export interface Keeping {
  found: GivenAgain | null
  keep(bytes: Buffer, sent: Metadata, answer: Answer, askedMs: number): void
}

// Longer questions are nobody else's.
const longest = 2048
const kept = ['etag', 'consistency-token']

/** Null where memory may not answer. Of who asks nothing is looked at but the token, so nothing of it comes out elsewhere. */
export function keeping(parts: MemoryParts, rpc: Rpc, { metadata, request }: ServerUnaryCall<Buffer, Buffer>): Keeping | null {
  const { memory, tokenSeal } = parts
  const { kind, access, cache } = rpc.operation
  if (memory === undefined || kind !== 'query' || access !== 'anyone' || cache !== 'content') return null
  if (request.length > longest || metadata.get('authorization').length > 0) return null
  const atLeast = positionIn(textOf(metadata, 'consistency-token'), tokenSeal)
  if (atLeast === undefined) return null
  const key = `${rpc.path} ${request.toString('latin1')}`
  const found = memory.find(key, atLeast)
  return {
    found: found && again(found, requestIdOf({ headers: { get: (name) => textOf(metadata, name) } }, parts.newRequestId)),
    keep(bytes, sent, answer, askedMs) {
      const headers = new Headers()
      for (const name of kept) headers.set(name, textOf(sent, name) ?? '')
      memory.keep(key, { body: bytes, headers }, answer, askedMs)
    },
  }
}

/** Undefined where it is no token of ours: whoever answers says so. */
function positionIn(token: string | null, seal: Seal): Answer['position'] | null | undefined {
  if (token === null) return null
  try {
    return positionOf(seal, token)
  } catch {
    return undefined
  }
}

function textOf(metadata: Metadata, name: string): string | null {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : null
}

function again({ body, headers, stalenessS }: NonNullable<ReturnType<Memory['find']>>, requestId: string): GivenAgain {
  const metadata = new Metadata()
  metadata.set('x-request-id', requestId)
  for (const [name, value] of headers) if (value !== '') metadata.set(name, value)
  if (stalenessS !== null && stalenessS > 5) metadata.set('content-staleness', String(Math.round(stalenessS)))
  return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength), metadata }
}
