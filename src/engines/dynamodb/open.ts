// From settings to a client: where DynamoDB is, and whose credentials are used.
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../kit/clock.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import { type Call, openClient } from './client.ts'
import { type Credentials, fixedCredentials, lentCredentials } from './credentials.ts'

export interface AwsSettings {
  RCR_DYNAMODB_ENDPOINT: string | null
  AWS_REGION: string | null
  AWS_ACCESS_KEY_ID: string | null
  AWS_SECRET_ACCESS_KEY: string | null
  AWS_SESSION_TOKEN: string | null
  AWS_CONTAINER_CREDENTIALS_FULL_URI: string | null
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: string | null
  AWS_CONTAINER_AUTHORIZATION_TOKEN: string | null
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: string | null
}

interface Around {
  clock: Clock
  service: OpenDependency
  lender: OpenDependency
}

/** The settings say that a region and one kind of credentials are there. */
export function dynamoClient(settings: AwsSettings, { clock, service, lender }: Around): Call {
  const { RCR_DYNAMODB_ENDPOINT: endpoint, AWS_REGION: region } = settings
  return openClient({ endpoint, region: region ?? '', credentials: credentialsOf(settings, clock, lender), clock, dependency: service })
}

function credentialsOf(settings: AwsSettings, clock: Clock, lender: OpenDependency): () => Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = settings
  if (accessKeyId !== null && secretAccessKey !== null)
    return fixedCredentials({ accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) })
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = settings
  const authorization = async () => (file === null ? token : (await readFile(file, 'utf8')).trim())
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative } = settings
  // The address at which ECS lends them to its containers.
  return lentCredentials({ url: full ?? `http://169.254.170.2${relative}`, authorization, clock, dependency: lender })
}
