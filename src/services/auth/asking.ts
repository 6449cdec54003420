// How the operations of accounts find their caller and answer a command once per Idempotency-Key.
import { once, Repeated } from '../../kit/idempotency.ts'
import type { Answer, Call, Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { type Settled, unforeseen } from './settle.ts'

type Record = NonNullable<Awaited<ReturnType<Master['idempotency']>>>

export function callerOf(call: Call): Principal {
  if (call.principal === null) throw new Error('an operation for somebody ran for nobody')
  return call.principal
}

export const isAdmin = (call: Call): boolean => call.principal?.roles.includes('admin') ?? false

/** The account meant by a path, for its owner and for admins. To all others every id is forbidden alike, there or not. */
export function accountMeant(id: string, call: Call): string {
  const caller = callerOf(call)
  const meant = id === 'me' ? caller.accountId : id
  if (meant === caller.accountId || isAdmin(call)) return meant
  throw new Refusal('forbidden', 'Only its owner or an admin may do this with an account.')
}

interface Act {
  outcome: Settled
  /** Of the account, and what else the first answer held: the same as in the record. */
  id?: string
  body?: unknown
}

/**
 * `act` commits, with the key in the commit; `present` makes the answer, the first time and for repeats. Private documents have no
 * history, so a repeat shows the account as it stands by then, under its version.
 */
export function answeredOnce(
  master: Master,
  call: Call,
  act: () => Promise<Act>,
  present: (id: string, body: unknown) => Promise<Answer> = async () => ({}),
): Promise<Answer> {
  return once<Record>(
    call,
    (key) => master.idempotency(key),
    async ({ answer, position }) => ({ ...(await present(answer.id ?? '', answer.body)), position }),
    async () => {
      const { outcome, id = '', body } = await act()
      if (outcome.committed) return { ...(await present(id, body)), position: outcome.position }
      if (outcome.because === 'repeat') return new Repeated(outcome.record)
      throw unforeseen(outcome)
    },
  )
}
