// The first answer for a key that comes again: looked up before anything else is judged.
import type { Answer, Call } from './operation.ts'
import { Refusal } from './refusal.ts'

interface Recorded {
  requestHash: string
  position: { epoch: string; seq: number }
}

/** What may come back from a commit: the record that stood there already. */
export class Repeated<R extends Recorded> {
  readonly record: R
  constructor(record: R) {
    this.record = record
  }
}

/**
 * Runs a command at most once per key. `find` looks the key up; `again` rebuilds the first answer from the record;
 * `run` does the work, puts `call.idempotency` into its commit and returns `Repeated` when the commit found the key taken
 * (a concurrent twin won). Refuses another body under the same key.
 */
export async function once<R extends Recorded>(
  call: Call,
  find: (key: string) => Promise<R | null>,
  again: (record: R) => Promise<Answer>,
  run: () => Promise<Answer | Repeated<R>>,
): Promise<Answer> {
  const { idempotency } = call
  if (idempotency === null) {
    const answer = await run()
    if (answer instanceof Repeated) throw new Error('a commit without a key met a record')
    return answer
  }
  const replay = (record: R) => {
    if (record.requestHash === idempotency.requestHash) return again(record)
    throw new Refusal('key-reused', 'This Idempotency-Key came before with another request.')
  }
  const before = await find(idempotency.key)
  if (before !== null) return replay(before)
  try {
    const answer = await run()
    return answer instanceof Repeated ? await replay(answer.record) : answer
  } catch (thrown) {
    // A twin that committed after our look-up changes what this run sees (its version is stale, its slug taken): the refusal
    // is then about the twin's effect, and the twin's answer is the right one.
    if (!(thrown instanceof Refusal) || thrown.reason === 'key-reused') throw thrown
    const twin = await find(idempotency.key).catch(() => null)
    if (twin === null) throw thrown
    return replay(twin)
  }
}
