// How every command of the shop commits: judge by reading, commit on the condition that nothing has moved since, judge again.
import type { Position } from '../../domain/change.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { once, Repeated } from '../../kit/idempotency.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { untilMet } from '../../kit/until-met.ts'
import type { Commit, IdempotencyRecord, Master } from '../../ports/master.ts'

/** What a command wants committed, judged by what it read. */
export interface Plan extends Pick<Commit, 'writes' | 'require' | 'claims' | 'adjust'> {
  /** Of the document that the answer shows: its version afterwards. */
  version: number
}

/** What was done, for the answer and for every repeat of it. */
export interface Effect {
  id: string
  version: number
  position: Position
  location?: string
}

export interface Saving {
  kind: 'category' | 'product' | 'order'
  id: string
  status: 200 | 201 | 204
  location?: string
  /** Called anew (with the number of the attempt, from 1) until its commit meets the master as it was judged. */
  plan: (attempt: number) => Promise<Plan>
  /** The same for the first answer and for its repeats. */
  present: (effect: Effect) => Promise<Answer>
}

export interface Saver {
  save(call: Call, saving: Saving): Promise<Answer>
}

type Recorded = NonNullable<Awaited<ReturnType<Master['idempotency']>>>

export function openSaver({ master, clock, retries }: { master: Master; clock: Clock; retries: ReturnType<Metrics['counter']> }): Saver {
  async function run(call: Call, { kind, id, status, location, plan, present }: Saving): Promise<Answer | Repeated<Recorded>> {
    const where = location === undefined ? {} : { location }
    return untilMet(call.signal, async (number) => {
      const { version, ...planned } = await plan(number)
      const outcome = await master.commit({
        ...planned,
        at: instant(clock),
        by: call.principal?.accountId ?? null,
        ...(call.idempotency && { idempotency: { ...call.idempotency, answer: { status, kind, id, version, ...where } } }),
      })
      if (outcome.committed) return present({ id, version, position: outcome.position, ...where })
      if (outcome.because === 'repeat') return new Repeated(outcome.record)
      retries.labels(outcome.because).inc()
      return null
    })
  }
  return {
    save: (call, saving) =>
      once(
        call,
        (key) => master.idempotency(key),
        (record) => saving.present({ ...meantBy(record), position: record.position }),
        () => run(call, saving),
      ),
  }
}

function meantBy({ key, answer: { id, version, location } }: IdempotencyRecord): Omit<Effect, 'position'> {
  if (id === undefined || version === undefined) throw new Error(`the record ${key} names no document`)
  return { id, version, ...(location !== undefined && { location }) }
}
