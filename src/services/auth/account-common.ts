// What making, changing and erasing an account have in common.
import type { Account } from '../../domain/account.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Adjustment, Master } from '../../ports/master.ts'
import type { Guesses } from './guesses.ts'
import type { AuthNeeds } from './needs.ts'
import type { Resets } from './reset.ts'
import type { AccountDocument } from './schemas.ts'
import type { Sessions } from './sessions.ts'
import { type Settled, unforeseen } from './settle.ts'

export interface AccountParts extends AuthNeeds {
  guesses: Guesses
  sessions: Sessions
  resets: Resets
}

export async function standing(master: Master, id: string): Promise<Account> {
  const account = await master.read('account', id)
  if (account === null) throw new Refusal('missing', 'There is no such account.')
  return account
}

/** What an account shows of itself, to its owner and to admins. Named member by member: a new secret does not slip out. */
export async function shown(master: Master, account: Account): Promise<AccountDocument> {
  const { id, version, createdAt, updatedAt, name, email, roles, disabled } = account
  const editor = await master.read('editor', id)
  return { id, version, createdAt, updatedAt, name, email, roles, disabled, byline: editor?.byline ?? null }
}

// The counter is judged inside the commit, so two admins who demote each other at once cannot both succeed.
export function adminMoves(before: boolean, after: boolean): Adjustment[] {
  if (before === after) return []
  return after ? [{ counter: 'auth:admins', by: 1 }] : [{ counter: 'auth:admins', by: -1, floor: 1 }]
}

/** Passes on what was committed or repeated; refuses the rest. */
export function expected(outcome: Settled): Settled {
  if (outcome.committed || outcome.because === 'repeat') return outcome
  if (outcome.because === 'claimed' && outcome.name.startsWith('email:')) throw emailTaken()
  if (outcome.because === 'counter')
    throw new Refusal('conflict', 'This is the last administrator, and one has to stay.', { code: 'last-admin' })
  if (outcome.because === 'required') throw new Refusal('missing', 'There is no such account.')
  throw unforeseen(outcome)
}

// Told to anybody who registers: without a way to write to the address there is no honest answer that hides it, and the limits
// per address of the caller bound how many can be asked for. To sign in and to refresh tell nothing.
export const emailTaken = () =>
  new Refusal('conflict', 'There is an account with this e-mail address.', {
    code: 'email-taken',
    faults: [{ pointer: '#/email', code: 'taken', detail: 'There is an account with this e-mail address.' }],
  })
