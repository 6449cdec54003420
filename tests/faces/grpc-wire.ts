// The same question over gRPC, where a message can say it, and other wires' replies in the form that a message can hold.
import { join } from 'node:path'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import { messagesOf } from '../../src/protocols/grpc/messages.ts'
import { wires } from '../../src/protocols/refusals.ts'
import { errorInfoOf } from '../grpc/client.ts'
import type { Question, Reply } from './wires.ts'

type Json = Record<string, unknown>
type Method = MethodDefinition<object, object>
export type GrpcReply = { answer: unknown } | { refused: { code: string; status: string } }

const prefix = 'rcr.v1'
const contract = loadSync(join(import.meta.dir, '../../contracts/rcr.proto'), { longs: Number, enums: String })
const messages = messagesOf(contract, prefix)
const methods = new Map(
  Object.values(contract).flatMap((service) =>
    'format' in service
      ? []
      : Object.entries(service).map(([name, method]) => [name.charAt(0).toLowerCase() + name.slice(1), method as Method]),
  ),
)
const nameOf = ({ type }: Method['requestType'] | Method['responseType']) => `${prefix}.${(type as { name: string }).name}`
const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export interface GrpcWire {
  has(operation: string): boolean
  /** Null: there is no such rpc, or its message cannot say this. */
  ask(question: Question): Promise<GrpcReply | null>
  close(): void
}

export function grpcWire(address: string): GrpcWire {
  const client = new Client(address, credentials.createInsecure())
  return {
    close: () => client.close(),
    has: (operation) => methods.has(operation),
    async ask(question) {
      const method = methods.get(question.operation.name)
      const request = method && requestOf(method, question)
      if (method === undefined || request === null || request === undefined) return null
      const metadata = new Metadata()
      if (question.token) metadata.set('authorization', `Bearer ${question.token}`)
      if (question.ifMatch !== undefined) metadata.set('if-match', `"${question.ifMatch}"`)
      return new Promise((resolve) => {
        client.makeUnaryRequest(
          method.path,
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => method.responseDeserialize(bytes),
          request,
          metadata,
          (error, response) => resolve(error === null ? { answer: answerOf(method, response as Json) } : refusalOf(error)),
        )
      })
    },
  }
}

/** Null where what is meant would not arrive: an unknown member, a word that no enum has, a text for a number. */
function requestOf(method: Method, { operation, path = {}, query = {}, body }: Question): Buffer | null {
  const type = nameOf(method.requestType)
  const fields = messages.fields(type)
  const whole = fields.find((field) => field.type?.startsWith(prefix) && !field.isEnum && !field.repeated)
  const mask = fields.find((field) => field.type === 'google.protobuf.FieldMask')
  const members = whole === undefined ? (body as Json | undefined) : { [whole.name]: body }
  const meant: Json = { ...path, ...query, ...members }
  for (const { name, repeated } of fields) if (repeated && name in query) meant[name] = String(query[name]).split(',')
  if (Object.keys(meant).some((name) => fields.every((field) => field.name !== name))) return null
  const paths = mask && operation.mediaType ? { [mask.name]: Object.keys(body as Json).map(snakeCase) } : {}
  try {
    const bytes = method.requestSerialize(messages.write(type, { ...meant, ...paths }))
    const arrives = messages.read(type, { ...method.requestDeserialize(bytes) } as Json)
    return Bun.deepEquals(sayable(arrives), sayable({ ...meant, ...paths })) ? bytes : null
  } catch {
    return null
  }
}

function answerOf(method: Method, response: Json): unknown {
  const type = nameOf(method.responseType)
  const [only, ...others] = messages.fields(type)
  const answer = messages.read(type, { ...response })
  const isWhole = only !== undefined && others.length === 0 && only.type?.startsWith(prefix) && !only.isEnum && !only.repeated
  return isWhole ? answer[only.name] : answer
}

const refusalOf = (error: ServiceError): GrpcReply => ({
  refused: { code: errorInfoOf(error)?.reason ?? 'DEFECT', status: status[error.code] ?? '' },
})

/** As a message says it: nothing is what null, no, zero and the empty are; a page's limit is who asks' own. */
export function overGrpc(reply: Reply): GrpcReply {
  if ('answer' in reply) return { answer: sayable(reply.answer) }
  const { code, status: http } = reply.refused
  const grpc = Object.values(wires).find((wire) => wire.http === http)?.grpc ?? 'INTERNAL'
  return { refused: { code: code.toUpperCase().replaceAll('-', '_'), status: grpc } }
}

export function sayable(value: unknown): unknown {
  if (value === null || value === false || value === 0 || value === '') return undefined
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((one) => sayable(one) ?? 'nothing')
  if (typeof value !== 'object') return value
  const members = Object.entries(value).flatMap(([name, one]) => {
    const said = sayable(one)
    return said === undefined ? [] : [[name, said] as const]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}
