// grpc.health.v1: which services are ready, asked once or watched.
import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { service } from 'grpc-health-check'

interface Asked {
  service: string
}
interface Shown {
  status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'
}

export interface Health {
  addTo(server: Server): void
  /** Of all services alike. Watchers are told of a change. */
  show(ready: boolean): void
  /** No watcher may hold up the end. */
  endWatches(): void
}

/**
 * The empty name stands for the server as a whole. (The package brings an implementation, too: it remembers for ever every name
 * that anybody watched, and its watches never end.)
 */
export function openHealth(services: readonly string[]): Health {
  const names = new Set(['', ...services])
  const watches = new Map<ServerWritableStream<Asked, Shown>, string>()
  let standing: Shown['status'] = 'NOT_SERVING'
  const statusOf = (name: string): Shown => ({ status: names.has(name) ? standing : 'SERVICE_UNKNOWN' })
  return {
    addTo(server) {
      server.addService(service, {
        check: ({ request }: ServerUnaryCall<Asked, Shown>, callback: sendUnaryData<Shown>) =>
          names.has(request.service)
            ? callback(null, statusOf(request.service))
            : callback({ code: status.NOT_FOUND, details: 'There is no such service here.' }),
        list: (_call: unknown, callback: sendUnaryData<{ statuses: Record<string, Shown> }>) =>
          callback(null, { statuses: Object.fromEntries([...names].map((name) => [name, statusOf(name)])) }),
        watch(call: ServerWritableStream<Asked, Shown>) {
          watches.set(call, call.request.service)
          call.on('cancelled', () => watches.delete(call))
          call.write(statusOf(call.request.service))
        },
      })
    },
    show(ready) {
      const next = ready ? 'SERVING' : 'NOT_SERVING'
      if (next === standing) return
      standing = next
      for (const [call, name] of watches) if (names.has(name)) call.write(statusOf(name))
    },
    endWatches() {
      for (const call of watches.keys()) call.end()
    },
  }
}
