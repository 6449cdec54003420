// A load of its own process: asks at the times that were planned, whether or not earlier answers have come, and counts an answer's time
// from its plan, so that a server that stalls cannot hide it. Bounded in time, connections and what waits to be sent.
import type { Socket } from 'bun'

export interface Asked {
  url: string
  /** Planned questions a second; or as many as so many connections get answered, one after the other. */
  pace: { perSecond: number } | { connections: number }
  seconds: number
  /** `#` in a path becomes a time that is another one each time, beginning with this number. */
  paths: readonly string[]
  from: number
}

export interface Found {
  seconds: number
  sent: number
  /** Asked without an answer: cut, or refused by the socket. */
  broken: number
  /** Planned, but there was no connection free for it in time: the client was at its bounds. */
  unsent: number
  connections: number
  byStatus: Record<string, Times>
  /** 503 and 429 without Retry-After, or not a problem document. */
  bareRefusals: number
}

export interface Times {
  count: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

const connectionsMax = 4000
const afterMs = 5_000

const lastChunk = Buffer.from('0\r\n\r\n')

interface Wire {
  socket: Socket<Wire>
  plannedMs: number
  head: string
  restBytes: number
  status: string
  isBusy: boolean
  isClosed: boolean
}

if (import.meta.main) {
  const found = await load(JSON.parse(process.argv[2] ?? '') as Asked)
  process.stdout.write(JSON.stringify(found), () => process.exit(0))
}

async function load({ url, pace, seconds, paths, from }: Asked): Promise<Found> {
  const { hostname, port } = new URL(url)
  const times = new Map<string, number[]>()
  const found = { sent: 0, broken: 0, unsent: 0, connections: 0, bareRefusals: 0 }
  const idle: Wire[] = []
  let open = 0
  let busy = 0
  let number = from
  let next = 0
  const startMs = performance.now()
  const isOver = () => performance.now() - startMs >= seconds * 1000

  const send = (wire: Wire, plannedMs: number) => {
    const path = paths[next++ % paths.length] ?? '/'
    const asked = path.replace('#', () => new Date(Date.UTC(2030, 0) + number++ * 1000).toISOString())
    Object.assign(wire, { plannedMs, head: '', restBytes: 0, isBusy: true })
    busy += 1
    found.sent += 1
    wire.socket.write(`GET ${asked} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
  }
  const answered = (wire: Wire) => {
    wire.isBusy = false
    busy -= 1
    const known = times.get(wire.status)
    const tookMs = performance.now() - wire.plannedMs
    if (known === undefined) times.set(wire.status, [tookMs])
    else known.push(tookMs)
    if ('connections' in pace) isOver() || send(wire, performance.now())
    else idle.push(wire)
  }
  const read = (wire: Wire, data: Buffer) => {
    if (wire.restBytes > 0) wire.restBytes -= data.length
    else {
      wire.head += data.toString('latin1')
      const end = wire.head.indexOf('\r\n\r\n')
      if (end < 0) return
      wire.status = wire.head.slice(9, 12)
      const refused = wire.status === '503' || wire.status === '429'
      if (
        refused &&
        !/\r\nretry-after: [1-9].*application\/problem\+json|application\/problem\+json.*\r\nretry-after: [1-9]/is.test(wire.head)
      )
        found.bareRefusals += 1
      const length = /\r\ntransfer-encoding: chunked/i.test(wire.head) ? Infinity : /\r\ncontent-length: (\d+)/i.exec(wire.head)?.[1]
      wire.restBytes = Number(length ?? 0) - (wire.head.length - end - 4)
    }
    if (wire.restBytes === Infinity && data.subarray(-lastChunk.length).equals(lastChunk)) wire.restBytes = 0
    if (wire.restBytes <= 0 && wire.isBusy) answered(wire)
  }
  const closed = (wire: Wire) => {
    if (wire.isClosed) return
    wire.isClosed = true
    open -= 1
    if (wire.isBusy) {
      busy -= 1
      found.broken += 1
    }
  }
  const connect = async (plannedMs: number) => {
    open += 1
    found.connections = Math.max(found.connections, open)
    const wire = { plannedMs, head: '', restBytes: 0, status: '', isBusy: false, isClosed: false } as unknown as Wire
    try {
      await Bun.connect<Wire>({
        hostname,
        port: Number(port),
        data: wire,
        socket: {
          open(socket) {
            wire.socket = socket
            send(wire, plannedMs)
          },
          data: (_, data) => read(wire, data),
          close: () => closed(wire),
          error: () => closed(wire),
        },
      })
    } catch {
      if (!wire.isClosed) open -= 1
      wire.isClosed = true
      found.broken += 1
    }
  }

  if ('connections' in pace) for (let n = 0; n < pace.connections; n++) void connect(performance.now())
  for (let planned = 0; !isOver(); ) {
    if ('perSecond' in pace) {
      const due = Math.floor(((performance.now() - startMs) / 1000) * pace.perSecond)
      for (; planned < due; planned++) {
        const plannedMs = startMs + (planned / pace.perSecond) * 1000
        let wire = idle.pop()
        while (wire?.isClosed) wire = idle.pop()
        if (wire !== undefined) send(wire, plannedMs)
        else if (open < connectionsMax) void connect(plannedMs)
        else found.unsent += 1
      }
    }
    await Bun.sleep(1)
  }
  const tookS = (performance.now() - startMs) / 1000
  const endMs = performance.now() + afterMs
  while (busy > 0 && performance.now() < endMs) await Bun.sleep(5)
  return {
    ...found,
    broken: found.broken + busy,
    seconds: tookS,
    byStatus: Object.fromEntries([...times].map(([status, values]) => [status, timesOf(values)])),
  }
}

function timesOf(values: number[]): Times {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 10) / 10
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}
