// A process that writes to a master whose disk fails now and then, as a patient client does: what is refused it repeats with its key.
//
//   <folder> <commits>: one JSON line for each attempt. Ends with 75 when the master says that this process is lost.
import { openLmdbMaster } from '../src/engines/lmdb/master.ts'
import { instant, secureRandom, systemClock } from '../src/kit/clock.ts'
import { Refusal } from '../src/kit/refusal.ts'
import { sampleCamera, sampleId, sampleReview } from './samples.ts'

export interface Attempt {
  /** Which commit. */
  n: number
  /** `committed`, `repeat`, or the code of the refusal. */
  outcome: string
  reason: string
  /** What a read says after it: the newest seq, or the code of the refusal. */
  head: number | string
}

/** The base of the ids that it writes. */
export const persistentBase = 7_000_000

if (import.meta.main) {
  const [folder = '', commits = '1'] = process.argv.slice(2)
  const camera = sampleCamera(persistentBase)
  const codeOf = (error: unknown) => {
    if (error instanceof Refusal) return error
    throw error
  }
  const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
  const attempt = async (n: number): Promise<Attempt> => {
    const review = sampleReview(persistentBase + n)
    const result = await master
      .commit({
        at: instant(systemClock),
        by: sampleId('account', 1),
        writes: [
          { kind: 'review', id: review.id, expected: 0, document: review },
          { kind: 'camera', id: camera.id, expected: n - 1, document: camera },
        ],
        claims: { take: [{ name: `slug:${review.id}`, owner: review.id }] },
        adjust: [{ counter: 'acknowledged', by: 1 }],
        idempotency: { key: review.id, requestHash: '', answer: { status: 201, kind: 'review', id: review.id, version: 1 } },
      })
      .catch(codeOf)
    const head = await master.head().then(
      ({ seq }) => seq,
      (error: unknown) => codeOf(error).code,
    )
    if (result instanceof Refusal) return { n, outcome: result.code, reason: result.reason, head }
    return { n, outcome: result.committed ? 'committed' : result.because, reason: '', head }
  }
  for (let n = 1; n <= Number(commits); ) {
    const made = await attempt(n)
    process.stdout.write(`${JSON.stringify(made)}\n`)
    if (made.outcome === 'master-lost') {
      await master.lost
      await master.close()
      process.exit(75)
    }
    if (made.outcome === 'committed' || made.outcome === 'repeat') n += 1
    else await systemClock.sleep(100)
  }
  await master.close()
}
