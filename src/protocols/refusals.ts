// Every refusal on every wire: one total table, and the one door that makes a refusal of anything thrown.
import { type Reason, Refusal } from '../kit/refusal.ts'

type GrpcCode =
  | 'ABORTED'
  | 'DEADLINE_EXCEEDED'
  | 'FAILED_PRECONDITION'
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAUTHENTICATED'
  | 'UNAVAILABLE'
  | 'UNIMPLEMENTED'

interface Wire {
  http: number
  /** The code of the status. A stale version is ABORTED: read again, and repeat the whole. */
  grpc: GrpcCode
  /** RFC 9457 `title`: the same for every occurrence. */
  title: string
}

export const wires: Record<Reason, Wire> = {
  invalid: { http: 400, grpc: 'INVALID_ARGUMENT', title: 'The request is faulty' },
  unauthenticated: { http: 401, grpc: 'UNAUTHENTICATED', title: 'Sign in first' },
  forbidden: { http: 403, grpc: 'PERMISSION_DENIED', title: 'Not allowed' },
  missing: { http: 404, grpc: 'NOT_FOUND', title: 'Not found' },
  method: { http: 405, grpc: 'UNIMPLEMENTED', title: 'Method not allowed' },
  unacceptable: { http: 406, grpc: 'INVALID_ARGUMENT', title: 'Not acceptable' },
  slow: { http: 408, grpc: 'DEADLINE_EXCEEDED', title: 'The request was too slow' },
  conflict: { http: 409, grpc: 'FAILED_PRECONDITION', title: 'In conflict with the present state' },
  stale: { http: 412, grpc: 'ABORTED', title: 'Another version stands now' },
  'too-large': { http: 413, grpc: 'RESOURCE_EXHAUSTED', title: 'Too large' },
  unsupported: { http: 415, grpc: 'INVALID_ARGUMENT', title: 'Unsupported media type' },
  'key-reused': { http: 422, grpc: 'INVALID_ARGUMENT', title: 'Idempotency key reused' },
  unconditional: { http: 428, grpc: 'INVALID_ARGUMENT', title: 'If-Match is needed' },
  'too-many': { http: 429, grpc: 'RESOURCE_EXHAUSTED', title: 'Too many requests' },
  unavailable: { http: 503, grpc: 'UNAVAILABLE', title: 'Not available at present' },
  late: { http: 504, grpc: 'DEADLINE_EXCEEDED', title: 'Took too long' },
  full: { http: 507, grpc: 'RESOURCE_EXHAUSTED', title: 'No room to store' },
}

/** The problem document (RFC 9457) of a refusal; `type` names the problem's section in the documentation. */
export function problem(refusal: Refusal, requestId: string, path: string) {
  const { http, title } = wires[refusal.reason]
  return {
    ...refusal.facts, // first: no fact may take the place of a standard member
    type: `/docs/problems#${refusal.code}`,
    title,
    status: http,
    detail: refusal.message,
    instance: path,
    code: refusal.code,
    requestId,
    ...(refusal.faults.length > 0 && { errors: refusal.faults }),
  }
}

/** Null for a defect: to be logged with its cause and answered with the request id alone. */
export function refusalFrom(thrown: unknown): Refusal | null {
  return thrown instanceof Refusal ? thrown : null
}

/** What a caller learns of a defect. */
export function defect(requestId: string, path: string) {
  return {
    type: '/docs/problems#defect',
    title: 'Our fault',
    status: 500,
    detail: 'Something went wrong here. The request id helps us to find out what.',
    instance: path,
    code: 'defect',
    requestId,
  }
}
