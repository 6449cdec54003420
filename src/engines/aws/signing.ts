// Requests as AWS wants them signed (Signature Version 4), by the credentials that hold just now.
import { AwsClient } from 'aws4fetch'
import type { Clock } from '../../kit/clock.ts'
import type { Credentials } from './credentials.ts'

export interface SigningOptions {
  /** As AWS names it: `dynamodb`, `s3`. The body is signed too, except that of `s3`. */
  service: string
  region: string
  credentials: () => Promise<Credentials>
  clock: Clock
}

export type Sign = (url: string, request: RequestInit) => Promise<Request>

export function openSigning({ service, region, credentials, clock }: SigningOptions): Sign {
  let signer: AwsClient | undefined
  let signedFor: Credentials | undefined
  return async (url, request) => {
    const current = await credentials()
    // It keeps the key of the day, which costs more than the signature.
    if (signer === undefined || current !== signedFor) signer = new AwsClient({ ...current, region, service })
    signedFor = current
    const datetime = new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, '')
    return signer.sign(url, { ...request, aws: { datetime } })
  }
}
