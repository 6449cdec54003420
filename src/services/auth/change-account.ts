// Changing an account: address, roles and byline move together or not at all.
import { type Account, isActiveAdmin, rolesOf } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import type { Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit, Master } from '../../ports/master.ts'
import { type AccountParts, adminMoves, expected, standing } from './account-common.ts'
import { isAdmin } from './asking.ts'
import { firstByline, lacksByline, nothing, type Part, renamedByline, withFreeSlug } from './bylines.ts'
import { accountWrite } from './credentials.ts'
import { emailClaim } from './mail.ts'
import type { AccountPatch } from './schemas.ts'
import { recorded, type Settled, settle } from './settle.ts'

export async function changeAccount(
  { master, clock }: Pick<AccountParts, 'master' | 'clock'>,
  id: string,
  patch: AccountPatch,
  call: Call,
): Promise<Settled> {
  const { name } = await standing(master, id)
  const outcome = await withFreeSlug(id, patch.byline ?? patch.name ?? name, (slug) =>
    settle(master, async (): Promise<Commit> => {
      const account = await standing(master, id)
      demandMatch(call, account.version)
      const next = changed(account, patch)
      if (!isAdmin(call)) demandUnprivileged(account, next)
      const part = await bylineOf(master, next, patch, slug)
      const same = part.writes.length === 0 && JSON.stringify(next) === JSON.stringify(account)
      const moved = emailClaim(next.email) !== emailClaim(account.email)
      return {
        at: instant(clock),
        by: call.principal?.accountId ?? null,
        writes: same ? [] : [accountWrite(account, { ...next, bylinePending: false }), ...part.writes],
        claims: {
          take: [...(moved ? [{ name: emailClaim(next.email), owner: id }] : []), ...part.take],
          release: moved ? [{ name: emailClaim(account.email), owner: id }] : [],
        },
        adjust: adminMoves(isActiveAdmin(account), isActiveAdmin(next)),
        ...recorded(call, { status: 200, kind: 'account', id }),
      }
    }),
  )
  return expected(outcome)
}

async function bylineOf(master: Master, next: Account, patch: AccountPatch, slug: string): Promise<Part> {
  if (await lacksByline(master, next)) return firstByline(next.id, patch.byline ?? next.name, slug)
  if (patch.byline === undefined) return nothing
  const part = await renamedByline(master, next.id, patch.byline)
  if (part !== null) return part
  throw new Refusal('invalid', 'Only editors have a byline.', {
    faults: [{ pointer: '#/byline', code: 'not-an-editor', detail: 'Only editors have a byline.' }],
  })
}

/** Roles and `disabled` are not one's own to change. Saying what stands is no change. */
function demandUnprivileged(before: Account, after: Account): void {
  if (before.disabled === after.disabled && before.roles.join() === after.roles.join()) return
  throw new Refusal('forbidden', 'Only admins change roles and disable accounts.')
}

function changed(account: Account, { name, email, roles, disabled }: AccountPatch): Account {
  const next: Account = {
    ...account,
    name: name ?? account.name,
    email: email ?? account.email,
    roles: roles === undefined ? account.roles : rolesOf(roles),
    disabled: disabled ?? account.disabled,
  }
  const shutOut = next.disabled && !account.disabled
  return shutOut ? { ...next, credentials: account.credentials + 1 } : next
}
