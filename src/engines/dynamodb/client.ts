// DynamoDB's JSON API over HTTP: every request signed, with a deadline, retried only where the service says that it did nothing.
import type { Clock } from '../../kit/clock.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import type { Credentials } from '../aws/credentials.ts'
import { openSigning } from '../aws/signing.ts'

export type Fetch = (request: Request) => Promise<Response>

export interface ClientOptions {
  /** `https://dynamodb.sa-east-1.amazonaws.com` when null. */
  endpoint: string | null
  region: string
  credentials: () => Promise<Credentials>
  clock: Clock
  dependency: OpenDependency
  /** Where faults are put in. */
  fetch?: Fetch
}

/** What the service answered instead of doing it; `code` is the name of its exception without the namespace. */
export class DynamoError extends Error {
  readonly code: string
  readonly status: number
  /** Of a transaction that was not done: for each of its parts the code of what stood against it, or `None`. */
  readonly reasons: readonly string[]
  constructor(code: string, status: number, message: string, reasons: readonly string[] = []) {
    super(`${code}: ${message}`)
    this.name = 'DynamoError'
    this.code = code
    this.status = status
    this.reasons = reasons
  }
}

/** No answer came, or none in time: whether it was done is unknown. */
export class NoAnswer extends Error {}

export interface Call {
  <T>(operation: string, body: object): Promise<T>
  /** As between tries, for what was done in part, or lost a race. */
  pause(tries: number): Promise<void>
}

export function openClient({ endpoint, region, credentials, clock, dependency, fetch = globalThis.fetch }: ClientOptions): Call {
  const url = endpoint ?? `https://dynamodb.${region}.amazonaws.com`
  const resting = () => new Error('DynamoDB has not answered for a while')
  const late = () => new Error('no answer in time')
  const service = dependency({ isFailure: isTrouble, isPassing, resting, late })

  const sign = openSigning({ service: 'dynamodb', region, credentials, clock })

  async function once<T>(operation: string, text: string, signal: AbortSignal): Promise<T> {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` }
    const response = await fetch(await sign(url, { method: 'POST', headers, body: text, signal }))
    if (response.ok) return (await response.json()) as T
    throw errorOf(response.status, await response.text())
  }

  const call = <T>(operation: string, body: object): Promise<T> => {
    const text = JSON.stringify(body)
    return service
      .ask((signal) => once<T>(operation, text, signal))
      .catch((thrown: unknown) => {
        throw thrown instanceof DynamoError ? thrown : new NoAnswer(operation, { cause: thrown })
      })
  }
  return Object.assign(call, { pause: (tries: number) => service.pause(tries) })
}

const throttled = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
])

/** The service says that it did nothing. */
const isPassing = (thrown: unknown): boolean => thrown instanceof DynamoError && (thrown.status >= 500 || throttled.has(thrown.code))

/** Throttling is an answer: it is over with the next second, and others of its partitions answer meanwhile. */
const isTrouble = (thrown: unknown): boolean => !(thrown instanceof DynamoError && thrown.status < 500)

interface Fault {
  __type?: string
  message?: string
  Message?: string
  CancellationReasons?: { Code: string }[]
}

function errorOf(status: number, text: string): DynamoError {
  try {
    const { __type = '', message, Message = '', CancellationReasons: reasons = [] } = JSON.parse(text) as Fault
    const code = __type.split('#').at(-1) ?? ''
    return new DynamoError(
      code,
      status,
      message ?? Message,
      reasons.map(({ Code }) => Code),
    )
  } catch {
    return new DynamoError('', status, text.slice(0, 200))
  }
}
