// Eight editors and four readers on four reviews, over HTTP, while the process is killed: what each of them saw can have happened.
//
//   HISTORY_KILLS=20 HISTORY_WRITES=5000 SEED=7 bun test tests/faults/durability-histories.test.ts
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { type Event, faultsOf, type Read, sessionFaultsOf, type Written } from '../histories.ts'
import { cameraOf, marksOf, signIn } from '../newsroom.ts'
import { testPostgres } from '../postgres.ts'
import { post, type Running, startProcess, stopProcess } from '../process.ts'
import { seeded } from '../random.ts'

const kills = Number(process.env.HISTORY_KILLS ?? 2)
const writesEach = Number(process.env.HISTORY_WRITES ?? 150)
const seed = Number(process.env.SEED ?? Date.now() % 1e9)

describe('the judge of histories', () => {
  const read = (calledMs: number, version: number, ...marks: string[]): Read => ({
    what: 'read',
    document: 'd',
    calledMs,
    answeredMs: calledMs + 1,
    version,
    marks,
  })
  const wrote = (calledMs: number, mark: string, upon: number, more: Partial<Written> = {}): Written => ({
    what: 'written',
    document: 'd',
    calledMs,
    answeredMs: calledMs + 1,
    mark,
    upon,
    made: upon + 1,
    ...more,
  })
  const judge = (events: Event[], ...marks: string[]) => faultsOf(events, new Map([['d', marks]]))

  test('finds nothing in what can have happened', () => {
    const unanswered = wrote(4, 'c', 2, { answeredMs: null, made: null })
    const refused = wrote(8, 'x', 1, { made: null, stood: 3 })
    expect(judge([wrote(0, 'a', 0), wrote(2, 'b', 1), read(2, 1, 'a', 'a'), unanswered, read(6, 3, 'c'), refused], 'a', 'b', 'c')).toEqual(
      [],
    )
    expect(judge([wrote(0, 'a', 0), unanswered], 'a')).toEqual([])
  })

  test.each([
    ['a lost update', [wrote(0, 'a', 0), wrote(2, 'b', 1)], ['a']],
    ['an update over an update', [wrote(0, 'a', 0), wrote(2, 'b', 1), wrote(4, 'c', 1)], ['a', 'c']],
    ['a write that took effect twice', [wrote(0, 'a', 0)], ['a', 'a']],
    ['a version gap', [wrote(0, 'a', 0, { made: 2 })], ['?', 'a']],
    ['a stale read', [wrote(0, 'a', 0), wrote(2, 'b', 1), read(4, 1, 'a')], ['a', 'b']],
    ['a read that goes back', [wrote(0, 'a', 0), wrote(2, 'b', 1, { answeredMs: 99 }), read(4, 2, 'b'), read(6, 1, 'a')], ['a', 'b']],
    ['a refusal that goes back', [wrote(0, 'a', 0), wrote(2, 'b', 1), wrote(4, 'c', 0, { made: null, stood: 1 })], ['a', 'b']],
    ['a read of what comes later', [wrote(0, 'a', 0), read(2, 2, 'b'), wrote(9, 'b', 1)], ['a', 'b']],
    ['a fractured version', [wrote(0, 'a', 0), wrote(2, 'b', 1), read(4, 2, 'b', 'a')], ['a', 'b']],
    ['a read of what there never was', [wrote(0, 'a', 0), read(2, 7, 'z')], ['a']],
  ] as [string, Event[], string[]][])('finds %s', (_, events, marks) => expect(judge(events, ...marks)).not.toEqual([]))

  const writes = [wrote(0, 'a', 0), wrote(2, 'b', 1)]
  const judgeSessions = (...sessions: Read[][]) => sessionFaultsOf(sessions, writes, new Map([['d', ['a', 'b']]]))
  test('lets one client see less than another one, and none go back', () => {
    expect(judgeSessions([read(4, 2, 'b'), read(6, 2, 'b')], [read(5, 1, 'a'), read(7, 1, 'a'), read(9, 2, 'b')])).toEqual([])
    expect(judgeSessions([read(4, 2, 'b'), read(6, 1, 'a')])).not.toEqual([])
    expect(judgeSessions([read(1, 2, 'b')])).toEqual([]) // called before its answer
    expect(judgeSessions([read(0, 2, 'b')])).not.toEqual([])
  })
})

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

