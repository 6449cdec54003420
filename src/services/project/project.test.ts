// The projector over a real master and a real database: what editors commit is what readers get, whatever fails between.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { following } from '../../../tests/following.ts'
import { type TestDatabase, testPostgres } from '../../../tests/postgres.ts'
import { sampleCamera, sampleEditor, sampleId, sampleReview, sampleTime } from '../../../tests/samples.ts'
import type { Review } from '../../domain/review.ts'
import { openLmdbMaster } from '../../engines/lmdb/master.ts'
import { type Database, openPool } from '../../engines/postgres/connect.ts'
import { prepareDatabase } from '../../engines/postgres/prepare.ts'
import { openProjection } from '../../engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../../kit/clock.ts'
import { type Log, silentLog as log } from '../../kit/log.ts'
import { openMetrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Projection } from '../../ports/projection.ts'
import { openProject, type Project } from './project.ts'

let database: TestDatabase
let admin: Database
let projection: Projection
let stack: AsyncDisposableStack

const openMaster = async (): Promise<Master> => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-project-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const master = await openLmdbMaster({ folder, clock, random })
  stack.defer(() => master.close())
  return master
}

/** Runs until the end of the test. */
const running = (
  master: Master,
  { on = projection, said = log, ...rest }: { on?: Projection; said?: Log; farBehind?: number } = {},
): Project => following(master, on, stack, { log: said, ...rest })

/** Resolves at the first line about this event. */
const hearing = (event: string): { said: Log; heard: Promise<void> } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const hear = (line: string) => line === event && resolve()
  const said: Log = { debug: hear, info: hear, warn: hear, error: hear, with: () => said }
  return { said, heard: promise }
}

const commit = async (master: Master, n: number, changes: Partial<Review> = {}): Promise<number> => {
  const id = sampleId('review', n)
  const expected = await master.versionOf('review', id)
  const document = sampleReview(n, { status: 'published', publishedAt: sampleTime, cameraId: sampleId('camera', 1), ...changes })
  const outcome = await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id, expected, document }] })
  if (!outcome.committed) throw new Error(outcome.because)
  return outcome.position.seq
}
const begin = async (master: Master, reviews: number): Promise<number> => {
  const [camera, editor] = [sampleCamera(1), sampleEditor(1)]
  const writes = [
    { kind: 'camera' as const, id: camera.id, expected: 0, document: camera },
    { kind: 'editor' as const, id: editor.id, expected: 0, document: editor },
  ]
  await master.commit({ at: sampleTime, by: null, writes })
  let seq = 2
  for (let n = 1; n <= reviews; n++) seq = await commit(master, n)
  return seq
}

const live = async () => (await admin.query<{ schema: string }>('select schema from content.live'))[0]?.schema ?? ''
const titles = async () =>
  (await admin.query<{ title: string }>(`select title from "${await live()}".review order by id`)).map(({ title }) => title)

beforeAll(async () => {
  await testPostgres()
})
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  await prepareDatabase(database.url, log)
  admin = openPool({ url: database.url, role: null, max: 2, log })
  stack.defer(() => admin.close())
  projection = openProjection({ url: database.url, clock, log })
  stack.defer(() => projection.close())
})
afterEach(() => stack.disposeAsync())

