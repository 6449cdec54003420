// Who signs the requests: fixed keys (also those that Lambda sets), or those that a container is lent, renewed before they end.
import type { Clock } from '../../kit/clock.ts'
import type { OpenDependency } from '../../kit/resilience.ts'

/** The same object for as long as they are the same. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export const fixedCredentials =
  (credentials: Credentials): (() => Promise<Credentials>) =>
  async () =>
    credentials

interface Lending {
  /** What AWS_CONTAINER_CREDENTIALS_FULL_URI says, or http://169.254.170.2 and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. */
  url: string
  /** Read anew each time: it is a file that changes. */
  authorization: () => Promise<string | null>
  clock: Clock
  dependency: OpenDependency
}

interface Lent {
  AccessKeyId: string
  SecretAccessKey: string
  Token: string
  Expiration: string
}

/** The service that lends them renews them five minutes before they end. */
const renewBeforeMs = 4 * 60_000
/** Until then the old ones do, whether or not new ones can be had. */
const uselessBeforeMs = 10_000

export function lentCredentials({ url, authorization, clock, dependency }: Lending): () => Promise<Credentials> {
  const late = () => new Error('the container lent no credentials in time')
  const lender = dependency({ isFailure: () => true, resting: late, late })
  let held: { credentials: Credentials; untilMs: number } | undefined
  let borrowing: Promise<Credentials> | undefined
  const borrow = async (signal: AbortSignal) => {
    const token = await authorization()
    const response = await fetch(url, { headers: token === null ? {} : { authorization: token }, signal })
    if (!response.ok) throw new Error(`the container's credentials were refused with ${response.status}`)
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = (await response.json()) as Lent
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token }
    held = { credentials, untilMs: Date.parse(Expiration) }
    return credentials
  }
  return async () => {
    const leftMs = held === undefined ? 0 : held.untilMs - clock.now()
    if (held !== undefined && leftMs > renewBeforeMs) return held.credentials
    // Of several who find them old only the first borrows.
    borrowing ??= lender.ask(borrow).finally(() => {
      borrowing = undefined
    })
    if (held === undefined || leftMs < uselessBeforeMs) return borrowing
    borrowing.catch(() => {})
    return held.credentials
  }
}
