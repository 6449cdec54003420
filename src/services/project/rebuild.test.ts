// A read model built beside the live one, compared with it and put in its place.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { testPostgres } from '../../../tests/postgres.ts'
import { sampleId } from '../../../tests/samples.ts'
import { systemClock as clock } from '../../kit/clock.ts'
import { begin, commit, openStage, type Stage, watching } from './stage.suite.ts'

let stage: Stage
beforeAll(async () => {
  await testPostgres()
})
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

describe('a rebuild', () => {
  test('replaces the live build while it is followed, with the same contents', async () => {
    const master = await stage.openMaster()
    const project = stage.running(master)
    const seq = await begin(master, 5)
    await project.settled(seq)
    const old = await stage.live()
    const steps: { seq: number; of: number }[] = []
    const report = await project.rebuild(watching((step) => steps.push(step)))
    expect(report).toMatchObject({ replaced: old, differing: [], parked: 0, position: { seq } })
    expect(await stage.live()).toBe(report.schema)
    expect(steps.at(-1)).toEqual({ seq, of: seq })
    await commit(master, 1, { title: 'Tras el cambio' })
    const moved = await commit(master, 2)
    await seenIn(report.schema, moved)
    expect((await stage.titles())[0]).toBe('Tras el cambio')
  })

  test('is the first build of a code that never ran', async () => {
    const master = await stage.openMaster()
    const seq = await begin(master, 2)
    const project = stage.resting(master)
    expect(await project.rebuild(watching())).toMatchObject({ replaced: null, differing: null, position: { seq } })
    expect(await stage.titles()).toHaveLength(2)
  })

  test('is not needed where a build stands, which has all of the log when that is said, also one that an earlier start left empty', async () => {
    const master = await stage.openMaster()
    const { epoch, seq } = { ...(await master.head()), seq: await begin(master, 2) }
    const project = stage.resting(master)
    expect(await project.bringUp(watching())).toBe(false)
    const left = await stage.projection.open(epoch)
    expect(left).toMatchObject({ live: true, position: { seq: 0 } })
    expect(await project.bringUp(watching())).toBe(true)
    expect(await stage.projection.builds()).toMatchObject([{ schema: left.schema, live: true, position: { seq } }])
    expect(await stage.titles()).toHaveLength(2)
  })

  test('is needed where a build of another log stands', async () => {
    const master = await stage.openMaster()
    await begin(master, 1)
    const project = stage.resting(master)
    await stage.projection.open('e0')
    expect(await project.bringUp(watching())).toBe(false)
  })

  test('that is given up leaves nothing behind', async () => {
    const master = await stage.openMaster()
    await begin(master, 2)
    const project = stage.running(master)
    await project.settled(4)
    const old = await stage.live()
    const stop = new AbortController()
    const given = project.rebuild(watching(() => stop.abort(), stop.signal))
    await expect(given).rejects.toThrow()
    expect(await stage.live()).toBe(old)
    expect(await stage.projection.builds()).toHaveLength(1)
  })

  test('says so when the live build was not what the log says, and replaces it', async () => {
    const master = await stage.openMaster()
    const project = stage.running(master)
    await project.settled(await begin(master, 2))
    await stage.admin.query(`update "${await stage.live()}".review set title = 'Falsa' where id = '${sampleId('review', 1)}'`)
    const { differing, differences } = await project.verify(watching())
    expect(differing).toEqual(['review'])
    expect(differences).toEqual([{ table: 'review', key: sampleId('review', 1), in: 'both' }])
    expect(await stage.projection.builds()).toHaveLength(1)
    expect(await project.rebuild(watching())).toMatchObject({ differing: ['review'] })
    expect(await stage.titles()).not.toContain('Falsa')
  })

  /** The loop has noticed the switch by itself. */
  const seenIn = async (schema: string, seq: number) => {
    for (;;) {
      const [row] = await stage.admin.query<{ seq: number }>(`select seq from "${schema}".applied`)
      if ((row?.seq ?? 0) >= seq) return
      await clock.sleep(5)
    }
  }
})
