// How every command of this service commits: judge by reading, commit on the condition that nothing has moved since, judge again.
import type { Change, PublicDocuments, PublicKind } from '../../domain/change.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { once, Repeated } from '../../kit/idempotency.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { untilMet } from '../../kit/until-met.ts'
import type { Commit, IdempotencyRecord, Master, Outcome, Write } from '../../ports/master.ts'

/** A public document as this service makes it; the engine adds its version and times. */
type Saved<K extends PublicKind> = Omit<PublicDocuments[K], 'version' | 'createdAt' | 'updatedAt'>

/** What a command wants committed, judged by what it read. */
export interface Plan<K extends PublicKind = PublicKind> extends Pick<Commit, 'require' | 'claims' | 'adjust'> {
  kind: K
  id: string
  /** The version that was judged. */
  expected: number
  /** Null deletes; `same` leaves the document and its version as they stand. */
  document: Saved<K> | null | 'same'
  status: 200 | 201 | 204
  location?: string
}

export interface Saver {
  /** Runs `plan` (with the number of the attempt, from 1) until its commit meets the master as it was judged. */
  save(call: Call, plan: (attempt: number) => Promise<Plan>): Promise<Answer>
}

export function openSaver({ master, clock, retries }: { master: Master; clock: Clock; retries: ReturnType<Metrics['counter']> }): Saver {
  async function attempt(call: Call, plan: Plan): Promise<Outcome> {
    const { kind, id, expected, document, status, location, ...conditions } = plan
    const answer = { status, kind, id, version: document === 'same' ? expected : expected + 1, ...(location !== undefined && { location }) }
    return master.commit({
      ...conditions,
      at: instant(clock),
      by: call.principal?.accountId ?? null,
      writes: document === 'same' ? [] : [{ kind, id, expected, document } as Write],
      ...(call.idempotency && { idempotency: { ...call.idempotency, answer } satisfies IdempotencyRecord }),
    })
  }

  async function run(call: Call, plan: (attempt: number) => Promise<Plan>): Promise<Answer | Repeated<Recorded>> {
    let refused: string | null = null
    return untilMet(call.signal, async (number) => {
      const planned = await plan(number)
      if (refused !== null) retries.labels(refused).inc() // what the plan had to refuse was a mistake and no retry
      const { kind, id, expected, document, location } = planned
      if (document === 'same' && call.idempotency === null)
        return answerOf(master, { kind, id, version: expected, position: await master.head() })
      const outcome = await attempt(call, planned)
      if (outcome.committed) {
        const version = outcome.versions[0] ?? expected
        return answerOf(master, { kind, id, version, position: outcome.position, location })
      }
      if (outcome.because === 'repeat') return new Repeated(outcome.record)
      refused = outcome.because
      return null
    })
  }

  return {
    save: (call, plan) =>
      once(
        call,
        (key) => master.idempotency(key),
        (record) => answerOf(master, { ...meantBy(record), position: record.position }),
        () => run(call, plan),
      ),
  }
}

type Recorded = NonNullable<Awaited<ReturnType<Master['idempotency']>>>

interface Effect {
  kind: PublicKind
  id: string
  version: number
  position: { epoch: string; seq: number }
  location?: string | undefined
}

/** The same for the first answer and for its repeats, hence from the history and not from what stands now. */
async function answerOf(master: Master, { kind, id, version, position, location }: Effect): Promise<Answer> {
  const change: Change | null = await master.change(kind, id, version)
  if (change === null) throw new Error(`no change ${kind} ${id} ${version}`)
  return {
    version,
    position,
    ...(change.document !== null && { body: change.document }),
    ...(location !== undefined && { location }),
  }
}

function meantBy({ key, answer }: IdempotencyRecord): Omit<Effect, 'position'> {
  const { kind, id, version, location } = answer
  if (kind === undefined || id === undefined || version === undefined) throw new Error(`the record ${key} names no document`)
  return { kind: kind as PublicKind, id, version, location }
}
