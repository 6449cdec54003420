// Errors as GraphQL tells them: the refusal's sentence, and in `extensions` its code for programs.
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import { refusalFrom, wires } from '../refusals.ts'
import { pageArguments } from './connection.ts'

/** The refusal behind an error; what GraphQL itself finds is the caller's fault. Null: ours. */
export function refusalOf(thrown: unknown): Refusal | null {
  if (!(thrown instanceof GraphQLError)) return refusalFrom(thrown)
  const { originalError } = thrown
  if (originalError !== undefined && !(originalError instanceof GraphQLError)) return refusalFrom(originalError)
  const code = thrown.message.startsWith('Syntax Error') ? 'malformed' : 'invalid'
  return new Refusal('invalid', thrown.message, { code })
}

/** `refusal` null: nothing is said but that it was our fault. */
export function errorOf(refusal: Refusal | null, requestId: string, at: GraphQLError | null): GraphQLFormattedError {
  const place = {
    ...(at?.locations && { locations: at.locations }),
    ...(at?.path && { path: at.path }),
  }
  if (refusal === null) {
    const message = 'Something went wrong here. The request id helps us to find out what.'
    return { message, ...place, extensions: { code: 'defect', status: 500, requestId } }
  }
  const { message, code, reason, faults, facts, retryAfterS } = refusal
  const extensions = {
    ...facts, // first: no fact may take the place of a standard member
    code,
    reason,
    status: wires[reason].http,
    requestId,
    ...(faults.length > 0 && { faults: at?.path === undefined ? faults : faults.map(placed) }),
    ...(retryAfterS !== undefined && { retryAfterS: Math.max(1, Math.ceil(retryAfterS)) }),
  }
  return { message, ...place, extensions }
}

/** Places of another protocol (`#/title`, `?limit`, `If-Match`) as a pointer into the field's arguments. */
function placed({ pointer, ...fault }: Fault): Fault {
  const known = headers[pointer]
  if (known !== undefined) return { pointer: known, ...fault }
  if (pointer.startsWith('?')) {
    const member = pointer.slice(1)
    return { pointer: `#/${pageArguments[member] ?? member}`, ...fault }
  }
  return { pointer: pointer.startsWith('#') ? `#/input${pointer.slice(1)}` : pointer, ...fault }
}

const headers: Readonly<Record<string, string>> = { 'If-Match': '#/ifMatch', 'Idempotency-Key': '#/idempotencyKey' }
