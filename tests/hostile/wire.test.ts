// A listening process, and bytes that no honest client sends: one answer to each request at most, bounded time, bounded memory.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../../src/kit/clock.ts'
import { testPostgres } from '../postgres.ts'
import { type Running, startProcess, stopProcess } from '../process.ts'
import { exchange, head, opened } from './raw.ts'

let folder: string
let running: Running

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-wire-'))
  const { url } = await (await testPostgres()).database()
  running = await startProcess(folder, { RCR_LOG: 'warn', DATABASE_URL: url })
}, 60_000)
afterAll(async () => {
  if (running) await stopProcess(running)
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}, 30_000)

const send = (bytes: string | Uint8Array, options = {}) => exchange(running.api, bytes, options)
const get = (path: string, ...headers: string[]) => head(`GET ${path} HTTP/1.1`, ...headers)
const json = 'Content-Type: application/json'
const post = (path: string, body: string, ...headers: string[]) =>
  head(`POST ${path} HTTP/1.1`, json, `Content-Length: ${Buffer.byteLength(body)}`, ...headers) + body

const bytesOfProcess = async (): Promise<number> => {
  const text = await (await fetch(`${running.ops}/metrics`)).text()
  return Number(/^rcr_process_resident_memory_bytes (\S+)/m.exec(text)?.[1])
}
const isWell = async () => {
  const startedMs = performance.now()
  expect((await fetch(`${running.ops}/healthz`)).status).toBe(200)
  expect((await fetch(`${running.api}/content?limit=1`)).status).toBe(200)
  expect(performance.now() - startedMs).toBeLessThan(1_500)
}

describe('a request that two parsers might read differently', () => {
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const chunked = 'Transfer-Encoding: chunked'
  const forms: Record<string, string> = {
    'both lengths': `${head('POST /auth/login HTTP/1.1', json, 'Content-Length: 5', chunked)}0\r\n\r\n${inner}`,
    'both lengths, the other way round': `${head('POST /auth/login HTTP/1.1', json, chunked, 'Content-Length: 5')}0\r\n\r\n${inner}`,
    'two lengths that differ': `${head('POST /auth/login HTTP/1.1', json, 'Content-Length: 0', `Content-Length: ${inner.length}`)}${inner}`,
    'a list of lengths': `${head('POST /auth/login HTTP/1.1', json, `Content-Length: 0, ${inner.length}`)}${inner}`,
    'a length with a sign': `${head('POST /auth/login HTTP/1.1', json, 'Content-Length: +0')}${inner}`,
    'a negative length': `${head('POST /auth/login HTTP/1.1', json, 'Content-Length: -1')}${inner}`,
    'a length in hexadecimal': `${head('POST /auth/login HTTP/1.1', json, 'Content-Length: 0x0')}${inner}`,
    'a length beyond all numbers': `${head('POST /auth/login HTTP/1.1', json, `Content-Length: ${'9'.repeat(30)}`)}${inner}`,
    'an unknown coding': `${head('POST /auth/login HTTP/1.1', json, 'Transfer-Encoding: xchunked')}0\r\n\r\n${inner}`,
    'chunked not last': `${head('POST /auth/login HTTP/1.1', json, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${inner}`,
    'two codings': `${head('POST /auth/login HTTP/1.1', json, chunked, 'Transfer-Encoding: identity')}0\r\n\r\n${inner}`,
    'space before the colon': `${head('POST /auth/login HTTP/1.1', json, 'Transfer-Encoding : chunked')}0\r\n\r\n${inner}`,
    'a folded header': `${head('POST /auth/login HTTP/1.1', json, 'X-A: b\r\n Transfer-Encoding: chunked')}0\r\n\r\n${inner}`,
    'a NUL in a header': get('/content', 'X-A: b\u0000c'),
    'a space in a name': get('/content', 'X A: b'),
    'lines that end in LF alone': 'GET /content HTTP/1.1\nHost: localhost\n\n',
    'no version': 'GET /content\r\n\r\n',
    'another version': head('GET /content HTTP/3.7'),
    'no host': 'GET /content HTTP/1.1\r\n\r\n',
  }
  for (const [form, bytes] of Object.entries(forms))
    test(`is answered once, with a refusal, and the connection ends: ${form}`, async () => {
      const { replies, closed, text } = await send(bytes)
      expect(replies.map(({ status }) => status)).toEqual([form.includes('version') || form.includes('LF') ? 505 : 400])
      expect(closed).toBeTrue()
      expect(text).not.toInclude('smuggled')
    })

  test('a chunk of no size, too large a size or no end breaks off without an answer that follows', async () => {
    const start = head('POST /auth/login HTTP/1.1', json, chunked)
    for (const rest of [
      'zz\r\n{}\r\n0\r\n\r\n',
      '-2\r\n{}\r\n0\r\n\r\n',
      `${'f'.repeat(20)}\r\n{}`,
      '2\r\n{}zz\r\n0\r\n\r\n',
      '2;\n\r\n{}\r\n0\r\n\r\n',
    ]) {
      const { replies, closed } = await send(start + rest + inner)
      expect(closed).toBeTrue()
      expect(replies.map(({ status }) => status)).toEqual([400])
    }
    const { replies } = await send(`${start}1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`)
    expect(replies[0]?.status).toBe(400)
    expect(JSON.parse(replies[0]?.body ?? '').errors.length).toBe(2) // read as `{}`: two members are missing
  })
})

