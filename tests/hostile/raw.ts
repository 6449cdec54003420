// Bytes as no client library sends them, to a listening process, and whatever comes back.
import { connect, type Socket } from 'node:net'
import { systemClock } from '../../src/kit/clock.ts'

export interface Reply {
  status: number
  headers: ReadonlyMap<string, string>
  body: string
}

export interface Exchange {
  /** Every answer, in order, as far as they are whole. */
  replies: Reply[]
  /** The server closed the connection. */
  closed: boolean
  text: string
}

export const port = (url: string): number => Number(new URL(url).port)

export async function opened(url: string): Promise<Socket> {
  const socket = connect(port(url), '127.0.0.1')
  socket.on('error', () => {}) // a reset is an answer, too
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}

/** Sends, and listens until `enough` answers are there, the server closes, or it has been silent for `silentMs`. */
export async function exchange(url: string, bytes: string | Uint8Array, { enough = 1, silentMs = 1_000 } = {}): Promise<Exchange> {
  const socket = await opened(url)
  const chunks: Buffer[] = []
  let closed = false
  let heard = new AbortController()
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    heard.abort()
  })
  socket.on('close', () => {
    closed = true
    heard.abort()
  })
  socket.write(bytes)
  let found = repliesIn(Buffer.concat(chunks))
  while (!closed && found.length < enough) {
    await systemClock.sleep(silentMs, heard.signal)
    if (!heard.signal.aborted) break
    heard = new AbortController()
    found = repliesIn(Buffer.concat(chunks))
  }
  // What follows an answer that was enough comes with it or not at all.
  if (!closed) await systemClock.sleep(50)
  const text = Buffer.concat(chunks)
  socket.destroy()
  return { replies: repliesIn(text), closed, text: text.toString('latin1') }
}

function repliesIn(bytes: Buffer): Reply[] {
  const replies: Reply[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end < 0) break
    const [line = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1])
    const headers = new Map(
      lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 2)]),
    )
    const rest = bytes.subarray(end + 4)
    const body =
      headers.get('transfer-encoding') === 'chunked' ? unchunked(rest) : counted(rest, Number(headers.get('content-length') ?? 0))
    if (body === null) break
    replies.push({ status, headers, body: body.text })
    at = end + 4 + body.bytes
  }
  return replies
}

const counted = (rest: Buffer, length: number) => (length > rest.length ? null : { text: rest.toString('utf8', 0, length), bytes: length })

function unchunked(rest: Buffer): { text: string; bytes: number } | null {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(rest.toString('latin1', at, line), 16)
    const end = line + 2 + size
    if (!(end + 2 <= rest.length)) return null
    if (size === 0) return { text: Buffer.concat(chunks).toString('utf8'), bytes: end + 2 }
    chunks.push(rest.subarray(line + 2, end))
    at = end + 2
  }
}

export const head = (line: string, ...headers: string[]): string => `${[line, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`
