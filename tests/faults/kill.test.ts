// The plug is pulled at random points while editors write: what was acknowledged is there, once, and readers see all of it.
import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { testPostgres } from '../postgres.ts'
import { post, type Running, rcr, startProcess, stopProcess } from '../process.ts'
import { seeded } from '../random.ts'

const rounds = Number(process.env.KILL_ROUNDS ?? 5)
const writesEach = Number(process.env.KILL_WRITES ?? 500)
const writers = 16

const folders: string[] = []
const running = new Set<Running>()
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  }
  running.clear()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-kill-'))
  folders.push(folder)
  return folder
}

async function begin(folder: string, environment: Record<string, string> = {}): Promise<Running> {
  const process = await startProcess(folder, { RCR_LOG: 'error', ...environment })
  running.add(process)
  return process
}

interface Acknowledged {
  key: string
  id: string
  version: number
}

/** Writers that repeat an unanswered write with its key until it is answered. `at` is where they write now. */
function newsroom(at: { process: Running }, authorization: string, cameraId: string) {
  const ledger: Acknowledged[] = []
  const isDone = (most: number) => ledger.length >= most
  let keys = 0

  async function send(key: string, method: string, path: string, body: object, version?: number): Promise<Acknowledged> {
    for (;;) {
      try {
        const response = await fetch(`${at.process.api}${path}`, {
          method,
          body: JSON.stringify(body),
          headers: {
            authorization,
            'content-type': 'application/json',
            'idempotency-key': key,
            ...(version !== undefined && { 'if-match': `"${version}"` }),
          },
        })
        const answer = (await response.json()) as { id: string; version: number }
        if (response.ok) return { key, id: answer.id, version: answer.version }
        if (response.status < 500) throw new Error(`${method} ${path} ${key}: ${response.status} ${JSON.stringify(answer)}`)
      } catch (error) {
        if (error instanceof Error && /^(POST|PATCH) /.test(error.message)) throw error
      }
      await systemClock.sleep(20)
    }
  }

  async function writer(most: number): Promise<void> {
    let mine: Acknowledged | undefined
    while (!isDone(most)) {
      keys += 1
      const key = `key-${keys}`
      const revise = mine !== undefined && keys % 3 !== 0
      const acknowledged: Acknowledged = revise
        ? await send(key, 'PATCH', `/reviews/${mine?.id}`, { summary: key }, mine?.version)
        : await send(key, 'POST', '/reviews', { title: key, summary: key, body: 'Text.', language: 'en', cameraId, status: 'published' })
      ledger.push(acknowledged)
      mine = acknowledged
    }
  }

  return { ledger, write: (most: number) => Promise.all(Array.from({ length: writers }, () => writer(most))) }
}

async function signIn(api: string): Promise<string> {
  const response = await post(`${api}/auth/login`, { email: 'editor@example.com', password: 'first-light-2026' })
  return `Bearer ${((await response.json()) as { accessToken: string }).accessToken}`
}

const cameraOf = async (api: string) => ((await (await fetch(`${api}/cameras/nikon-z8`)).json()) as { id: string }).id

/** Each acknowledged write is in the history as it was sent, and there is nothing else. */
async function expectNothingLost(api: string, authorization: string, ledger: readonly Acknowledged[]): Promise<void> {
  const versions = new Map<string, Acknowledged[]>()
  for (const write of ledger) versions.set(write.id, [...(versions.get(write.id) ?? []), write])
  for (const [id, writes] of versions) {
    const response = await fetch(`${api}/reviews/${id}/history?limit=100`, { headers: { authorization } })
    const { data } = (await response.json()) as { data: { version: number }[] }
    expect(data.map(({ version }) => version)).toEqual(writes.map(({ version }) => version).sort((a, b) => b - a))
    for (const { version, key } of writes) {
      const change = await (await fetch(`${api}/reviews/${id}/history/${version}`, { headers: { authorization } })).text()
      expect(change).toContain(`"${key}"`)
    }
  }
  const own = new Set<string>()
  let path: string | null = '/reviews?limit=100'
  while (path !== null) {
    const page = (await (await fetch(new URL(path, `${api}/reviews`), { headers: { authorization } })).json()) as {
      data: { id: string }[]
      links: { next: string | null }
    }
    for (const { id } of page.data) own.add(id)
    path = page.links.next
  }
  expect(own).toEqual(new Set(versions.keys()))
}

test(`kill -9 at random points of ${rounds} × ${writesEach} acknowledged writes: none lost, none doubled, readers see all`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  console.log(`seed ${seed} (SEED=${seed} repeats it)`)
  const random = seeded(seed)
  const folder = await newFolder()
  const at = { process: await begin(folder) }
  const authorization = await signIn(at.process.api)
  const room = newsroom(at, authorization, await cameraOf(at.process.api))
  for (let round = 1; round <= rounds; round++) {
    const most = round * writesEach
    const killAt = (round - 1) * writesEach + Math.floor(random() * writesEach)
    const writing = room.write(most)
    while (room.ledger.length < killAt) await systemClock.sleep(1)
    at.process.child.kill('SIGKILL')
    await at.process.ended
    running.delete(at.process)
    at.process = await begin(folder)
    await writing
  }
  await expectNothingLost(at.process.api, authorization, room.ledger)
  const verify = rcr(folder, ['verify'])
  expect({ status: await verify.ended, output: verify.output() }).toMatchObject({ status: 0 })
  expect(await stopProcess(at.process)).toBe(0)
  running.delete(at.process)
}, 240_000)

test('two projectors, one paused in the middle and continued: the read model is as one alone makes it', async () => {
  const folder = await newFolder()
  const database = await (await testPostgres()).database()
  const environment = { DATABASE_URL: database.url }
  const at = { process: await begin(folder, environment) }
  const other = await begin(folder, environment)
  const authorization = await signIn(at.process.api)
  const room = newsroom(at, authorization, await cameraOf(at.process.api))
  const writing = room.write(400)
  while (room.ledger.length < 100) await systemClock.sleep(1)
  other.child.kill('SIGSTOP')
  while (room.ledger.length < 300) await systemClock.sleep(1)
  other.child.kill('SIGCONT')
  await writing
  const verify = rcr(folder, ['verify'], environment)
  expect({ status: await verify.ended, output: verify.output() }).toMatchObject({ status: 0 })
  for (const process of [at.process, other]) {
    expect(await stopProcess(process)).toBe(0)
    running.delete(process)
  }
  await database.drop()
}, 120_000)
