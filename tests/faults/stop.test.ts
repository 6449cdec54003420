// SIGTERM in the middle of work: what was begun is answered, nothing new is taken, operators see it at once.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { type Running, startProcess } from '../process.ts'
import { until } from '../ring.ts'

let folder: string
let running: Running

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-stop-'))
  running = await startProcess(folder, { RCR_LOG: 'error' })
}, 30_000)
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.ended
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const body = JSON.stringify({ email: 'editor@example.com', password: 'first-light-2026' })
const head = `POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`

/** A request of which the second half comes when `go` is called; resolves with the whole answer. */
async function halfSent(): Promise<{ go: () => void; answer: Promise<string> }> {
  const { hostname, port } = new URL(running.api)
  const socket: Socket = connect(Number(port), hostname)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => resolve(text))
    socket.on('close', () => resolve(text))
  })
  socket.write(head + body.slice(0, 10))
  return { go: () => socket.write(body.slice(10)), answer }
}

const isRefused = (url: string) =>
  fetch(url).then(
    () => false,
    () => true,
  )

test('a request that was under way is answered after SIGTERM, new ones are not taken, and the process ends in order', async () => {
  const begun = await halfSent()
  await fetch(`${running.api}/content`) // by now the half request has been read, too
  running.child.kill('SIGTERM')
  while (!(await isRefused(`${running.api}/content`))) await systemClock.sleep(5)
  const readyz = await fetch(`${running.ops}/readyz`)
  // 404 and not 503: HAProxy sends nobody else then, and cuts nobody.
  expect({ status: readyz.status, said: await readyz.json() }).toMatchObject({ status: 404, said: { status: 'not ready', stopping: true } })
  begun.go()
  const answer = await begun.answer
  expect(answer).toStartWith('HTTP/1.1 200')
  expect(answer).toContain('accessToken')
  expect(await running.ended).toBe(0)
}, 20_000)

/** On a connection of its own: how it was answered, and whether that ended the connection. */
const outcomeOf = (url: string) =>
  fetch(url, { keepalive: false }).then(
    async (response) => {
      await response.arrayBuffer()
      return `${response.status} ${response.headers.get('connection')}`
    },
    () => 'refused',
  )

/** Asks until it is refused: in which ways it was answered, and for how long. */
async function answeredFor(url: string) {
  const sinceMs = systemClock.monotonic()
  const outcomes = new Set<string>()
  for (;;) {
    const outcome = await outcomeOf(url)
    if (outcome === 'refused') return { outcomes: [...outcomes], lastedMs: systemClock.monotonic() - sinceMs }
    outcomes.add(outcome)
  }
}

/** As its supervisor knows it: the first process alone (systemd's KillMode=mixed, Kubernetes), or each of its group (KillMode=control-group). */
test.each([
  ['1', 'alone'],
  ['2', 'alone'],
  ['2', 'and its workers'],
])(
  'with RCR_DRAIN_S the gateway is told first: of %s on the port, SIGTERM to the first one %s, each answers all that comes, and parts',
  async (workers, told) => {
    const draining = await startProcess(folder, { RCR_LOG: 'error', RCR_DRAIN_S: '2', RCR_WORKERS: workers })
    const url = `${draining.api}/content`
    try {
      const pids = readFileSync(`/proc/${draining.child.pid}/task/${draining.child.pid}/children`, 'utf8').trim().split(' ').map(Number)
      const isWorker = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--leashed')
      for (const pid of [draining.child.pid ?? 0, ...(told === 'alone' ? [] : pids.filter(isWorker))]) process.kill(pid, 'SIGTERM')
      await until(async () => (await fetch(`${draining.ops}/readyz`)).status === 404)
      // A worker is told a moment after the first.
      await until(async () => (await Promise.all(Array.from({ length: 20 }, () => outcomeOf(url)))).every((one) => one === '200 close'))
      const { outcomes, lastedMs } = await answeredFor(url)
      expect(outcomes).toEqual(['200 close'])
      expect(lastedMs).toBeGreaterThan(1_000)
      expect(await draining.ended).toBe(0)
      expect(draining.output()).not.toContain('a worker ended')
    } finally {
      draining.child.kill('SIGKILL')
      await draining.ended
    }
  },
  60_000,
)
