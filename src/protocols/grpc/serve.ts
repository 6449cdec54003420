// The gRPC listener: a server over HTTP/2 with its bounds, health and reflection, and a drain that always ends.
import { readFileSync } from 'node:fs'
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { PackageDefinition } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import type { Operation } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Stream } from '../../kit/stream.ts'
import { bodyMaxBytes } from '../request.ts'
import { type AnsweringParts, answering } from './answering.ts'
import { compiledFiles, openContract, openStreams, type Rpc } from './contract.ts'
import { openHealth } from './health.ts'
import { streaming } from './streaming.ts'

export interface GrpcParts extends AnsweringParts {
  operations: readonly Operation[]
  streams: readonly Stream[]
  /** What health shows. */
  isReady: () => boolean
}

export interface GrpcListening {
  hosts: readonly string[]
  /** 0: any free port. */
  port: number
  /** Files in PEM. Null: plain text, for loopback or behind whoever ends TLS. */
  tls: { certificate: string; key: string } | null
}

export interface GrpcListener {
  /** `127.0.0.1:50051` of the first address. */
  address: string
  port: number
  /** Not serving, no new connections and calls; lets what is in flight finish, cuts the rest after `drainMs`. */
  stop(drainMs: number): Promise<void>
}

// `grpc.enable_channelz` stays on: without it forceShutdown knows of no session (grpc-js 1.14.7), and calls that hang go on for ever.
const bounds: ServerOptions = {
  'grpc.max_receive_message_length': bodyMaxBytes,
  'grpc.max_concurrent_streams': 256,
  // Connections go now and then, so that new processes behind a balancer get some.
  'grpc.max_connection_age_ms': 600_000,
  'grpc.max_connection_age_grace_ms': 15_000,
  'grpc.max_connection_idle_ms': 300_000,
  // Whoever does not answer in time has gone without saying so.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
}
const readinessEveryMs = 500

export async function listenGrpc(parts: GrpcParts, { hosts, port, tls }: GrpcListening): Promise<GrpcListener> {
  setLogVerbosity(logVerbosity.NONE) // what goes wrong is thrown or logged here
  const server = new Server(bounds)
  const stopping = new AbortController()
  const [answer, tell] = [answering(parts), streaming(parts, stopping.signal)]
  const methods = [
    ...openContract(parts.operations).map((rpc): Method => ({ ...rpc, responseStream: false, handler: answer(rpc) })),
    ...openStreams(parts.streams).map((rpc): Method => ({ ...rpc, responseStream: true, handler: tell(rpc) })),
  ]
  const services = Map.groupBy(methods, ({ service }) => service)
  for (const ofService of services.values()) server.addService(...serviceOf(ofService))
  const health = openHealth([...services.keys()])
  health.addTo(server)
  new ReflectionService(reflected()).addToServer(server)

  const chosen = await bound(server, { hosts, port, tls })
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      health.show(parts.isReady())
      await parts.clock.sleep(readinessEveryMs, stopping.signal)
    }
  })()
  const stop = async (drainMs: number) => {
    stopping.abort()
    await watching
    health.show(false)
    health.endWatches()
    const drained = new AbortController()
    server.tryShutdown(() => drained.abort())
    await parts.clock.sleep(drainMs, drained.signal)
    server.forceShutdown()
  }
  let stopped: Promise<void> | null = null
  return {
    address: `${addressOf(hosts[0] ?? '')}:${chosen}`,
    port: chosen,
    stop: (drainMs) => (stopped ??= stop(drainMs)),
  }
}

interface Method extends Pick<Rpc, 'service' | 'path'> {
  responseStream: boolean
  handler: UntypedServiceImplementation[string]
}

function serviceOf(methods: readonly Method[]): [ServiceDefinition, UntypedServiceImplementation] {
  const asIs = (bytes: Buffer) => bytes
  const name = ({ path }: Method) => path.slice(path.lastIndexOf('/') + 1)
  const method = ({ path, responseStream }: Method) => ({
    path,
    requestStream: false,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  })
  return [
    Object.fromEntries(methods.map((one) => [name(one), method(one)])),
    Object.fromEntries(methods.map((one) => [name(one), one.handler])),
  ]
}

/** All that can be asked here, and the details of errors, so that clients without the contract can show them. */
const reflected = (): PackageDefinition => ({
  files: { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos: compiledFiles() },
})

function credentialsOf(tls: GrpcListening['tls']): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure()
  try {
    return ServerCredentials.createSsl(null, [{ cert_chain: readFileSync(tls.certificate), private_key: readFileSync(tls.key) }])
  } catch (cause) {
    throw new Refusal('invalid', `RCR_GRPC_TLS_CERT and RCR_GRPC_TLS_KEY: ${(cause as Error).message}`, { cause })
  }
}

async function bound(server: Server, { hosts, port, tls }: GrpcListening): Promise<number> {
  const credentials = credentialsOf(tls)
  let chosen = port
  for (const [at, host] of hosts.entries()) {
    try {
      chosen = await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${addressOf(host)}:${chosen}`, credentials, (error, port) => (error === null ? resolve(port) : reject(error)))
      })
    } catch (cause) {
      if (host.includes(':') && at > 0) continue
      server.forceShutdown()
      const message = `Cannot listen on ${host} port ${port} for gRPC: free it, or set RCR_GRPC_PORT to another port.`
      throw new Refusal('unavailable', message, { cause })
    }
  }
  return chosen
}

const addressOf = (host: string) => (host.includes(':') ? `[${host}]` : host)
