// A process that writes to a master in a folder and says on standard output what was acknowledged, one JSON line each. A writer
// that is refused says so in a last line and reads on.
//
//   <folder> <name> <writers> <commits>: each of the writers commits so many times, each commit being a new version of its
//   camera, a new review, a claim, a counter and an idempotency record together.
import { openLmdbMaster } from '../src/engines/lmdb/master.ts'
import { instant, secureRandom, systemClock } from '../src/kit/clock.ts'
import { Refusal } from '../src/kit/refusal.ts'
import type { Commit, Outcome } from '../src/ports/master.ts'
import { sampleCamera, sampleId, sampleReview } from './samples.ts'

export interface Acknowledged {
  seq: number
  /** The camera of the writer and its version. */
  camera: string
  version: number
  review: string
}

/** The last line of a writer that was refused: why, and what it reads nevertheless. */
export interface Refused {
  refused: string
  head: number
  camera: number
}

if (import.meta.main) {
  const [folder = '', name = '', writers = '1', commits = '1'] = process.argv.slice(2)
  const base = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) * 100_000
  const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
  await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)))
  await master.close()

  async function commit(wanted: Commit): Promise<Outcome | Refusal> {
    try {
      return await master.commit(wanted)
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }

  async function write(writer: number): Promise<void> {
    const camera = sampleCamera(base + writer)
    const before = await master.versionOf('camera', camera.id)
    for (let version = before + 1; version <= before + Number(commits); version++) {
      const review = sampleReview(base + writer + version * 100)
      const outcome = await commit({
        at: instant(systemClock),
        by: sampleId('account', 1),
        writes: [
          { kind: 'review', id: review.id, expected: 0, document: review },
          { kind: 'camera', id: camera.id, expected: version - 1, document: camera },
        ],
        claims: { take: [{ name: `slug:${review.id}`, owner: review.id }] },
        adjust: [{ counter: 'acknowledged', by: 1 }],
        idempotency: { key: review.id, requestHash: '', answer: { status: 201, kind: 'review', id: review.id, version: 1 } },
      })
      if (outcome instanceof Refusal) {
        const [{ seq: head }, read] = await Promise.all([master.head(), master.read('camera', camera.id)])
        const line: Refused = { refused: outcome.reason, head, camera: read?.version ?? 0 }
        process.stdout.write(`${JSON.stringify(line)}\n`)
        return
      }
      if (!outcome.committed) throw new Error(`not committed: ${JSON.stringify(outcome)}`)
      const line: Acknowledged = { seq: outcome.position.seq, camera: camera.id, version, review: review.id }
      process.stdout.write(`${JSON.stringify(line)}\n`)
    }
  }
}
