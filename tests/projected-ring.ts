// A ring of databases with a master whose log is projected into whichever of them is the primary, until the stack is disposed of.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Review } from '../src/domain/review.ts'
import { openLmdbMaster } from '../src/engines/lmdb/master.ts'
import { openPrimaryProjection } from '../src/engines/postgres/primary.ts'
import { openProjection } from '../src/engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../src/kit/clock.ts'
import { silentLog as log } from '../src/kit/log.ts'
import { following } from './following.ts'
import { openRing } from './ring.ts'
import { sampleCamera, sampleEditor, sampleId, sampleReview, sampleTime } from './samples.ts'

/** The first region is the primary, and holds a camera, an editor and so many reviews; the others are not run yet. */
export async function openProjectedRing(
  regions: readonly string[],
  reviews: number,
  stack: AsyncDisposableStack,
  more: Partial<Review> = {},
) {
  const ring = await openRing(...regions)
  stack.use(ring)
  const folder = mkdtempSync(join(tmpdir(), 'rcr-projected-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const master = await openLmdbMaster({ folder, clock, random })
  stack.defer(() => master.close())
  const [camera, editor] = [sampleCamera(1), sampleEditor(1)]
  const writes = [
    { kind: 'camera' as const, id: camera.id, expected: 0, document: camera },
    { kind: 'editor' as const, id: editor.id, expected: 0, document: editor },
  ]
  await master.commit({ at: sampleTime, by: null, writes })
  /** Publishes a review, or its next version. Its seq. */
  const write = async (n: number): Promise<number> => {
    const id = sampleId('review', n)
    const document = sampleReview(n, { status: 'published', publishedAt: sampleTime, cameraId: camera.id, ...more })
    const expected = await master.versionOf('review', id)
    const outcome = await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id, expected, document }] })
    if (!outcome.committed) throw new Error(outcome.because)
    return outcome.position.seq
  }
  await Promise.all(Array.from({ length: reviews }, (_, n) => write(n + 1)))
  await ring.run(regions[0] ?? '')
  const everywhere = ring.places.map(({ url }) => url)
  const open = (url: string) => openProjection({ url, everywhere, log, clock })
  const projection = openPrimaryProjection({ urls: everywhere, open, lookMs: 2000, log })
  stack.defer(() => projection.close())
  const project = following(master, projection, stack)
  await project.settled((await master.head()).seq)
  return { ring, master, write, projection, project }
}
