// Accounts: made, shown, changed, erased. Whatever belongs together is one commit, so no crash leaves half of it.
import type { Account } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import type { Call } from '../../kit/operation.ts'
import { type AccountParts, expected, shown, standing } from './account-common.ts'
import { changeAccount } from './change-account.ts'
import { type AccountRequest, createAccount } from './create-account.ts'
import { eraseAccount } from './erase-account.ts'
import type { AccountPatch, PasswordReset } from './schemas.ts'
import { recorded, type Settled, settle } from './settle.ts'

export type Accounts = ReturnType<typeof openAccounts>

export function openAccounts(parts: AccountParts) {
  const { master, clock, resets } = parts

  async function newReset(id: string, call: Call): Promise<{ outcome: Settled; body: PasswordReset }> {
    await standing(master, id)
    const body = resets.make(id)
    const outcome = await settle(master, async () => ({
      at: instant(clock),
      by: call.principal?.accountId ?? null,
      writes: [await resets.keep(id, body)],
      require: [{ kind: 'account' as const, id }],
      ...recorded(call, { status: 201, kind: 'account', id, body }),
    }))
    return { outcome: expected(outcome), body }
  }

  return {
    create: (wanted: AccountRequest, call: Call | null) => createAccount(parts, wanted, call),
    change: (id: string, patch: AccountPatch, call: Call) => changeAccount(parts, id, patch, call),
    erase: (id: string, call: Call) => eraseAccount(parts, id, call),
    newReset,
    standing: (id: string) => standing(master, id),
    shown: (account: Account) => shown(master, account),
  }
}
