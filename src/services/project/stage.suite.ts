// A projector's surroundings: real masters, a real database of its own, and whoever commits.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { following } from '../../../tests/following.ts'
import { testPostgres } from '../../../tests/postgres.ts'
import { sampleCamera, sampleEditor, sampleId, sampleReview, sampleTime } from '../../../tests/samples.ts'
import type { Review } from '../../domain/review.ts'
import { openLmdbMaster } from '../../engines/lmdb/master.ts'
import { type Database, openPool } from '../../engines/postgres/connect.ts'
import { prepareDatabase } from '../../engines/postgres/prepare.ts'
import { openProjection } from '../../engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../../kit/clock.ts'
import { type Log, silentLog as log } from '../../kit/log.ts'
import { type Metrics, openMetrics } from '../../kit/metric.ts'
import type { Master } from '../../ports/master.ts'
import type { Projection } from '../../ports/projection.ts'
import { openProject, type Project } from './project.ts'

interface Asked {
  on?: Projection
  said?: Log
  metrics?: Metrics
  farBehind?: number
}

export interface Stage extends AsyncDisposable {
  admin: Database
  projection: Projection
  /** Of the same database, with connections of its own. */
  anotherProjection(url?: string): Projection
  openMaster(): Promise<Master>
  /** Runs until the end of the stage. */
  running(master: Master, asked?: Asked): Project
  /** Does not run. */
  resting(master: Master, asked?: Asked): Project
  /** The schema that readers use. */
  live(): Promise<string>
  /** What readers see. */
  titles(): Promise<string[]>
}

export async function openStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack()
  const database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  await prepareDatabase(database.url, log)
  const admin = openPool({ url: database.url, role: null, max: 2, log })
  stack.defer(() => admin.close())
  const anotherProjection = (url = database.url) => {
    const projection = openProjection({ url, clock, log })
    stack.defer(() => projection.close())
    return projection
  }
  const projection = anotherProjection()
  const live = async () => (await admin.query<{ schema: string }>('select schema from content.live'))[0]?.schema ?? ''
  return {
    admin,
    projection,
    anotherProjection,
    async openMaster() {
      const folder = await mkdtemp(join(tmpdir(), 'rcr-project-'))
      stack.defer(() => rm(folder, { recursive: true }))
      const master = await openLmdbMaster({ folder, clock, random })
      stack.defer(() => master.close())
      return master
    },
    running: (master, { on = projection, said = log, ...rest } = {}) => following(master, on, stack, { log: said, ...rest }),
    resting: (master, { on = projection, said = log, metrics = openMetrics({ ofProcess: false }), ...rest } = {}) =>
      openProject({ master, projection: on, clock, random, log: said, metrics, ...rest }),
    live,
    titles: async () =>
      (await admin.query<{ title: string }>(`select title from "${await live()}".review order by id`)).map(({ title }) => title),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** One change of one review; the answer is its number. */
export async function commit(master: Master, n: number, changes: Partial<Review> = {}): Promise<number> {
  const id = sampleId('review', n)
  const expected = await master.versionOf('review', id)
  const document = sampleReview(n, { status: 'published', publishedAt: sampleTime, cameraId: sampleId('camera', 1), ...changes })
  const outcome = await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id, expected, document }] })
  if (!outcome.committed) throw new Error(outcome.because)
  return outcome.position.seq
}

/** A camera, an editor and so many reviews; the answer is the number of the last change. */
export async function begin(master: Master, reviews: number): Promise<number> {
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

export const watching = (progress: (done: { seq: number; of: number }) => void = () => {}, signal = AbortSignal.timeout(10_000)) => ({
  progress,
  signal,
})
