// A process that writes to a master on DynamoDB and says on standard output what was acknowledged, one JSON line each.
//
//   <endpoint> <table> <name> <writers> <commits> <done>: each of the writers commits so many times, each commit being a new version of
//   one of 24 cameras that all writers of all processes share, a new review, a claim, a counter, a private note and an idempotency
//   record together. What is refused or overtaken is tried again under the same key. `done`, a JSON list: how many of each writer's
//   commits an earlier process of this name was acknowledged; the next of each may have been committed or not, and gets its old key.
import { openDynamoMaster } from '../src/engines/dynamodb/master.ts'
import { instant, secureRandom, systemClock } from '../src/kit/clock.ts'
import { Refusal } from '../src/kit/refusal.ts'
import type { Commit, Master, Outcome } from '../src/ports/master.ts'
import { clientAt } from './dynamodb.ts'
import { sampleCamera, sampleId, sampleReview, sampleTime } from './samples.ts'

export interface Acknowledged {
  /** Of the last of its two changes: the review, then the camera. */
  seq: number
  review: string
  writer: number
  /** How many of this writer's are acknowledged now. */
  done: number
  /** It was committed before, by a process that did not live to say so. */
  repeated: boolean
}

const cameras = 24

if (import.meta.main) {
  const [endpoint = '', table = '', name = '', writers = '1', commits = '1', done = '[]'] = process.argv.slice(2)
  const base = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_000, 7) * 10_000_000
  const call = clientAt(endpoint)
  const master = await openDynamoMaster({ table, call, clock: systemClock, random: secureRandom, commitMs: 10_000 })
  const before: number[] = JSON.parse(done)
  const writer = async (number: number) => {
    for (let n = before[number] ?? 0; n < Number(commits); n++) {
      const published = await publish(master, base + n * 100 + number, (n + number) % cameras)
      process.stdout.write(`${JSON.stringify({ ...published, writer: number, done: n + 1 } satisfies Acknowledged)}\n`)
    }
  }
  await Promise.all(Array.from({ length: Number(writers) }, (_, number) => writer(number)))
  await master.close()
}

async function publish(master: Master, number: number, shared: number): Promise<Pick<Acknowledged, 'seq' | 'review' | 'repeated'>> {
  const camera = sampleCamera(shared)
  const review = sampleReview(number, { cameraId: camera.id, status: 'published', publishedAt: sampleTime })
  for (;;) {
    const outcome = await tried(master, async () => ({
      at: instant(systemClock),
      by: sampleId('account', 1),
      writes: [
        { kind: 'review', id: review.id, expected: 0, document: review },
        { kind: 'camera', id: camera.id, expected: await master.versionOf('camera', camera.id), document: camera },
        { kind: 'note', id: `test:${review.id}`, expected: 0, document: { id: '', value: review.id } },
      ],
      claims: { take: [{ name: `slug:${review.id}`, owner: review.id }] },
      adjust: [{ counter: 'acknowledged', by: 1 }],
      idempotency: { key: review.id, requestHash: '', answer: { status: 201, kind: 'review', id: review.id, version: 1 } },
    }))
    if (outcome?.committed) return { seq: outcome.position.seq, review: review.id, repeated: false }
    if (outcome?.because === 'repeat') return { seq: outcome.record.position.seq, review: review.id, repeated: true }
    if (outcome !== null && (outcome.because !== 'version' || outcome.kind !== 'camera')) throw new Error(JSON.stringify(outcome))
  }
}

/** Null when nobody knows what came of it. */
async function tried(master: Master, make: () => Promise<Commit>): Promise<Outcome | null> {
  try {
    return await master.commit(await make())
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'unavailable') return null
    throw error
  }
}
