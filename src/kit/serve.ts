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
  /** Several processes listen on the port, and the system spreads connections over them: as the first of them, or beside it. */
  shared?: 'first' | 'beside'
  /** From then on each answer ends its connection, so that whoever keeps one open comes by another way before this one is shut. */
  leaving?: AbortSignal
}

// A handler slower than this is cut without an answer (measured on Bun 1.4.5), so deadlines of operations stay below it.
const idleTimeoutS = 30
// An outer wall against endless bodies. Below it operations bound theirs and answer with a problem document; what nobody reads is
// drained without being kept (64 MiB each from eight clients at once: 13 MiB of memory at most, measured on Bun 1.4.5).
const bodyWallBytes = 64 * 1024 * 1024

export function listen({ fetch, hosts, port, defect, shared, leaving }: Listening): Listener {
  const servers: Server<undefined>[] = []
  let chosen = port
  for (const host of hosts) {
    try {
      // Whoever shares is let in beside strangers too, so the first one looks whether there are any.
      if (shared === 'first') chosen = portIfFree(host, chosen)
      const server = Bun.serve({
        hostname: host,
        port: chosen,
        idleTimeout: idleTimeoutS,
        maxRequestBodySize: bodyWallBytes,
        development: false,
        // Bun 1.4.5 shares the port with whoever asks, once `development` is false: a second system would answer half the requests.
        reusePort: shared !== undefined,
        fetch: (request, bun) => {
          const response = fetch(request, new Peer(request, bun))
          if (leaving?.aborted) return parting(response)
          if (request.method === 'HEAD') return dated(response)
          return response instanceof Promise ? response.then(inTwoPieces) : response
        },
        error: defect,
      })
      servers.push(server)
      chosen = server.port ?? chosen
    } catch (error) {
      if (host.includes(':') && servers.length > 0 && !(port > 0 && isTaken(error))) continue
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

async function parting(answer: Response | Promise<Response>): Promise<Response> {
  const response = await dated(answer)
  response.headers.set('connection', 'close')
  return response
}

/** Bun 1.4.5 dates every answer but those to HEAD. */
async function dated(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer
  response.headers.set('date', new Date().toUTCString())
  return response
}

// Bun 1.4.5 collects an answer in a buffer of 16 KiB. One that comes after the event of its request and does not fit in there is sent
// header by header, each name and each value a system call and a packet of its own (strace; 440 µs for 16 headers and 18 kB on the
// processor). What comes as a stream goes out in two pieces, its length chunked: 65 µs.
const buffered = 15 * 1024

async function inTwoPieces(late: Response): Promise<Response> {
  if (!(Number(late.headers.get('content-length')) > buffered)) return late
  const bytes = new Uint8Array(await late.arrayBuffer())
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
  return new Response(body, late)
}

/** Throws as listening does when somebody is there. */
function portIfFree(hostname: string, port: number): number {
  const probe = Bun.serve({ hostname, port, development: false, reusePort: false, fetch: () => new Response() })
  const found = probe.port ?? port
  probe.stop(true)
  return found
}

/** The address is looked up by whoever wants it; an answer from memory does not. A getter in a literal took 0.3 µs to make. */
class Peer {
  readonly #request: Request
  readonly #bun: Server<undefined>
  constructor(request: Request, bun: Server<undefined>) {
    this.#request = request
    this.#bun = bun
  }
  get address(): string {
    return this.#bun.requestIP(this.#request)?.address ?? ''
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '')
const isTaken = (error: unknown) => codeOf(error) === 'EADDRINUSE'

function refusalOfListening(error: unknown, host: string, port: number): Refusal {
  if (isTaken(error))
    return new Refusal('unavailable', `Port ${port} on ${host} is in use: stop what listens there or choose another port.`, {
      cause: error,
    })
  if (codeOf(error) === 'EACCES')
    return new Refusal('unavailable', `Port ${port} on ${host} may not be used by this user.`, { cause: error })
  return new Refusal('unavailable', `Cannot listen on ${host} port ${port}.`, { cause: error })
}
