// What DynamoDB and the network report, turned into refusals once, by code. Anything else passes through as the defect it is.
import { Refusal } from '../../kit/refusal.ts'
import { DynamoError, NoAnswer } from './client.ts'

const notOurs: Record<string, string> = {
  ResourceNotFoundException: 'does not exist. Create it first: npm run rcr -- create-table.',
  AccessDeniedException: 'may not be used with these credentials. Give their role the actions that docs/dynamodb.md names.',
  UnrecognizedClientException: 'cannot be asked with these credentials: AWS does not know them.',
  InvalidSignatureException: 'cannot be asked: the secret key or the clock of this machine is wrong.',
  ExpiredTokenException: 'cannot be asked: the credentials have expired.',
}

/** Awaits what the engine asks of this table and lets only refusals and defects out. */
export async function guarded<T>(table: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    const told = cause instanceof DynamoError && notOurs[cause.code]
    if (told) throw unusable(table, told, cause)
    if (cause instanceof NoAnswer || (cause instanceof DynamoError && cause.code !== 'ValidationException')) throw unreachable(cause)
    throw cause
  }
}

export const unreachable = (cause?: unknown): Refusal =>
  new Refusal('unavailable', 'The master cannot be reached at the moment.', { retryAfterS: 1, cause })

export const late = (): Refusal =>
  new Refusal('unavailable', 'The master did not answer in time: whether this was stored is unknown. Repeat it with its Idempotency-Key.', {
    code: 'master-late',
    retryAfterS: 2,
  })

export const unusable = (table: string, what: string, cause?: unknown): Refusal =>
  new Refusal('unavailable', `The master's table ${table} ${what}`, { code: 'master-unusable', cause })

/** Only a bug, or a hand in the table, makes it so. */
export const damaged = (cause: unknown): Refusal =>
  new Refusal('unavailable', 'The master is damaged and must be restored.', { code: 'master-damaged', cause })
