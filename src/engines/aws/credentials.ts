// Who signs the requests: fixed keys (also those that Lambda sets), or those that a container is lent, renewed before they end.
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../kit/clock.ts'
import type { OpenDependency } from '../../kit/resilience.ts'

/** The same object for as long as they are the same. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface AwsSettings {
  AWS_REGION: string | null
  AWS_ACCESS_KEY_ID: string | null
  AWS_SECRET_ACCESS_KEY: string | null
  AWS_SESSION_TOKEN: string | null
  AWS_CONTAINER_CREDENTIALS_FULL_URI: string | null
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: string | null
  AWS_CONTAINER_AUTHORIZATION_TOKEN: string | null
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: string | null
}

/** The settings say that one kind of them is there. */
export function credentialsOf(settings: AwsSettings, clock: Clock, lender: OpenDependency): () => Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = settings
  if (accessKeyId !== null && secretAccessKey !== null)
    return fixedCredentials({ accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) })
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = settings
  const authorization = async () => (file === null ? token : (await readFile(file, 'utf8')).trim())
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative } = settings
  // The address at which ECS lends them to its containers.
  return lentCredentials({ url: full ?? `http://169.254.170.2${relative}`, authorization, clock, dependency: lender })
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
