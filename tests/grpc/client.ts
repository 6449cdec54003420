// A gRPC client of the tests: the contract as any client reads it, over a real socket.
import { join } from 'node:path'
import { type CallOptions, Client, credentials, Metadata, type MetadataValue, type ServiceError, status } from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition, type MethodDefinition } from '@grpc/proto-loader'

const contracts = join(import.meta.dir, '..', '..', 'contracts')
const options = { longs: Number, enums: String, defaults: true, arrays: true }
const contract = loadSync(join(contracts, 'rcr.proto'), options)
const errors = loadSync(join(contracts, 'google/rpc/errors.proto'), options)

/** Looked into freely. */
type Json = ReturnType<typeof JSON.parse>

export interface Outcome {
  /** `OK`, `NOT_FOUND` … */
  code: string
  message: Json
  /** Initial metadata and trailers together. */
  metadata: Record<string, MetadataValue>
  said: string
  /** Details of an error by their short names: `{ ErrorInfo: { reason } }`. */
  details: Record<string, Json>
}

export interface Asking {
  headers?: Record<string, string>
  timeoutMs?: number
  signal?: AbortSignal
}

export interface GrpcClient {
  /** `call('ContentService/ListContent', { limit: 3 })` */
  call(method: string, message?: object, asking?: Asking): Promise<Outcome>
  raw: Client
  close(): void
}

export function grpcClient(address: string, with_ = credentials.createInsecure(), channel: object = {}): GrpcClient {
  const raw = new Client(address, with_, channel)
  return {
    raw,
    close: () => raw.close(),
    call(method, message = {}, { headers = {}, timeoutMs, signal } = {}) {
      const [service = '', name = ''] = method.split('/')
      const definition = (contract[`rcr.v1.${service}`] as Record<string, MethodDefinition<object, object>> | undefined)?.[name]
      const { path, requestSerialize, responseDeserialize } = definition ?? {
        path: `/rcr.v1.${method}`,
        requestSerialize: () => Buffer.alloc(0),
        responseDeserialize: () => ({}),
      }
      const metadata = new Metadata()
      for (const [header, value] of Object.entries(headers)) metadata.set(header, value)
      const callOptions: CallOptions = timeoutMs === undefined ? {} : { deadline: performance.timeOrigin + performance.now() + timeoutMs }
      return new Promise<Outcome>((resolve) => {
        let initial = {}
        const call = raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, callOptions, (error, response) =>
          resolve(error === null ? { ...good, message: response, metadata: initial } : failed(error, initial)),
        )
        call.on('metadata', (received: Metadata) => {
          initial = received.getMap()
        })
        signal?.addEventListener('abort', () => call.cancel(), { once: true })
      })
    },
  }
}

const good = { code: 'OK', said: '', details: {} }

function failed(error: ServiceError, initial: object): Outcome {
  const bytes = error.metadata?.get('grpc-status-details-bin')[0]
  const { details = [] } = bytes === undefined ? {} : (typeOf('Status').deserialize(bytes as Buffer) as Json)
  const named = details.map(({ type_url, value }: { type_url: string; value: Buffer }) => {
    const name = type_url.slice(type_url.lastIndexOf('.') + 1)
    return [name, typeOf(name).deserialize(value)]
  })
  return {
    code: status[error.code],
    message: null,
    metadata: { ...initial, ...error.metadata?.getMap() },
    said: error.details,
    details: Object.fromEntries(named),
  }
}

/** What `google.rpc.ErrorInfo` says of an error. */
export const errorInfoOf = (error: ServiceError): { reason: string } | undefined => failed(error, {}).details.ErrorInfo

const typeOf = (name: string) => errors[`google.rpc.${name}`] as MessageTypeDefinition<object, object>
