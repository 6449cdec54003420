// More calls than a connection may have, or begun and reset in one breath: as raw HTTP/2 frames, since no honest client sends them.
import { connect, type Socket } from 'node:net'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const types = { data: 0, headers: 1, reset: 3, settings: 4 } as const

function frame(type: keyof typeof types, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(types[type], 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])

/** POST, http, and four headers as literals that no table remembers. */
const headersOf = (path: string) =>
  Buffer.concat([
    Buffer.from([0x83, 0x86, 0x04]),
    text(path),
    Buffer.from([0x01]),
    text('localhost'),
    Buffer.from([0x0f, 0x10]),
    text('application/grpc'),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
  ])

const cancel = Buffer.from([0, 0, 0, 8])

/** Begins `calls` with the message, and resets each at once if `resets`. The socket stays open. */
export async function storm(
  port: number,
  path: string,
  message: Buffer,
  { calls, resets }: { calls: number; resets: boolean },
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(Buffer.concat([preface, frame('settings', 0, 0, Buffer.alloc(0))]))
  const headers = headersOf(path)
  const body = Buffer.concat([Buffer.alloc(4), Buffer.from([message.length]), message])
  for (let n = 0; n < calls; n++) {
    const stream = 2 * n + 1
    const reset = resets ? [frame('reset', 0, stream, cancel)] : []
    socket.write(Buffer.concat([frame('headers', 4, stream, headers), frame('data', 1, stream, body), ...reset]))
  }
  return socket
}
