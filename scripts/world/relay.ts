// A way over TCP of some length, that can be cut, slowed and mended: what lies between regions, on one machine.
//
// Bytes arrive half a round trip after they were sent, in their order; the first ones of a connection a whole round trip later,
// as after a handshake. How much fits on the way is bounded, so that whoever sends more than is taken has to wait.
import { connect, createServer, type Socket } from 'node:net'

export interface Relay extends AsyncDisposable {
  port: number
  /** Ends all connections; new ones are refused by an immediate end. */
  cut(): void
  /** All that comes back comes so much later. */
  slow(moreMs: number): void
  /** Whatever is sent is answered with this, and the connection ends: nobody behind it hears of it. */
  answer(bytes: string | Buffer): void
  /** As it was, for what is opened and sent from now on. */
  mend(): void
}

/** On the way in one direction: above 250 Mbit/s at the longest distance of ours. */
const wayBytes = 8 * 1024 * 1024

export async function openRelay(toPort: number, { roundTripMs = 0 } = {}): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isCut = false
  let moreMs = 0
  let instead: string | Buffer | null = null
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    if (isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const socket of [near, far]) sockets.add(socket)
    const openMs = performance.now() + roundTripMs
    const over = { is: false }
    near.on('data', () => {
      const bytes = instead
      if (bytes === null || over.is) return
      over.is = true
      setTimeout(() => near.end(bytes), roundTripMs)
      far.destroy()
    })
    join(near, far, over, (nowMs) => Math.max(nowMs, openMs) + roundTripMs / 2)
    join(far, near, over, (nowMs) => nowMs + roundTripMs / 2 + moreMs)
  })

  /** What `from` sends comes out of `to`, and so does its end, until that is over. */
  function join(from: Socket, to: Socket, over: Readonly<{ is: boolean }>, arrivalMs: (nowMs: number) => number) {
    const way: (Buffer | null)[] = []
    let bytes = 0
    let last = 'on its way'
    const arrive = () => {
      const chunk = way.shift()
      if (to.destroyed || over.is || chunk === undefined) return
      if (chunk === null) {
        if (last === 'end') to.end()
        else to.resetAndDestroy()
        return
      }
      to.write(chunk, () => {
        bytes -= chunk.length
        if (from.isPaused() && bytes < wayBytes / 2) from.resume()
      })
    }
    const send = (chunk: Buffer | null) => {
      way.push(chunk)
      const nowMs = performance.now()
      const waitMs = arrivalMs(nowMs) - nowMs
      if (waitMs > 0) setTimeout(arrive, waitMs)
      else arrive()
    }
    const finish = (how: string) => {
      if (last !== 'on its way') return
      last = how
      send(null)
    }
    from.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > wayBytes) from.pause()
      send(chunk)
    })
    from.on('end', () => finish('end'))
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      finish('broken')
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      isCut = true
      for (const socket of sockets) socket.resetAndDestroy()
    },
    slow(ms) {
      moreMs = ms
    },
    answer(bytes) {
      instead = bytes
    },
    mend() {
      isCut = false
      moreMs = 0
      instead = null
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