/** Clients that go on through kills. `at` is where the system is now. */
function office(at: { process: Running }, authorization: string, documents: readonly string[], random: () => number) {
  const events: Event[] = []
  const pick = () => documents[Math.floor(random() * documents.length)] as string
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${at.process.api}${path}`, { ...init, headers: { authorization, 'content-type': 'application/json', ...init.headers } }).catch(
      () => null,
    )
  let marks = 0
  let acknowledged = 0

  async function look(document: string): Promise<Read | null> {
    const calledMs = performance.now()
    const response = await ask(`/reviews/${document}`)
    if (response?.status !== 200) return null
    const { version, title, summary, body, verdict } = (await response.json()) as { version: number } & Record<
      'title' | 'summary' | 'body' | 'verdict',
      string
    >
    const read: Read = { what: 'read', document, calledMs, answeredMs: performance.now(), version, marks: [title, summary, body, verdict] }
    events.push(read)
    return read
  }

  async function write(document: string, upon: number): Promise<void> {
    const mark = `mark-${++marks}`
    const event: Written = { what: 'written', document, calledMs: performance.now(), answeredMs: null, mark, upon, made: null }
    events.push(event)
    const body = JSON.stringify({ title: mark, summary: mark, body: mark, verdict: mark })
    const headers = { 'content-type': 'application/merge-patch+json', 'if-match': `"${upon}"`, 'idempotency-key': mark }
    // Repeated until it is answered: the first answer then stands for the write.
    for (;;) {
      const response = await ask(`/reviews/${document}`, { method: 'PATCH', body, headers })
      const answer =
        response === null ? null : ((await response.json().catch(() => null)) as { version: number; currentVersion: number } | null)
      if (answer !== null && (response?.status === 200 || response?.status === 412)) {
        event.answeredMs = performance.now()
        if (response.status === 412) event.stood = answer.currentVersion
        else event.made = answer.version
        acknowledged += response.status === 200 ? 1 : 0
        return
      }
      if (response !== null && response.status < 500) throw new Error(`PATCH ${response.status} ${JSON.stringify(answer)}`)
      await systemClock.sleep(10)
    }
  }

  return {
    events,
    acknowledged: () => acknowledged,
    async run(most: number) {
      const writer = async () => {
        while (acknowledged < most) {
          const read = await look(pick())
          if (read !== null) await write(read.document, read.version)
          else await systemClock.sleep(10)
        }
      }
      const reader = async () => {
        while (acknowledged < most) if ((await look(pick())) === null) await systemClock.sleep(10)
      }
      await Promise.all([...Array.from({ length: 8 }, writer), ...Array.from({ length: 4 }, reader)])
    },
  }
}

test(`${kills} kills among ${kills + 1} × ${writesEach} writes on four reviews (SEED=${seed}): no lost update, no stale read, no fractured version`, async () => {
  const random = seeded(seed)
  const folder = await mkdtemp(join(tmpdir(), 'rcr-histories-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const database = await (await testPostgres()).database()
  cleanups.push(() => database.drop())
  const environment = { DATABASE_URL: database.url, RCR_LOG: 'error' }
  const at = { process: await startProcess(folder, environment) }
  cleanups.push(async () => {
    at.process.child.kill('SIGKILL')
    await at.process.ended
  })
  const authorization = await signIn(at.process.api)
  const cameraId = await cameraOf(at.process.api)
  const first = { title: 'mark-0', summary: 'mark-0', body: 'mark-0', verdict: 'mark-0', language: 'en', cameraId }
  const made = await Promise.all([0, 1, 2, 3].map(() => post(`${at.process.api}/reviews`, first, { authorization })))
  const documents = await Promise.all(made.map(async (response) => ((await response.json()) as { id: string }).id))
  const { events, acknowledged, run } = office(at, authorization, documents, random)
  const running = run((kills + 1) * writesEach)
  for (let kill = 0; kill < kills; kill++) {
    const killAt = kill * writesEach + Math.floor(random() * writesEach)
    while (acknowledged() < killAt) await Promise.race([systemClock.sleep(1), running])
    at.process.child.kill('SIGKILL')
    await at.process.ended
    at.process = await startProcess(folder, environment)
  }
  await running
  const final = new Map(await Promise.all(documents.map(async (id) => [id, await marksOf(at.process.api, authorization, id)] as const)))
  expect(faultsOf(events, final)).toEqual([])
  expect([...final.values()].flat().length).toBeGreaterThanOrEqual((kills + 1) * writesEach)
  expect(await stopProcess(at.process)).toBe(0)
}, 3_600_000)
