// Every refusal on every wire: one total table, and the one door that makes a refusal of anything thrown.
import { type Reason, Refusal } from '../kit/refusal.ts'

interface Wire {
  http: number
  /** RFC 9457 `title`: the same for every occurrence. */
  title: string
}

export const wires: Record<Reason, Wire> = {
  invalid: { http: 400, title: 'The request is faulty' },
  unauthenticated: { http: 401, title: 'Sign in first' },
  forbidden: { http: 403, title: 'Not allowed' },
  missing: { http: 404, title: 'Not found' },
  method: { http: 405, title: 'Method not allowed' },
  unacceptable: { http: 406, title: 'Not acceptable' },
  conflict: { http: 409, title: 'In conflict with the present state' },
  stale: { http: 412, title: 'Another version stands now' },
  'too-large': { http: 413, title: 'Too large' },
  unsupported: { http: 415, title: 'Unsupported media type' },
  'key-reused': { http: 422, title: 'Idempotency key reused' },
  unconditional: { http: 428, title: 'If-Match is needed' },
  'too-many': { http: 429, title: 'Too many requests' },
  unavailable: { http: 503, title: 'Not available at present' },
  late: { http: 504, title: 'Took too long' },
  full: { http: 507, title: 'No room to store' },
}

/** The problem document (RFC 9457) of a refusal; `type` names the problem's section in the documentation. */
export function problem(refusal: Refusal, requestId: string, path: string) {
  const { http, title } = wires[refusal.reason]
  return {
    type: `/docs/problems#${refusal.code}`,
    title,
    status: http,
    detail: refusal.message,
    instance: path,
    code: refusal.code,
    requestId,
    ...(refusal.faults.length > 0 && { errors: refusal.faults }),
    ...refusal.facts,
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