describe('the projector', () => {
  test('shows what was committed, before it ran and while it runs', async () => {
    const master = await openMaster()
    const seq = await begin(master, 3)
    const project = running(master)
    expect(project.status()).toMatchObject({ state: 'starting', position: null, lagS: null })
    await project.settled(seq)
    await project.settled(await commit(master, 2, { title: 'Otra' }))
    expect((await titles())[1]).toBe('Otra')
    const status = project.status()
    expect(status).toMatchObject({ state: 'following', position: { seq: seq + 1 }, parked: 0 })
    expect(status.lagS).toBeLessThan(5)
  })

  test('goes on after the database has ended all connections', async () => {
    const master = await openMaster()
    const project = running(master)
    await project.settled(await begin(master, 1))
    const ended = await admin.query<{ pid: number }>(
      `select pg_terminate_backend(pid), pid from pg_stat_activity where application_name = 'rcr_project' and datname = current_database()`,
    )
    expect(ended.length).toBeGreaterThan(0)
    await project.settled(await commit(master, 1, { title: 'Después' }))
    expect(await titles()).toEqual(['Después'])
  })

  test('says that it fails while the database is away, and stops when asked', async () => {
    const away = openProjection({ url: 'postgres://nobody@127.0.0.1:1/none', clock, log })
    stack.defer(() => away.close())
    const { said, heard } = hearing('projecting failed, trying again')
    const project = running(await openMaster(), { on: away, said })
    await heard
    expect(project.status().state).toBe('failing')
  })

  test('two of them at once do no harm', async () => {
    const master = await openMaster()
    const other = openProjection({ url: database.url, clock, log })
    stack.defer(() => other.close())
    const [one, two] = [running(master), running(master, { on: other })]
    let seq = await begin(master, 10)
    for (let n = 1; n <= 10; n++) seq = await commit(master, n, { title: `Edición ${n}` })
    await Promise.all([one.settled(seq), two.settled(seq)])
    expect((await titles()).toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `Edición ${n + 1}`).toSorted())
    const report = await one.verify({ signal: AbortSignal.timeout(10_000), progress: () => {} })
    expect(report).toMatchObject({ differing: [], differences: [], parked: [] })
  })

  test('moves readers to a restored master once all of it is there', async () => {
    const lost = await openMaster()
    const before = running(lost)
    await before.settled(await begin(lost, 3))
    const old = await live()
    await clock.sleep(2) // a later millisecond, so a later epoch
    const restored = await openMaster()
    const seq = await begin(restored, 1)
    const after = running(restored)
    await after.settled(seq)
    expect(await live()).not.toBe(old)
    expect(await titles()).toHaveLength(1)
    await after.settled(await commit(restored, 1, { title: 'Nueva época' }))
    expect(await titles()).toEqual(['Nueva época'])
  })
})

describe('a projector that lacks the larger part of the log', () => {
  /** Killed after five changes into a build that nobody reads yet. */
  const dying = (kill: () => void): Projection => ({
    ...projection,
    async apply(schema, changes) {
      const applied = await projection.apply(schema, changes.slice(0, 5), null)
      if (!applied.live) kill()
      return applied
    },
  })

  /** Three reviews are shown, seventeen more wait, and nobody projects. */
  const behind = async (): Promise<{ master: Master; shown: number; last: number }> => {
    const master = await openMaster()
    const before = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) })
    const stop = new AbortController()
    const ended = before.run(stop.signal)
    const shown = await begin(master, 3)
    await before.settled(shown)
    stop.abort()
    await ended
    let last = shown
    for (let n = 4; n <= 20; n++) last = await commit(master, n)
    return { master, shown, last }
  }

  test('builds anew, from where another one was killed, and readers go on with what they have', async () => {
    const { master, shown, last: seq } = await behind()
    const old = await live()
    const killed = new AbortController()
    const [metrics, farBehind] = [openMetrics({ ofProcess: false }), 10]
    const dead = openProject({ master, projection: dying(() => killed.abort()), clock, random, log, metrics, farBehind })
    await dead.run(killed.signal)
    expect(await live()).toBe(old)
    expect(await titles()).toHaveLength(3)
    expect(dead.status()).toMatchObject({ position: { seq: shown }, lagS: expect.any(Number) })
    expect((await metrics.text()).body).toContain('rcr_projection_successor_position 5')
    const left = (await projection.builds()).find(({ successor }) => successor)
    expect(left).toMatchObject({ live: false, position: { seq: 5 } })

    const project = running(master, { farBehind })
    await project.settled(seq)
    expect(await live()).toBe(left?.schema ?? '')
    expect(await titles()).toHaveLength(20)
    expect(project.status()).toMatchObject({ state: 'following', position: { seq } })
    expect(await project.verify(watching())).toMatchObject({ differing: [], differences: [] })
    await project.settled(await commit(master, 1, { title: 'Después' }))
    expect(await titles()).toContain('Después')
  })

  test('brings on what readers use where there is no room for a second build', async () => {
    const { master, last } = await behind()
    const full: Projection = {
      ...projection,
      apply: async (schema, changes, end) =>
        schema === (await live()) ? projection.apply(schema, changes, end) : Promise.reject(new Refusal('full', 'No room.')),
    }
    const old = await live()
    const project = running(master, { on: full, farBehind: 10 })
    await project.settled(last)
    expect(await projection.builds()).toMatchObject([{ schema: old, live: true, position: { seq: last } }])
    expect(await titles()).toHaveLength(20)
  })

  test('is not compared by a rebuild with what lacks so much, nor brought up', async () => {
    const { master } = await behind()
    const project = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }), farBehind: 10 })
    expect(await project.bringUp(watching())).toBe(false)
    expect(await project.rebuild(watching())).toMatchObject({ differing: null, replaced: expect.any(String) })
    expect(await project.bringUp(watching())).toBe(true)
  })

  test('goes on with the build that readers use when that lacks less, or was never whole', async () => {
    const master = await openMaster()
    let seq = await begin(master, 20)
    const project = running(master, { farBehind: 10 })
    await project.settled(seq)
    for (let n = 1; n <= 15; n++) seq = await commit(master, n, { title: 'Otra' })
    await project.settled(seq)
    expect(await projection.builds()).toHaveLength(1)
  })
})

