// Forgetting somebody: in one commit, so that nothing of them is left over by a crash.
import { isActiveAdmin } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import type { Call } from '../../kit/operation.ts'
import type { Write } from '../../ports/master.ts'
import { type AccountParts, adminMoves, expected, standing } from './account-common.ts'
import { neutralByline } from './bylines.ts'
import { emailClaim, emailHash } from './mail.ts'
import { recorded, type Settled, settle } from './settle.ts'

/** Leaves an editor's neutral byline and nothing else. What the log has kept of the byline so far, it keeps. */
export async function eraseAccount(parts: AccountParts, id: string, call: Call): Promise<Settled> {
  const { master, clock, guesses, sessions, resets } = parts
  const outcome = await settle(master, async () => {
    const account = await standing(master, id)
    demandMatch(call, account.version)
    const byline = await neutralByline(master, id)
    const removal: Write = { kind: 'account', id, expected: account.version, document: null }
    const others = [(await sessions.of(id)).map(sessions.removal), await resets.drop(id)]
    const counts = await guesses.forget([emailHash(account.email), id], id)
    return {
      at: instant(clock),
      by: call.principal?.accountId ?? null,
      writes: [removal, ...others.flat(), ...counts, ...byline.writes],
      claims: { take: byline.take, release: [{ name: emailClaim(account.email), owner: id }, ...byline.release] },
      adjust: adminMoves(isActiveAdmin(account), false),
      ...recorded(call, { status: 204 }),
    }
  })
  // A sign-in that was under way may have left a session between the reading and the commit. None can come after it.
  if (outcome.committed) await sessions.end(id, () => true)
  return expected(outcome)
}
