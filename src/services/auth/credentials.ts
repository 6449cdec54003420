// Choosing a password: with the one before, or with a one-time link. Either way every other sign-in ends in the same commit.

import type { Account } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import type { Call, Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit, IdempotencyRecord, Write } from '../../ports/master.ts'
import type { Guesses } from './guesses.ts'
import { emailHash } from './mail.ts'
import type { AuthNeeds } from './needs.ts'
import type { Resets } from './reset.ts'
import type { Sessions } from './sessions.ts'
import { recorded, type Settled, settle } from './settle.ts'

const done: IdempotencyRecord['answer'] = { status: 204 }

export function openCredentials({ master, clock, passwords }: AuthNeeds, parts: { guesses: Guesses; sessions: Sessions; resets: Resets }) {
  const { guesses, sessions, resets } = parts
  const commit = (by: string, writes: Write[]): Commit => ({ at: instant(clock), by, writes })

  return {
    async change(caller: Principal, given: { currentPassword: string; newPassword: string }, call: Call): Promise<Settled> {
      const { accountId, sessionId } = caller
      const before = await master.read('account', accountId)
      const target = { who: accountId, accountId: null, address: '' }
      const isRight = () => passwords.verify(before?.passwordHash ?? null, given.currentPassword, call.signal)
      if (!(await guesses.guess(target, call.signal, isRight)) || before === null) throw wrong()
      const passwordHash = await passwords.hash(given.newPassword, call.signal)
      return settle(master, async () => {
        const [account, session] = await Promise.all([master.read('account', accountId), master.read('session', sessionId)])
        if (account === null || session === null || account.credentials !== before.credentials) throw overtaken()
        const credentials = account.credentials + 1
        const writes = [
          accountWrite(account, { passwordHash, credentials }),
          sessions.write({ ...session, credentials }, session.version),
          ...(await guesses.forget([accountId])),
          ...(await resets.drop(accountId)),
        ]
        return { ...commit(accountId, writes), ...recorded(call, done) }
      })
    },

    async reset({ token, newPassword }: { token: string; newPassword: string }, call: Call): Promise<Settled> {
      await resets.holder(token) // before the hash, which strangers shall not get for nothing
      const passwordHash = await passwords.hash(newPassword, call.signal)
      return settle(master, async () => {
        const account = await resets.holder(token)
        return commit(account.id, [
          accountWrite(account, { passwordHash, credentials: account.credentials + 1 }),
          ...(await resets.drop(account.id)),
          ...(await guesses.forget([emailHash(account.email), account.id], account.id)),
        ])
      })
    },
  }
}

export const accountWrite = (account: Account, changes: Partial<Account>): Write => ({
  kind: 'account',
  id: account.id,
  expected: account.version,
  document: { ...account, ...changes },
})

const wrong = () =>
  new Refusal('forbidden', 'The current password is wrong.', {
    code: 'wrong-password',
    faults: [{ pointer: '#/currentPassword', code: 'wrong', detail: 'This is not the current password.' }],
  })

const overtaken = () => new Refusal('conflict', 'The sign-in or the password has changed meanwhile.', { code: 'overtaken' })
