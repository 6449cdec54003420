// From settings to a client: where DynamoDB is, and whose credentials are used.
import type { Clock } from '../../kit/clock.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import { type AwsSettings, credentialsOf } from '../aws/credentials.ts'
import { type Call, openClient } from './client.ts'

interface Around {
  clock: Clock
  service: OpenDependency
  lender: OpenDependency
}

/** The settings say that a region and one kind of credentials are there. */
export function dynamoClient(settings: AwsSettings & { RCR_DYNAMODB_ENDPOINT: string | null }, { clock, service, lender }: Around): Call {
  const { RCR_DYNAMODB_ENDPOINT: endpoint, AWS_REGION: region } = settings
  return openClient({ endpoint, region: region ?? '', credentials: credentialsOf(settings, clock, lender), clock, dependency: service })
}
