// What the world is disturbed with: ways that are slow, cut, or answer in somebody's place, and processes that are held down.
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepProcesses, type Process } from '../../scripts/world/processes.ts'
import { openRelay, type Relay } from '../../scripts/world/relay.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { freePorts, until } from '../ring.ts'

let heard = 0
const server = createServer((_, response) => {
  heard += 1
  response.end('from behind')
})
let way: Relay

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  way = await openRelay((server.address() as AddressInfo).port)
})
afterAll(async () => {
  await way[Symbol.asyncDispose]()
  server.close()
})
beforeEach(() => {
  way.mend()
  heard = 0
})

const ask = async () => {
  const response = await fetch(`http://127.0.0.1:${way.port}/`, { keepalive: false })
  return `${response.status} ${await response.text()}`
}

test('what comes over a slow way comes later, and in its time again when that is mended', async () => {
  way.slow(300)
  const sinceMs = systemClock.monotonic()
  expect(await ask()).toBe('200 from behind')
  expect(systemClock.monotonic() - sinceMs).toBeGreaterThanOrEqual(300)
  way.mend()
  const mendedMs = systemClock.monotonic()
  expect(await ask()).toBe('200 from behind')
  expect(systemClock.monotonic() - mendedMs).toBeLessThan(300)
})

test('a way that answers in the place of those behind it does not let them hear of it', async () => {
  way.answer('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\nconnection: close\r\n\r\nno!!')
  expect(await ask()).toBe('500 no!!')
  expect(heard).toBe(0)
  way.mend()
  expect(await ask()).toBe('200 from behind')
})

test('a way that is cut ends what is under way, and refuses', async () => {
  way.slow(60_000)
  const waiting = ask().catch(() => 'ended')
  await until(() => heard === 1)
  way.cut()
  expect(await waiting).toBe('ended')
  expect(await ask().catch(() => 'refused')).toBe('refused')
})

/** A process of its own world, which answers while it is up. */
async function keepOne(patienceMs?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'rcr-ways-'))
  const processes = keepProcesses(folder, patienceMs)
  const [port] = await freePorts(1)
  const program = `Bun.serve({ hostname: '127.0.0.1', port: ${port}, fetch: () => new Response('up') })`
  const readyUrl = `http://127.0.0.1:${port}/`
  const one = await processes.start({ name: 'one', command: [process.execPath, '-e', program], readyUrl })
  return {
    one,
    isUp: () =>
      fetch(readyUrl, { keepalive: false }).then(
        () => true,
        () => false,
      ),
    async [Symbol.asyncDispose]() {
      await processes.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

test('a process that is held stays down until it is released', async () => {
  await using kept = await keepOne()
  const { one, isUp } = kept
  await one.hold()
  expect(await isUp()).toBe(false)
  const sinceMs = systemClock.monotonic() // longer than one that has ended by itself is left alone
  await until(async () => systemClock.monotonic() - sinceMs > 1_500 || (await isUp()))
  expect({ isUp: await isUp(), restarts: one.restarts() }).toEqual({ isUp: false, restarts: 0 })
  one.release()
  await until(isUp)
  expect(one.restarts()).toBe(1)
})

/** Not before the system has done so: a SIGTERM that comes meanwhile is heard first. */
async function still(one: Process) {
  one.signal('SIGSTOP')
  await until(() => readFileSync(`/proc/${one.pid()}/stat`, 'utf8').includes(') T '))
}

test('a process that stands still is restarted by force', async () => {
  await using kept = await keepOne(200)
  const { one, isUp } = kept
  await still(one)
  await one.restart()
  expect({ isUp: await isUp(), restarts: one.restarts() }).toEqual({ isUp: true, restarts: 1 })
})

test('whoever restarts a process that nobody starts again is told so, and does not wait for ever', async () => {
  await using kept = await keepOne()
  const { one } = kept
  await still(one) // it does not hear the SIGTERM
  const restarting = one.restart().catch((error: Error) => error.message)
  await one.hold()
  expect(await restarting).toBe('one is not started again: it is held.')
  expect(await one.restart().catch((error: Error) => error.message)).toBe('one is not started again: it is held.')
  await one.stop()
  expect(await one.restart().catch((error: Error) => error.message)).toBe('one is not started again: it is stopped.')
})
