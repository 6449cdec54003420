// What lies between us and a server, and can go silent without a word, or break.
import { connect, createServer, type Socket } from 'node:net'

export interface Wire {
  url: string
  /** How many have come so far. */
  connections(): number
  /** From now on nothing arrives, in either direction, and nobody is told. */
  hang(): void
  /** All connections break, and so does each new one. */
  cut(): void
  /** As before, also for what was held up. */
  mend(): void
  close(): void
}

export async function openWire(to: string): Promise<Wire> {
  const far = new URL(to)
  const ends = new Set<Socket>()
  let state: 'fair' | 'silent' | 'cut' = 'fair'
  let connections = 0
  const server = createServer((here) => {
    connections += 1
    here.on('error', () => {})
    if (state === 'cut') return void here.resetAndDestroy()
    const there = connect(Number(far.port), far.hostname)
    for (const [from, into] of [
      [here, there],
      [there, here],
    ] as const) {
      ends.add(from)
      from.on('data', (bytes) => into.write(bytes))
      from.on('error', () => {})
      from.on('close', () => {
        ends.delete(from)
        into.destroy()
      })
      if (state === 'silent') from.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(to)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' ? address?.port : '')
  return {
    url: url.href,
    connections: () => connections,
    hang() {
      state = 'silent'
      for (const end of ends) end.pause()
    },
    cut() {
      state = 'cut'
      for (const end of ends) end.resetAndDestroy()
    },
    mend() {
      state = 'fair'
      for (const end of ends) end.resume()
    },
    close() {
      server.close()
      for (const end of ends) end.destroy()
    },
  }
}
