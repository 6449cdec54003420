// Making an account: with its unique address, its byline or its first link, in one commit.
import { isActiveAdmin, type Role, rolesOf } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import type { Call } from '../../kit/operation.ts'
import type { Commit } from '../../ports/master.ts'
import { type AccountParts, adminMoves, emailTaken, expected } from './account-common.ts'
import { firstByline, nothing, withFreeSlug } from './bylines.ts'
import { emailClaim } from './mail.ts'
import type { PasswordReset } from './schemas.ts'
import { recorded, type Settled, settle } from './settle.ts'

export interface AccountRequest {
  name: string
  email: string
  roles?: readonly Role[] | undefined
  password?: string | undefined
}

export interface Made {
  outcome: Settled
  id: string
  /** Null where a password was given. */
  body: { passwordReset: PasswordReset | null }
}

/** `call` is null for the command line and the first start. */
export async function createAccount(parts: AccountParts, wanted: AccountRequest, call: Call | null): Promise<Made> {
  const { master, clock, newId, passwords, resets } = parts
  if ((await master.owner(emailClaim(wanted.email))) !== null) throw emailTaken()
  const id = newId()
  const passwordHash = wanted.password === undefined ? null : await passwords.hash(wanted.password, call?.signal)
  const reset = passwordHash === null ? resets.make(id) : null
  const account = {
    id,
    name: wanted.name,
    email: wanted.email.toLowerCase(),
    roles: rolesOf(wanted.roles ?? []),
    disabled: false,
    passwordHash,
    bylinePending: false,
    credentials: 1,
  }
  const body = { passwordReset: reset }
  const outcome = await withFreeSlug(id, account.name, (slug) =>
    settle(master, async (): Promise<Commit> => {
      const byline = account.roles.includes('editor') ? firstByline(id, account.name, slug) : nothing
      // The token stays in the record as long as the link is good, so that a repeat gets the same answer.
      const answer = { status: 201, kind: 'account', id, version: 1, location: `/users/${id}`, body } as const
      return {
        at: instant(clock),
        by: call?.principal?.accountId ?? null,
        writes: [
          { kind: 'account', id, expected: 0, document: account },
          ...(reset ? [await resets.keep(id, reset)] : []),
          ...byline.writes,
        ],
        claims: { take: [{ name: emailClaim(account.email), owner: id }, ...byline.take] },
        adjust: adminMoves(false, isActiveAdmin(account)),
        ...recorded(call, answer),
      }
    }),
  )
  return { outcome: expected(outcome), id, body }
}
