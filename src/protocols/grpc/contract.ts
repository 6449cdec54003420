// The contract bound to the operations: an rpc runs the operation of its name, and its messages hold the operation's members.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadSync, type MessageTypeDefinition, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader'
import type { Operation } from '../../kit/operation.ts'
import type { Stream } from '../../kit/stream.ts'
import type { Input } from '../request.ts'
import { splitter } from './input.ts'
import { type Field, type Messages, messagesOf } from './messages.ts'

const packageName = 'rcr.v1'
export const contractFile = (file: string) => fileURLToPath(new URL(`../../../contracts/${file}`, import.meta.url))

export interface Rpc<O extends Operation | Stream = Operation> {
  /** `rcr.v1.ReviewService` */
  service: string
  /** `/rcr.v1.ReviewService/PublishReview` */
  path: string
  operation: O
  requestType: string
  responseType: string
  /** The one field of the request that is the body as a whole; null where its members lie beside those of the path. */
  bodyField: string | null
  /** The one field of the response that is the answer as a whole; null where its members lie in the response. */
  answerField: string | null
  /** Throws where the bytes are no message. */
  decode(bytes: Buffer): Input
  encode(body: unknown): Buffer
}

/** Throws where an rpc has no operation. */
export function openContract(operations: readonly Operation[]): Rpc[] {
  const named = operations.map((operation) => [operation.alias?.grpc ?? operation.name, operation] as const)
  return rpcsOf(new Map(named), false)
}

/** The rpcs that are answered on and on. Throws where one has no stream. */
export const openStreams = (streams: readonly Stream[]): Rpc<Stream>[] =>
  rpcsOf(new Map(streams.map((stream) => [stream.name, stream] as const)), true)

function rpcsOf<O extends Operation | Stream>(byName: ReadonlyMap<string, O>, isStream: boolean): Rpc<O>[] {
  const definition = loadSync(contractFile('rcr.proto'), { longs: Number, enums: String })
  const messages = messagesOf(definition, packageName)
  const methods = methodsOf(definition).filter(({ method }) => method.responseStream === isStream)
  return methods.map(({ service, name, method }) => {
    const operation = byName.get(name.charAt(0).toLowerCase() + name.slice(1))
    if (operation === undefined) throw new Error(`no operation for ${service}/${name}`)
    return bound(operation, service, method, messages)
  })
}

/** All files of what is served, as `buf` compiled them: what proto-loader tells of them lacks names, presence and maps. */
export function compiledFiles(): Buffer[] {
  const image = readFileSync(contractFile('rcr.binpb'))
  const files: Buffer[] = []
  // A FileDescriptorSet: nothing but files, each as field 1 with its length.
  for (let at = 0; at < image.length; ) {
    at += 1
    let length = 0
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = image[at++] ?? 0
      length += (byte & 0x7f) << shift
      more = byte >= 0x80
    }
    files.push(image.subarray(at, at + length))
    at += length
  }
  return files
}

type Method = MethodDefinition<object, object>

function methodsOf(definition: PackageDefinition): { service: string; name: string; method: Method }[] {
  return Object.entries(definition).flatMap(([service, members]) =>
    'format' in members ? [] : Object.entries(members).map(([name, method]) => ({ service, name, method: method as Method })),
  )
}

function bound<O extends Operation | Stream>(operation: O, service: string, method: Method, messages: Messages): Rpc<O> {
  const requestType = typeName(method.requestType)
  const responseType = typeName(method.responseType)
  const request = messages.fields(requestType)
  const bodyField = request.find(isWhole)
  const [only, ...others] = messages.fields(responseType)
  const answerField = only !== undefined && others.length === 0 && isWhole(only) ? only.name : null
  const inputOf = splitter(operation, request, bodyField && { name: bodyField.name, members: messages.fields(bodyField.type ?? '') })
  return {
    service,
    path: method.path,
    operation,
    requestType,
    responseType,
    bodyField: bodyField?.name ?? null,
    answerField,
    decode: (bytes) => inputOf(messages.read(requestType, { ...method.requestDeserialize(bytes) })),
    encode(body) {
      const answer = (answerField === null ? (body ?? {}) : { [answerField]: body }) as Record<string, unknown>
      return method.responseSerialize(messages.write(responseType, answer))
    },
  }
}

const typeName = ({ type }: MessageTypeDefinition<object, object>) => `${packageName}.${(type as { name: string }).name}`

/** A single message of our own stands for all that it holds. */
const isWhole = ({ type, isEnum, repeated }: Field) => type?.startsWith(packageName) === true && !isEnum && !repeated
