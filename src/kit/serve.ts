// The HTTP listener: Bun's server with the bounds that every service shares, and a drain that always ends.
import type { Server } from 'bun'
import { Refusal } from './refusal.ts'

export interface Listener {
  /** `http://127.0.0.1:8080` of the first address. */
  url: string
  port: number
  /** Refuses new connections, lets what is in flight finish, cuts the rest after `drainMs`. */
  stop(drainMs: number): Promise<void>
}

export interface Listening {
  fetch: (request: Request, received: { address: string }) => Response | Promise<Response>
  /** One or more addresses to listen on. An IPv6 address that the machine lacks is left out when another one works. */
  hosts: readonly string[]
  /** 0: any free port. */
  port: number
  /** Called for what the handler throws: a defect, already outside every onion. */
  defect: (error: unknown) => Response
}

// A handler slower than this is cut without an answer (measured on Bun 1.4.5), so deadlines of operations stay below it.
const idleTimeoutS = 30
// An outer wall against endless bodies; operations bound theirs lower and answer with a problem document.
const bodyWallBytes = 1024 * 1024

export function listen({ fetch, hosts, port, defect }: Listening): Listener {
  const servers: Server<undefined>[] = []
  let chosen = port
  for (const host of hosts) {
    try {
      const server = Bun.serve({
        hostname: host,
        port: chosen,
        idleTimeout: idleTimeoutS,
        maxRequestBodySize: bodyWallBytes,
        development: false,
        fetch: (request, bun) =>
          fetch(request, {
            // Looked up by whoever wants it: a sixth of the time of an answer from memory, which does not.
            get address() {
              return bun.requestIP(request)?.address ?? ''
            },
          }),
        error: defect,
      })
      servers.push(server)
      chosen = server.port ?? chosen
    } catch (error) {
      if (host.includes(':') && servers.length > 0) continue
      for (const server of servers) server.stop(true)
      throw refusalOfListening(error, host, port)
    }
  }
  const first = servers[0]
  if (first === undefined) throw new Refusal('unavailable', 'There is no address to listen on.')
  const name = hosts[0]?.includes(':') ? `[${hosts[0]}]` : hosts[0]
  return {
    url: `http://${name}:${chosen}`,
    port: chosen,
    async stop(drainMs) {
      const drained = Promise.all(servers.map((server) => server.stop(false)))
      const patience = new Promise((resolve) => setTimeout(resolve, drainMs).unref())
      await Promise.race([drained, patience])
      await Promise.all(servers.map((server) => server.stop(true)))
    },
  }
}

function refusalOfListening(error: unknown, host: string, port: number): Refusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE')
    return new Refusal('unavailable', `Port ${port} on ${host} is in use: stop what listens there or choose another port.`, {
      cause: error,
    })
  if (code === 'EACCES') return new Refusal('unavailable', `Port ${port} on ${host} may not be used by this user.`, { cause: error })
  return new Refusal('unavailable', `Cannot listen on ${host} port ${port}.`, { cause: error })
}
