// Staying signed in: a refresh token is good once, and the whole family dies when a spent one comes back.
import type { Account } from '../../domain/account.ts'
import { instant } from '../../kit/clock.ts'
import type { Answer } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Commit } from '../../ports/master.ts'
import type { AuthNeeds } from './needs.ts'
import { newRefreshToken, sessionIdIn } from './refresh-token.ts'
import type { Sessions } from './sessions.ts'
import { settle, sha256, unforeseen } from './settle.ts'

const spentMost = 20

export type Refresh = (token: string) => Promise<Answer>

export function openRefresh({ master, clock, random, log, metrics }: AuthNeeds, sessions: Sessions): Refresh {
  const refreshes = metrics.counter('rcr_auth_refreshes_total', 'Refresh tokens presented, by what came of it.', ['result'])
  const refused = (result: 'unknown' | 'reused' | 'ended'): Refusal => {
    refreshes.labels(result).inc()
    return new Refusal('unauthenticated', 'The refresh token is not valid. Sign in again.', { code: 'refresh-invalid' })
  }

  // One commit decides. Of ten who bring the same token at once, one finds the session as it read it; the others find the token
  // spent, which is a theft as far as anybody can tell. There is no grace: a client that lost the answer signs in again.
  return async (token) => {
    const id = sessionIdIn(token)
    if (id === undefined) throw refused('unknown')
    const hash = sha256(token)
    const next = newRefreshToken(random, id)
    const judged: { owner: Account | null } = { owner: null }
    const outcome = await settle(master, async (): Promise<Commit> => {
      judged.owner = null
      const session = await master.read('session', id)
      // Beyond the spent ones that are remembered, an old token is as unknown as an invented one, which must not end anything.
      if (session === null || (session.refreshHash !== hash && !session.spentHashes.includes(hash))) throw refused('unknown')
      const base = { at: instant(clock), by: session.accountId }
      if (session.refreshHash !== hash) return { ...base, writes: [sessions.removal(session)] }
      const owner = await master.read('account', session.accountId)
      if (owner === null || owner.disabled || owner.credentials !== session.credentials) throw refused('ended')
      judged.owner = owner
      const spentHashes = [...session.spentHashes, hash].slice(-spentMost)
      const renewed = { ...session, refreshHash: sha256(next), spentHashes, lastUsedAt: instant(clock) }
      return { ...base, writes: [sessions.write(renewed, session.version)] }
    })
    if (!outcome.committed) throw unforeseen(outcome)
    if (judged.owner === null) {
      log.warn('refresh-token-reused', { sessionId: id })
      throw refused('reused')
    }
    refreshes.labels('renewed').inc()
    return sessions.tokens(judged.owner, id, next)
  }
}
