// Sign-ins: a session for each, until it is ended or has run its time.
import type { Account, Session } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit, Write } from '../../ports/master.ts'
import type { Access } from './access.ts'
import type { AuthNeeds } from './needs.ts'
import { newRefreshToken, sessionIdIn } from './refresh-token.ts'
import { settle, sha256, unforeseen } from './settle.ts'

/** The oldest goes when there would be more. Below the 100 writes of one commit, so that an erasure takes all of them. */
const mostSessions = 50

interface Ending extends Pick<Commit, 'idempotency'> {
  demanded?: boolean
}

export type Sessions = ReturnType<typeof openSessions>

export function openSessions({ master, clock, newId, random, settings }: AuthNeeds, access: Access) {
  const lifeMs = settings.refreshTokenDays * 86_400_000

  const tokens = async (account: Account, sessionId: string, refreshToken: string): Promise<Answer> => ({
    body: {
      accessToken: await access.mint(account, sessionId),
      tokenType: 'Bearer',
      expiresIn: settings.accessTokenS,
      refreshToken,
    },
  })
  const write = (session: Omit<Session, 'version' | 'createdAt' | 'updatedAt'>, expected: number): Write => ({
    kind: 'session',
    id: session.id,
    expected,
    document: session,
    expiresAt: session.expiresAt,
  })
  const removal = ({ id, version }: Session): Write => ({ kind: 'session', id, expected: version, document: null })
  const of = async (accountId: string) => (await master.list('sessions', accountId, { limit: 200 })).documents

  /** Commits the first token of a new session, together with what else the sign-in changes. */
  async function start(account: Account, call: Call, also: () => Promise<Write[]>): Promise<Answer> {
    const id = newId()
    const token = newRefreshToken(random, id)
    const session = {
      id,
      accountId: account.id,
      credentials: account.credentials,
      refreshHash: sha256(token),
      spentHashes: [],
      userAgent: call.userAgent.toWellFormed().slice(0, 200),
      lastUsedAt: instant(clock),
      expiresAt: new Date(clock.now() + lifeMs).toISOString(),
    }
    const outcome = await settle(master, async () => ({
      at: instant(clock),
      by: account.id,
      writes: [write(session, 0), ...(await of(account.id)).slice(mostSessions - 1).map(removal), ...(await also())],
      require: [{ kind: 'account', id: account.id }],
    }))
    if (outcome.committed) return tokens(account, id, token)
    if (outcome.because === 'required') throw new Refusal('unauthenticated', 'This account is no more.', { code: 'session-ended' })
    throw unforeseen(outcome)
  }

  /** Ends those that `which` picks; refuses (`missing`) when there are none and `demanded` says so. */
  async function end(accountId: string, which: (session: Session) => boolean, { demanded = false, ...rest }: Ending = {}) {
    return settle(master, async () => {
      const picked = (await of(accountId)).filter(which)
      if (demanded && picked.length === 0) throw new Refusal('missing', 'There is no such session.')
      return { at: instant(clock), by: accountId, writes: picked.map(removal), ...rest }
    })
  }

  return {
    start,
    tokens,
    end,
    of,
    removal,
    write,

    /** Ends the session of a refresh token, good or spent; says nothing of any other text. */
    async endByToken(token: string): Promise<void> {
      const id = sessionIdIn(token)
      const session = id === undefined ? null : await master.read('session', id)
      const hash = sha256(token)
      if (session && (session.refreshHash === hash || session.spentHashes.includes(hash)))
        await end(session.accountId, (one) => one.id === session.id)
    },
  }
}
