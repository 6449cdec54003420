// `rcr start --workers`: several processes on one port, as readers, editors and operators see them.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { post, type Running, rcr, startProcess, stopProcess } from '../process.ts'
import { pageOf, pidOf, until } from './load.ts'

let folder: string
let system: Running

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-workers-'))
  system = await startProcess(folder, { RCR_WORKERS: '3', RCR_LOG: 'warn' })
}, 60_000)
afterAll(async () => {
  if (system?.child.exitCode === null && system.child.signalCode === null) await stopProcess(system)
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

/** Each question on a connection of its own, so that the system chooses a process for each. */
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(system.api + path, { headers: { connection: 'close', ...headers }, keepalive: false })
const workersOf = async (of: Running) => (await pageOf(of)).workers ?? []
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Requests at the cache, by process. */
async function asked(): Promise<Record<string, number>> {
  const text = await (await fetch(`${system.ops}/metrics`)).text()
  const samples = [...text.matchAll(/^rcr_read_cache_requests_total\{worker="(\d)",outcome="\w+"\} (\d+)$/gm)]
  const found: Record<string, number> = {}
  for (const [, worker = '', count] of samples) found[worker] = (found[worker] ?? 0) + Number(count)
  return found
}

describe('three processes on one port', () => {
  test('all of them answer, and the metrics tell them apart', async () => {
    const before = await asked()
    for (let n = 0; n < 60; n++) expect((await get('/api/v1/content')).status).toBe(200)
    const after = await asked()
    expect(Object.keys(after)).toEqual(['0', '1', '2'])
    const more = Object.entries(after).map(([worker, count]) => count - (before[worker] ?? 0))
    expect(more.every((count) => count > 0)).toBe(true)
    expect(more.reduce((sum, count) => sum + count, 0)).toBe(60)
    const headings = (await (await fetch(`${system.ops}/metrics`)).text()).match(/^# TYPE rcr_gate_refused_total /gm)
    expect(headings?.length).toBe(1)
  })

  test('the password of the database is in no list of processes', async () => {
    const secret = readFileSync(join(folder, 'postgres', 'secret'), 'utf8').trim()
    for (const { pid } of await workersOf(system))
      for (const file of ['cmdline', 'environ']) expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain(secret)
    expect(secret.length).toBeGreaterThan(8)
  })

  test('an editor signs in at one, writes at another, and with the token every one of them shows it', async () => {
    const once = { connection: 'close' }
    const login = await post(`${system.api}/auth/login`, { email: 'editor@example.com', password: 'first-light-2026' }, once)
    const authorization = `Bearer ${((await login.json()) as { accessToken: string }).accessToken}`
    const camera = (await (await get('/cameras/nikon-z8')).json()) as { id: string }
    for (let n = 0; n < 4; n++) {
      const review = { title: `Seen by all ${n}`, summary: 'S.', body: 'Text.', language: 'en', cameraId: camera.id, status: 'published' }
      const made = await post(`${system.api}/reviews`, review, { ...once, authorization })
      expect(made.status).toBe(201)
      const token = made.headers.get('consistency-token') ?? ''
      const { slug } = (await made.json()) as { slug: string }
      for (let reader = 0; reader < 12; reader++) expect((await get(`/content/${slug}`, { 'consistency-token': token })).status).toBe(200)
    }
  })

  test('one that is killed is started again, and new connections notice nothing', async () => {
    const killed = (await workersOf(system))[0]
    process.kill(killed?.pid ?? 0, 'SIGKILL')
    await until(
      () => workersOf(system),
      ([first]) => first?.state !== 'up',
    )
    for (let n = 0; n < 30; n++) expect((await get('/api/v1/content')).status).toBe(200)
    await until(
      () => workersOf(system),
      ([first]) => first?.state === 'up' && first.pid !== killed?.pid,
    )
    expect((await asked())['1']).toBeDefined()
  }, 30_000)

  test('SIGTERM ends all of them within 10 s', async () => {
    const pids = (await workersOf(system)).map(({ pid }) => pid ?? 0)
    const beganMs = performance.now()
    expect(await stopProcess(system)).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(10_000)
    expect(pids.filter(isAlive)).toEqual([])
  }, 30_000)

  test('kill -9 of the first ends the others, and the next start finds the port free', async () => {
    system = await startProcess(folder, { RCR_WORKERS: '2', RCR_LOG: 'warn' })
    const pids = (await workersOf(system)).map(({ pid }) => pid ?? 0)
    expect(pids.length).toBe(1)
    const port = new URL(system.api).port
    process.kill(pidOf(system), 'SIGKILL')
    await until(
      () => pids.filter(isAlive),
      (living) => living.length === 0,
    )
    system = await startProcess(folder, { RCR_HTTP_PORT: port, RCR_LOG: 'warn' })
    expect(new URL(system.api).port).toBe(port)
    expect((await pageOf(system)).workers).toBeUndefined()
  }, 60_000)

  test('who shares a port does not share it with strangers', async () => {
    const stranger = await mkdtemp(join(tmpdir(), 'rcr-stranger-'))
    try {
      const second = rcr(stranger, ['start', '--workers', '2'], { RCR_HTTP_PORT: new URL(system.api).port })
      expect(await second.ended).toBe(1)
      expect(second.output()).toContain('is in use')
      const many = rcr(stranger, ['start', '--workers', '33'])
      expect(await many.ended).toBe(1)
      expect(many.output()).toContain('--workers must be a whole number from 1 to 32')
    } finally {
      await rm(stranger, { recursive: true, force: true })
    }
  }, 60_000)
})
