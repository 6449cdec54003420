import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { listen } from './serve.ts'

const listening = (port: number, hosts = ['127.0.0.1']) =>
  listen({ fetch: () => new Response('here'), hosts, port, defect: () => new Response(null, { status: 500 }) })

test('a port that somebody listens on is refused, never shared', async () => {
  const first = listening(0)
  try {
    expect(() => listening(first.port)).toThrow(`Port ${first.port} on 127.0.0.1 is in use`)
    expect(await (await fetch(first.url)).text()).toBe('here')
  } finally {
    await first.stop(0)
  }
})

test('nor is it shared by halves: who asks for localhost may be sent to either of its addresses', async () => {
  const stranger = listening(0, ['::1'])
  try {
    expect(() => listening(stranger.port, ['127.0.0.1', '::1'])).toThrow(`Port ${stranger.port} on ::1 is in use`)
    const alone = listening(stranger.port) // and nothing was left listening
    await alone.stop(0)
  } finally {
    await stranger.stop(0)
  }
})

test('an address that this machine lacks is left out beside one that it has', async () => {
  const listener = listening(0, ['127.0.0.1', '2001:db8::1'])
  expect(await (await fetch(listener.url)).text()).toBe('here')
  await listener.stop(0)
})

test('HEAD is dated like every other answer', async () => {
  const listener = listening(0)
  const { headers } = await fetch(listener.url, { method: 'HEAD' })
  expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(5_000)
  await listener.stop(0)
})

test('a long answer that comes late arrives whole, its head in one packet', async () => {
  const text = 'long '.repeat(4_000)
  const headers = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`x-header-${n}`, `value ${n}`]))
  const late = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return new Response(text, { headers: { ...headers, 'content-length': String(text.length) } })
  }
  const listener = listen({ fetch: late, hosts: ['127.0.0.1'], port: 0, defect: () => new Response(null, { status: 500 }) })
  try {
    const answer = await fetch(listener.url)
    expect(answer.headers.get('x-header-11')).toBe('value 11')
    expect(await answer.text()).toBe(text)
    const socket = connect(listener.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
    const [first] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(first.toString('latin1')).toContain('\r\n\r\n')
  } finally {
    await listener.stop(0)
  }
})
