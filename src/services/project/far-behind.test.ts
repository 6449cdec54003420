// A projector that lacks the larger part of the log builds anew, beside what readers use.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { testPostgres } from '../../../tests/postgres.ts'
import { openMetrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Projection } from '../../ports/projection.ts'
import { begin, commit, openStage, type Stage, watching } from './stage.suite.ts'

let stage: Stage
beforeAll(async () => {
  await testPostgres()
})
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

describe('a projector that lacks the larger part of the log', () => {
  /** Killed after five changes into a build that nobody reads yet. */
  const dying = (kill: () => void): Projection => ({
    ...stage.projection,
    async apply(schema, changes) {
      const applied = await stage.projection.apply(schema, changes.slice(0, 5), null)
      if (!applied.live) kill()
      return applied
    },
  })

  /** Three reviews are shown, seventeen more wait, and nobody projects. */
  const behind = async (): Promise<{ master: Master; shown: number; last: number }> => {
    const master = await stage.openMaster()
    const before = stage.resting(master)
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
    const old = await stage.live()
    const killed = new AbortController()
    const [metrics, farBehind] = [openMetrics({ ofProcess: false }), 10]
    const dead = stage.resting(master, { on: dying(() => killed.abort()), metrics, farBehind })
    await dead.run(killed.signal)
    expect(await stage.live()).toBe(old)
    expect(await stage.titles()).toHaveLength(3)
    expect(dead.status()).toMatchObject({ position: { seq: shown }, lagS: expect.any(Number) })
    expect((await metrics.text()).body).toContain('rcr_projection_successor_position 5')
    const left = (await stage.projection.builds()).find(({ successor }) => successor)
    expect(left).toMatchObject({ live: false, position: { seq: 5 } })

    const project = stage.running(master, { farBehind })
    await project.settled(seq)
    expect(await stage.live()).toBe(left?.schema ?? '')
    expect(await stage.titles()).toHaveLength(20)
    expect(project.status()).toMatchObject({ state: 'following', position: { seq } })
    expect(await project.verify(watching())).toMatchObject({ differing: [], differences: [] })
    await project.settled(await commit(master, 1, { title: 'Después' }))
    expect(await stage.titles()).toContain('Después')
  })

  test('brings on what readers use where there is no room for a second build', async () => {
    const { master, last } = await behind()
    const full: Projection = {
      ...stage.projection,
      apply: async (schema, changes, end) =>
        schema === (await stage.live()) ? stage.projection.apply(schema, changes, end) : Promise.reject(new Refusal('full', 'No room.')),
    }
    const old = await stage.live()
    const project = stage.running(master, { on: full, farBehind: 10 })
    await project.settled(last)
    expect(await stage.projection.builds()).toMatchObject([{ schema: old, live: true, position: { seq: last } }])
    expect(await stage.titles()).toHaveLength(20)
  })

  test('is not compared by a rebuild with what lacks so much, nor brought up', async () => {
    const { master } = await behind()
    const project = stage.resting(master, { farBehind: 10 })
    expect(await project.bringUp(watching())).toBe(false)
    expect(await project.rebuild(watching())).toMatchObject({ differing: null, replaced: expect.any(String) })
    expect(await project.bringUp(watching())).toBe(true)
  })

  test('goes on with the build that readers use when that lacks less, or was never whole', async () => {
    const master = await stage.openMaster()
    let seq = await begin(master, 20)
    const project = stage.running(master, { farBehind: 10 })
    await project.settled(seq)
    for (let n = 1; n <= 15; n++) seq = await commit(master, n, { title: 'Otra' })
    await project.settled(seq)
    expect(await stage.projection.builds()).toHaveLength(1)
  })
})