const watching = (progress: (done: { seq: number; of: number }) => void = () => {}, signal = AbortSignal.timeout(10_000)) => ({
  progress,
  signal,
})

describe('a rebuild', () => {
  test('replaces the live build while it is followed, with the same contents', async () => {
    const master = await openMaster()
    const project = running(master)
    const seq = await begin(master, 5)
    await project.settled(seq)
    const old = await live()
    const steps: { seq: number; of: number }[] = []
    const report = await project.rebuild(watching((step) => steps.push(step)))
    expect(report).toMatchObject({ replaced: old, differing: [], parked: 0, position: { seq } })
    expect(await live()).toBe(report.schema)
    expect(steps.at(-1)).toEqual({ seq, of: seq })
    await commit(master, 1, { title: 'Tras el cambio' })
    const moved = await commit(master, 2)
    await seenIn(report.schema, moved)
    expect((await titles())[0]).toBe('Tras el cambio')
  })

  test('is the first build of a code that never ran', async () => {
    const master = await openMaster()
    const seq = await begin(master, 2)
    const project = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) })
    expect(await project.rebuild(watching())).toMatchObject({ replaced: null, differing: null, position: { seq } })
    expect(await titles()).toHaveLength(2)
  })

  test('is not needed where a build stands, which has all of the log when that is said, also one that an earlier start left empty', async () => {
    const master = await openMaster()
    const { epoch, seq } = { ...(await master.head()), seq: await begin(master, 2) }
    const project = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) })
    expect(await project.bringUp(watching())).toBe(false)
    const left = await projection.open(epoch)
    expect(left).toMatchObject({ live: true, position: { seq: 0 } })
    expect(await project.bringUp(watching())).toBe(true)
    expect(await projection.builds()).toMatchObject([{ schema: left.schema, live: true, position: { seq } }])
    expect(await titles()).toHaveLength(2)
  })

  test('is needed where a build of another log stands', async () => {
    const master = await openMaster()
    await begin(master, 1)
    const project = openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) })
    await projection.open('e0')
    expect(await project.bringUp(watching())).toBe(false)
  })

  test('that is given up leaves nothing behind', async () => {
    const master = await openMaster()
    await begin(master, 2)
    const project = running(master)
    await project.settled(4)
    const old = await live()
    const stop = new AbortController()
    const given = project.rebuild(watching(() => stop.abort(), stop.signal))
    await expect(given).rejects.toThrow()
    expect(await live()).toBe(old)
    expect(await projection.builds()).toHaveLength(1)
  })

  test('says so when the live build was not what the log says, and replaces it', async () => {
    const master = await openMaster()
    const project = running(master)
    await project.settled(await begin(master, 2))
    await admin.query(`update "${await live()}".review set title = 'Falsa' where id = '${sampleId('review', 1)}'`)
    const { differing, differences } = await project.verify(watching())
    expect(differing).toEqual(['review'])
    expect(differences).toEqual([{ table: 'review', key: sampleId('review', 1), in: 'both' }])
    expect(await projection.builds()).toHaveLength(1)
    expect(await project.rebuild(watching())).toMatchObject({ differing: ['review'] })
    expect(await titles()).not.toContain('Falsa')
  })

  /** The loop has noticed the switch by itself. */
  const seenIn = async (schema: string, seq: number) => {
    for (;;) {
      const [row] = await admin.query<{ seq: number }>(`select seq from "${schema}".applied`)
      if ((row?.seq ?? 0) >= seq) return
      await clock.sleep(5)
    }
  }
})