describe('which host is meant', () => {
  test('a request with two hosts, none that can be read, or one that is too long is 400 with a problem document', async () => {
    for (const hosts of [
      ['Host: a', 'Host: b'],
      ['Host: a', 'Host: a'],
      ['Host: a, b'],
      ['Host: '],
      ['Host: a b'],
      ['Host: u@a'],
      ['Host: a/b?c'],
      [`Host: ${'a'.repeat(261)}`],
    ])
      for (const path of ['/content?limit=1', '/nowhere', '/docs']) {
        const { replies } = await send([`GET ${path} HTTP/1.1`, ...hosts, '', ''].join('\r\n'))
        expect([hosts, replies[0]?.status, replies[0]?.headers.get('content-type')]).toEqual([hosts, 400, 'application/problem+json'])
        expect(replies[0]?.headers.get('x-request-id')).toBeString()
      }
  })

  test('HTTP/1.0 may leave it out, as health checks of gateways do', async () => {
    const { replies, closed } = await send('GET /content?limit=1 HTTP/1.0\r\n\r\n')
    expect(replies[0]?.status).toBe(200)
    expect(closed).toBeTrue()
    const sent = '{"email":"nobody@example.com","password":"x"}'
    const signIn = await send(`POST /auth/login HTTP/1.0\r\n${json}\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`)
    expect(signIn.replies[0]?.status).toBe(401)
  })

  test('an absolute target is served like the path in it, whatever host it names', async () => {
    const { replies } = await send(head('GET http://elsewhere.example/content?limit=1 HTTP/1.1'))
    expect(replies[0]?.status).toBe(200)
    expect(replies[0]?.body).not.toInclude('elsewhere')
  })
})

test('methods that are none of ours are refused, and nothing is echoed', async () => {
  const trace = await send(head('TRACE /content HTTP/1.1', 'X-Secret: of-a-gateway'))
  expect(trace.replies[0]?.status).toBe(405)
  expect(trace.text).not.toInclude('of-a-gateway')
  const connect = await send(head('CONNECT localhost:22 HTTP/1.1'))
  expect(connect.replies[0]?.status).toBeGreaterThanOrEqual(400)
  expect((await send(head('BREW /content HTTP/1.1'))).replies.filter(({ status }) => status < 400)).toEqual([])
  expect((await send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).replies[0]?.status).toBe(400)
})

test('pipelined requests are answered in order', async () => {
  const paths = ['/content?limit=1', '/nowhere', '/users/me', '/content?limit=101', '/content?limit=1']
  const { replies } = await send(paths.map((path) => get(path)).join(''), { enough: paths.length })
  expect(replies.map(({ status }) => status)).toEqual([200, 404, 401, 400, 200])
})

test('answers without a body are framed so that no client waits or misreads the next one', async () => {
  for (const path of ['/content?limit=1', '/.well-known/jwks.json', '/openapi.json', '/docs', '/nowhere', '/users/me']) {
    const [whole] = (await send(get(path))).replies
    const { text } = await send(head(`HEAD ${path} HTTP/1.1`) + get('/content?limit=1'), { enough: 2, silentMs: 250 })
    const said = /content-length: (\d+)/i.exec(text)?.[1]
    const own = (body = '') => body.replaceAll(/"requestId":"[^"]*"/g, (id) => 'x'.repeat(id.length))
    expect([path, Number(said)]).toEqual([path, Buffer.byteLength(own(whole?.body))])
    expect(text.slice(0, text.indexOf('\r\n\r\n'))).toMatch(/^date: /im)
    expect(text.split('HTTP/1.1 ').length).toBe(3)
  }
  const [made] = (await send(get('/content?limit=1'))).replies
  const unchanged = await send(get('/content?limit=1', `If-None-Match: ${made?.headers.get('etag')}`))
  expect(unchanged.text).toStartWith('HTTP/1.1 304')
  expect(unchanged.text).toEndWith('\r\n\r\n')
  expect(unchanged.text).not.toMatch(/content-length: [1-9]/i)
  const options = await send(head('OPTIONS /content HTTP/1.1'))
  expect(options.text).toStartWith('HTTP/1.1 204')
  expect(options.text).not.toMatch(/content-length/i)
})

