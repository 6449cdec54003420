// DynamoDB's JSON API over HTTP: every request signed, with a deadline, retried only where the service says that it did nothing.
import { AwsClient } from 'aws4fetch'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { within } from '../../kit/deadline.ts'
import { atOnce } from './at-once.ts'
import type { Credentials } from './credentials.ts'

export type Fetch = (request: Request) => Promise<Response>

export interface ClientOptions {
  /** `https://dynamodb.sa-east-1.amazonaws.com` when null. */
  endpoint: string | null
  region: string
  credentials: () => Promise<Credentials>
  clock: Clock
  random: RandomBytes
  /** Each request is given up after this time. */
  answerMs?: number
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

export type Call = <T>(operation: string, body: object) => Promise<T>

/** The time that one waits for its turn does not count as time without an answer. */
const mostAtOnce = 32
const mostTries = 8
const firstPauseMs = 5
const longestPauseMs = 200
/** Whoever is refused for so long is not helped by asking again. */
const mostMs = 2000

export function openClient(options: ClientOptions): Call {
  const { endpoint, region, credentials, clock, random, answerMs = 1000, fetch = globalThis.fetch } = options
  const url = endpoint ?? `https://dynamodb.${region}.amazonaws.com`
  const pause = pauses(clock, random)
  const inTurn = atOnce(mostAtOnce)

  let signer: AwsClient | undefined
  let signedFor: Credentials | undefined

  async function once<T>(operation: string, text: string, signal: AbortSignal): Promise<T> {
    const current = await credentials()
    // It keeps the key of the day, which costs more than the signature.
    if (signer === undefined || current !== signedFor) signer = new AwsClient({ ...current, region, service: 'dynamodb' })
    signedFor = current
    const datetime = new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, '')
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` }
    const request = await signer.sign(url, { method: 'POST', headers, body: text, signal, aws: { datetime } })
    const response = await fetch(request)
    if (response.ok) return (await response.json()) as T
    throw errorOf(response.status, await response.text())
  }

  return async <T>(operation: string, body: object) => {
    const text = JSON.stringify(body)
    const startedMs = clock.monotonic()
    for (let tries = 1; ; tries++) {
      const cut = new AbortController()
      try {
        const late = () => new NoAnswer(`${operation}: no answer in ${answerMs} ms`)
        return await inTurn(() => within(clock, answerMs, once<T>(operation, text, cut.signal), late))
      } catch (thrown) {
        if (!(thrown instanceof DynamoError || thrown instanceof NoAnswer)) throw new NoAnswer(operation, { cause: thrown })
        const isOver = tries === mostTries || clock.monotonic() - startedMs > mostMs
        if (isOver || !(thrown instanceof DynamoError && isPassing(thrown))) throw thrown
        await pause(tries)
      } finally {
        cut.abort()
      }
    }
  }
}

/** Full jitter: any time from 0 to 5 ms · 2^tries, at most 200 ms. */
export function pauses(clock: Pick<Clock, 'sleep'>, random: RandomBytes): (tries: number) => Promise<void> {
  return (tries) => {
    const share = Buffer.from(random(4)).readUInt32LE() / 2 ** 32
    return clock.sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** tries) * share)
  }
}

const throttled = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
])

const isPassing = ({ code, status }: DynamoError): boolean => status >= 500 || throttled.has(code)

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
