// Optimistic commits: judge what stands, commit on condition that it still stands, judge again when it does not.
import { createHash } from 'node:crypto'
import type { Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit, IdempotencyRecord, Kind, Master, Outcome } from '../../ports/master.ts'

const mostTries = 8

export type Settled = Exclude<Outcome, { because: 'version' }>

/** `judge` reads, refuses or says what to commit; it runs again when a version moved under it. */
export async function settle(master: Master, judge: () => Promise<Commit>): Promise<Settled> {
  for (let tries = 0; tries < mostTries; tries++) {
    const outcome = await master.commit(await judge())
    if (outcome.committed || outcome.because !== 'version') return outcome
  }
  throw new Refusal('unavailable', 'Too many others are changing the same thing.', { code: 'contended', retryAfterS: 1 })
}

/** What is expected of a document that was read, or of one that may have stood before. */
export const expectedOf = async (master: Master, kind: Kind, id: string, read: { version: number } | null): Promise<number> =>
  read?.version ?? (await master.versionOf(kind, id))

/** The part of a commit that makes it happen once per Idempotency-Key. */
export const recorded = (call: Call | null, answer: IdempotencyRecord['answer']): Pick<Commit, 'idempotency'> =>
  call?.idempotency ? { idempotency: { ...call.idempotency, answer } } : {}

export const unforeseen = (outcome: Settled): Error => new Error(`a commit ended in ${JSON.stringify(outcome)}`)

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
