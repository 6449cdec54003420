// One-time links by which somebody without a password, or who forgot it, chooses one.
import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Account } from '../../domain/account.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Write } from '../../ports/master.ts'
import type { AuthNeeds } from './needs.ts'
import type { PasswordReset } from './schemas.ts'
import { expectedOf, sha256 } from './settle.ts'

const lifeMs = 24 * 3_600_000
const Kept = z.object({ hash: z.string() })

export type Resets = ReturnType<typeof openResets>

/** One note per account, so that a new link voids the one before, and an erasure finds it. */
const noteId = (accountId: string) => `auth:reset:${accountId}`

export function openResets({ master, clock, random, settings }: Pick<AuthNeeds, 'master' | 'clock' | 'random' | 'settings'>) {
  const drop = async (accountId: string): Promise<Write[]> => {
    const note = await master.read('note', noteId(accountId))
    return note === null ? [] : [{ kind: 'note', id: note.id, expected: note.version, document: null }]
  }
  return {
    drop,

    make(accountId: string): PasswordReset {
      const token = `${accountId}.${Buffer.from(random(32)).toString('base64url')}`
      const link = settings.resetBaseUrl === undefined ? null : `${settings.resetBaseUrl}#token=${token}`
      return { token, link, expiresAt: new Date(clock.now() + lifeMs).toISOString() }
    },

    /** Keeps only the token's hash. */
    async keep(accountId: string, { token, expiresAt }: PasswordReset): Promise<Write> {
      const id = noteId(accountId)
      const expected = await expectedOf(master, 'note', id, await master.read('note', id))
      return { kind: 'note', id, expected, document: { id, value: { hash: sha256(token) } }, expiresAt }
    },

    /** The account that a token is good for now. Refuses all others alike. */
    async holder(token: string): Promise<Account> {
      const accountId = /^([0-9a-f-]{36})\.[\w-]{43}$/.exec(token)?.[1]
      if (accountId === undefined) throw refused()
      const note = await master.read('note', noteId(accountId))
      if (note === null) throw refused()
      if (!timingSafeEqual(Buffer.from(Kept.parse(note.value).hash), Buffer.from(sha256(token)))) throw refused()
      const account = await master.read('account', accountId)
      if (account === null || account.disabled) throw refused()
      return account
    },
  }
}

const refused = () =>
  new Refusal('invalid', 'This reset token is not, or no longer, good. Ask for another one.', {
    code: 'reset-invalid',
    faults: [{ pointer: '#/token', code: 'reset-invalid', detail: 'Not, or no longer, good.' }],
  })
