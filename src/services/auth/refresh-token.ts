// Refresh tokens: the session's id, and 32 random bytes of which only the hash is kept.
import type { RandomBytes } from '../../kit/clock.ts'

export const newRefreshToken = (random: RandomBytes, sessionId: string): string =>
  `${sessionId}.${Buffer.from(random(32)).toString('base64url')}`

/** What a token says of its session. Undefined for what is no token of ours. */
export const sessionIdIn = (token: string): string | undefined => /^([0-9a-f-]{36})\.[\w-]{43}$/.exec(token)?.[1]
