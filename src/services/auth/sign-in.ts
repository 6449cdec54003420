// Signing in: one answer, at one price, for an unknown address, a wrong password, no password and a disabled account.
import type { Account } from '../../domain/account.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Guesses } from './guesses.ts'
import { emailClaim, emailHash } from './mail.ts'
import type { AuthNeeds } from './needs.ts'
import type { Sessions } from './sessions.ts'

export type SignIn = (given: { email: string; password: string }, call: Call) => Promise<Answer>

export function openSignIn({ master, passwords, metrics }: AuthNeeds, guesses: Guesses, sessions: Sessions): SignIn {
  const signIns = metrics.counter('rcr_auth_sign_ins_total', 'Attempts to sign in, by what came of it.', ['result'])

  return async ({ email, password }, call) => {
    const who = emailHash(email)
    const accountId = await master.owner(emailClaim(email))
    let account: Account | null = null
    const target = { who, accountId, address: call.address }
    const right = await guesses
      .guess(target, call.signal, async () => {
        account = accountId === null ? null : await master.read('account', accountId)
        return passwords.verify(account === null || account.disabled ? null : account.passwordHash, password, call.signal)
      })
      .catch((error: unknown) => {
        signIns.labels('refused').inc()
        throw error
      })
    if (!right || account === null) {
      signIns.labels('wrong').inc()
      throw new Refusal('unauthenticated', 'The e-mail address or the password is wrong.', { code: 'wrong-credentials' })
    }
    const owner: Account = account
    const answer = await sessions.start(owner, call, () => guesses.success({ ...target, accountId: owner.id }))
    signIns.labels('right').inc()
    return answer
  }
}
