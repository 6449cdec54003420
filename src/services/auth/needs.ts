// What the sign-in service is given, and what it is told.
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import type { NewId } from '../../kit/id.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Passwords } from '../../kit/password.ts'
import type { Master } from '../../ports/master.ts'

interface AuthSettings {
  /** `iss` of the tokens: where this installation is found. */
  issuer: string
  /** `aud` of the tokens. */
  audience: string
  /** How long an access token is good, at most 600 s. */
  accessTokenS: number
  /** How long a sign-in lasts, however often it is refreshed. */
  refreshTokenDays: number
  /** How far the clocks of this system may be apart, 0 … 60 s. Default 10. */
  toleranceS?: number
  /** The page where a new password is chosen; the token follows as `#token=`, which browsers send to nobody. */
  resetBaseUrl?: string
}

export interface AuthNeeds {
  master: Master
  clock: Clock
  newId: NewId
  random: RandomBytes
  log: Log
  metrics: Metrics
  passwords: Passwords
  settings: AuthSettings
}
