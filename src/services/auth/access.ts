// Access tokens (RFC 9068): made here, verified here; who holds one is still asked whether the sign-in stands.
import { z } from 'zod'
import type { Account } from '../../domain/account.ts'
import { Id } from '../../domain/document.ts'
import { type Jwt, openJwt } from '../../kit/jwt.ts'
import type { Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Ring } from './keys.ts'
import type { AuthNeeds } from './needs.ts'

export interface Access {
  mint(account: Account, sessionId: string): Promise<string>
  authenticate(bearer: string): Promise<Principal>
}

const Claims = z.object({ sub: Id, sid: Id })

export function openAccess({ master, clock, newId, settings }: AuthNeeds, ring: Ring): Access {
  const { issuer, audience, accessTokenS, toleranceS = 10 } = settings
  const jwt: Jwt = openJwt({ issuer, audience, type: 'at+jwt', lifetimeS: accessTokenS, toleranceS, clock })
  return {
    async mint(account, sessionId) {
      return jwt.sign(await ring.signer(), { sub: account.id, sid: sessionId, roles: account.roles, jti: newId() })
    },

    // Two strong reads of the master (some 10 µs on LMDB) and no cache: a sign-out, a disabling or a lost role counts from the
    // next request on. The roles are those of the account; the token's are for others who verify by the published keys.
    async authenticate(bearer) {
      const claims = Claims.safeParse(await jwt.verify(bearer, ring.find))
      if (!claims.success) throw ended()
      const { sub, sid } = claims.data
      const [session, account] = await Promise.all([master.read('session', sid), master.read('account', sub)])
      if (session === null || account === null || session.accountId !== sub) throw ended()
      if (account.disabled || session.credentials !== account.credentials) throw ended()
      return { accountId: sub, sessionId: sid, roles: account.roles }
    },
  }
}

const ended = () => new Refusal('unauthenticated', 'This sign-in has ended.', { code: 'session-ended' })
