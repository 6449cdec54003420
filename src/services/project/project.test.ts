// The projector over a real master and a real database: what editors commit is what readers get, whatever fails between.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { testPostgres } from '../../../tests/postgres.ts'
import { systemClock as clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { begin, commit, openStage, type Stage } from './stage.suite.ts'

let stage: Stage
beforeAll(async () => {
  await testPostgres()
})
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

/** Resolves at the first line about this event. */
const hearing = (event: string): { said: Log; heard: Promise<void> } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const hear = (line: string) => line === event && resolve()
  const said: Log = { debug: hear, info: hear, warn: hear, error: hear, with: () => said }
  return { said, heard: promise }
}

describe('the projector', () => {
  test('shows what was committed, before it ran and while it runs', async () => {
    const master = await stage.openMaster()
    const seq = await begin(master, 3)
    const project = stage.running(master)
    expect(project.status()).toMatchObject({ state: 'starting', position: null, lagS: null })
    await project.settled(seq)
    await project.settled(await commit(master, 2, { title: 'Otra' }))
    expect((await stage.titles())[1]).toBe('Otra')
    const status = project.status()
    expect(status).toMatchObject({ state: 'following', position: { seq: seq + 1 }, parked: 0 })
    expect(status.lagS).toBeLessThan(5)
  })

  test('goes on after the database has ended all connections', async () => {
    const master = await stage.openMaster()
    const project = stage.running(master)
    await project.settled(await begin(master, 1))
    const ended = await stage.admin.query<{ pid: number }>(
      `select pg_terminate_backend(pid), pid from pg_stat_activity where application_name = 'rcr_project' and datname = current_database()`,
    )
    expect(ended.length).toBeGreaterThan(0)
    await project.settled(await commit(master, 1, { title: 'Después' }))
    expect(await stage.titles()).toEqual(['Después'])
  })

  test('says that it fails while the database is away, and stops when asked', async () => {
    const away = stage.anotherProjection('postgres://nobody@127.0.0.1:1/none')
    const { said, heard } = hearing('projecting failed, trying again')
    const project = stage.running(await stage.openMaster(), { on: away, said })
    await heard
    expect(project.status().state).toBe('failing')
  })

  test('two of them at once do no harm', async () => {
    const master = await stage.openMaster()
    const [one, two] = [stage.running(master), stage.running(master, { on: stage.anotherProjection() })]
    let seq = await begin(master, 10)
    for (let n = 1; n <= 10; n++) seq = await commit(master, n, { title: `Edición ${n}` })
    await Promise.all([one.settled(seq), two.settled(seq)])
    expect((await stage.titles()).toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `Edición ${n + 1}`).toSorted())
    const report = await one.verify({ signal: AbortSignal.timeout(10_000), progress: () => {} })
    expect(report).toMatchObject({ differing: [], differences: [], parked: [] })
  })

  test('moves readers to a restored master once all of it is there', async () => {
    const lost = await stage.openMaster()
    const before = stage.running(lost)
    await before.settled(await begin(lost, 3))
    const old = await stage.live()
    await clock.sleep(2) // a later millisecond, so a later epoch
    const restored = await stage.openMaster()
    const seq = await begin(restored, 1)
    const after = stage.running(restored)
    await after.settled(seq)
    expect(await stage.live()).not.toBe(old)
    expect(await stage.titles()).toHaveLength(1)
    await after.settled(await commit(restored, 1, { title: 'Nueva época' }))
    expect(await stage.titles()).toEqual(['Nueva época'])
  })
})