test('what is too large is refused before it is read or inflated', async () => {
  expect((await send(get('/content', `X-A: ${'a'.repeat(20_000)}`))).replies[0]?.status).toBe(431)
  expect((await send(get('/content', ...Array.from({ length: 300 }, (_, n) => `X-${n}: a`)))).replies[0]?.status).toBe(431)
  expect((await send(get(`/${'a'.repeat(20_000)}`))).replies[0]?.status).toBe(431)
  expect((await send(get(`/content/${'a'.repeat(9_000)}`))).replies[0]?.status).toBe(400)
  const before = await bytesOfProcess()
  const large = await send(post('/auth/login', 'x'.repeat(3_000_000)))
  expect([large.replies[0]?.status, large.replies[0]?.headers.get('content-type')]).toEqual([413, 'application/problem+json'])
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20), { level: 9 })
  const start = head('POST /auth/login HTTP/1.1', json, 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`)
  const startedMs = performance.now()
  const { replies } = await send(Buffer.concat([Buffer.from(start), bomb]))
  expect(performance.now() - startedMs).toBeLessThan(500)
  expect(replies[0]?.status).toBe(415)
  expect(replies[0]?.headers.get('accept-encoding')).toBe('identity')
  expect((await bytesOfProcess()) - before).toBeLessThan(48 * 2 ** 20)
})

test('who asks to be told before sending a body is told', async () => {
  const { text } = await send(head('POST /auth/login HTTP/1.1', json, 'Expect: 100-continue', 'Content-Length: 2'), { silentMs: 300 })
  expect(text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
})

test('uploads that break off leave nothing behind, in the log either', async () => {
  const before = running.output()
  for (let n = 0; n < 10; n++) {
    const socket = await opened(running.api)
    socket.write(`${head('POST /auth/login HTTP/1.1', json, 'Content-Length: 100')}{"email":`)
    await systemClock.sleep(20)
    socket.destroy()
  }
  await isWell()
  expect(running.output()).toBe(before)
})

test('readers that do not read cost little, and the others nothing', async () => {
  const before = await bytesOfProcess()
  const sockets = await Promise.all(Array.from({ length: 20 }, () => opened(running.api)))
  for (const socket of sockets) {
    socket.pause()
    socket.write(`${get('/docs/swagger-ui-bundle.js')}${get('/content?limit=20').repeat(2_000)}`)
  }
  await systemClock.sleep(500)
  await isWell()
  expect((await bytesOfProcess()) - before).toBeLessThan(96 * 2 ** 20)
  for (const socket of sockets) socket.destroy()
})

test('slow clients are cut off in bounded time, and nobody else waits for them', async () => {
  const starts: Record<string, string> = {
    silent: '',
    'slow head': 'GET /content HTTP/1.1\r\nHost: localhost\r\nX-A: ',
    'slow body': head('POST /auth/login HTTP/1.1', json, 'Content-Length: 1000'),
    'slow chunks': head('POST /auth/login HTTP/1.1', json, 'Transfer-Encoding: chunked'),
  }
  const sockets = await Promise.all(Object.values(starts).flatMap((start) => Array.from({ length: 5 }, () => slowly(start))))
  const over = new AbortController()
  const watch = (async () => {
    while (!over.signal.aborted) {
      await isWell()
      await systemClock.sleep(1_000, over.signal)
    }
  })()
  const answers = await Promise.all(sockets)
  over.abort()
  await watch
  expect(answers.filter(({ seconds }) => seconds > 20)).toEqual([])
  expect(answers.filter(({ text, start }) => start.startsWith('POST') && !text.startsWith('HTTP/1.1 408'))).toEqual([])
}, 40_000)

/** One more byte each second, until the server says something or closes. */
async function slowly(start: string): Promise<{ start: string; seconds: number; text: string }> {
  const socket: Socket = await opened(running.api)
  const startedMs = performance.now()
  const done = new AbortController()
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
    done.abort()
  })
  socket.on('close', () => done.abort())
  socket.write(start)
  while (!done.signal.aborted) {
    await systemClock.sleep(1_000, done.signal)
    if (start !== '' && !done.signal.aborted) socket.write(start.includes('chunked') ? '1\r\n \r\n' : ' ')
  }
  socket.destroy()
  return { start, seconds: (performance.now() - startedMs) / 1000, text }
}
