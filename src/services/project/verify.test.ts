// A verification while the ground moves under it: never a difference that is none, never one missed. Over tables in memory, where
// each call is one instant and whatever happens in between is chosen.
import { expect, test } from 'bun:test'
import { history } from '../../../tests/contracts/histories.ts'
import { sampleEditor, sampleTime } from '../../../tests/samples.ts'
import { type MemoryBuild, memoryDatabase, memoryProjection } from '../../../tests/simulation/memory-projection.ts'
import type { Change } from '../../domain/change.ts'
import { systemClock as clock } from '../../kit/clock.ts'
import { silentLog as log } from '../../kit/log.ts'
import type { Projection } from '../../ports/projection.ts'
import { verify } from './verify.ts'

const { changes: story } = history(3, 80)

/** A log that shows its first `seq` changes, and a read model of it. */
function ground(changes: readonly Change[] = story) {
  const db = memoryDatabase()
  const projection = memoryProjection(db, clock)
  const master = { epoch: 'e1', seq: changes.length }
  const head = async () => ({ ...master })
  const feed = async (after: number, limit: number) => changes.slice(after, Math.min(master.seq, after + limit))
  return {
    projection,
    master,
    /** Brings a build to this seq. */
    async bring(schema: string, seq: number) {
      master.seq = Math.max(master.seq, seq)
      await projection.apply(schema, changes.slice(0, seq), { seq, at: sampleTime })
    },
    at(schema: string): MemoryBuild {
      const build = db.builds.get(schema)
      if (build === undefined) throw new Error(`no build ${schema}`)
      return build
    },
    verify: (on: Projection = projection) =>
      verify({ master: { head, feed }, projection: on, clock, log }, { signal: AbortSignal.timeout(10_000), progress: () => {} }),
    /** Something happens once these checksums were made: of the live build first, then of what the log says. */
    whenSummed(times: number, happen: (schema: string) => Promise<void>): Projection {
      let summed = 0
      const checksums = async (schema: string) => {
        const sums = await projection.checksums(schema)
        if (++summed === times) await happen(schema)
        return sums
      }
      return { ...projection, checksums }
    },
  }
}

const editors = (...bylines: [n: number, byline: string][]): Change<'editor'>[] =>
  bylines.map(([n, byline], index) => {
    const document = sampleEditor(n, { byline, version: index + 1 })
    return { seq: index + 1, at: sampleTime, by: null, kind: 'editor', id: document.id, version: document.version, document }
  })

/** As if something had gone wrong in the past. */
const spoil = ({ editor }: MemoryBuild, id: string) => void editor.set(id, { ...editor.get(id), id, byline: 'Nadie' })

test('a read model that never held the whole log yet is no different by that', async () => {
  const { projection, verify } = ground()
  const live = await projection.open('e1')
  await projection.apply(live.schema, story.slice(0, 40), null)
  expect(await verify()).toMatchObject({ schema: live.schema, differing: [], differences: [], position: { seq: story.length } })
})

test('what readers are switched to meanwhile is what is told of', async () => {
  const { projection, bring, at, verify, whenSummed } = ground()
  const before = await projection.open('e1')
  const after = await projection.create('e1')
  for (const { schema } of [before, after]) await bring(schema, story.length)
  const [id = ''] = at(after.schema).editor.keys()
  spoil(at(after.schema), id)
  const report = await verify(whenSummed(2, () => projection.switch(after.schema)))
  expect(report).toMatchObject({ schema: after.schema, differing: ['editor'], differences: [{ table: 'editor', key: id, in: 'both' }] })
})

test('a batch that comes after it was believed lost makes no difference', async () => {
  const { projection, master, bring, verify, whenSummed } = ground()
  master.seq = 50
  const live = await projection.open('e1')
  await bring(live.schema, 50)
  const late = async () => {
    const made = (await projection.builds()).find((build) => !build.live)
    await bring(made?.schema ?? '', story.length)
  }
  expect(await verify(whenSummed(1, late))).toMatchObject({ differing: [], position: { seq: story.length } })
})

test('rows are told that differ, and none that was written while they were looked for', async () => {
  const changes = editors([1, 'Ana'], [2, 'Bruno'], [2, 'Beatriz'])
  const { projection, master, bring, at, verify, whenSummed } = ground(changes)
  master.seq = 2
  const live = await projection.open('e1')
  await bring(live.schema, 2)
  const [id = ''] = at(live.schema).editor.keys()
  spoil(at(live.schema), id)
  const { differing, differences } = await verify(whenSummed(2, () => bring(live.schema, 3)))
  expect(differing).toEqual(['editor'])
  expect(differences).toEqual([{ table: 'editor', key: id, in: 'both' }])
})

test('readers that have gone on to a restored master are not compared with the log before it', async () => {
  const { projection, master, bring, verify, whenSummed } = ground()
  const live = await projection.open('e1')
  await bring(live.schema, story.length)
  const restored = async () => {
    Object.assign(master, { epoch: 'e2', seq: 3 })
    const { schema } = await projection.successor(live.schema, 'e2')
    await bring(schema, 3)
    await projection.switch(schema)
  }
  await expect(verify(whenSummed(2, restored))).rejects.toMatchObject({ reason: 'conflict', code: 'epoch' })
  // The one that readers left, and the one that they use.
  expect(await projection.builds()).toHaveLength(2)
})
