// From a refusal or a defect to the status of a call, with its details for programs.
import { Metadata, status } from '@grpc/grpc-js'
import type { Refusal } from '../../kit/refusal.ts'
import { wires } from '../refusals.ts'
import { type Detail, statusBytes } from './error-model.ts'
import { fieldPath } from './input.ts'

export interface Status {
  code: status
  details: string
  metadata: Metadata
}

const domain = 'randomcamerareviews'
// All details go into one header, and some clients take no more than 8 KiB of headers.
const mostFaults = 16
const detailMax = 160

/** `bodyField`: the field of the request that was the body, or null. */
export function statusOf(refusal: Refusal, requestId: string, bodyField: string | null): Status {
  const { reason, code, facts, faults, message } = refusal
  const wire = wires[reason]
  const details: Detail[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: reasonOf(code), domain, metadata: textsOf(facts) },
    { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId },
  ]
  if (faults.length > 0) {
    const fieldViolations = faults.slice(0, mostFaults).map(({ pointer, code, detail }) => ({
      field: fieldPath(pointer, bodyField).slice(0, detailMax),
      description: detail.slice(0, detailMax).toWellFormed(),
      reason: reasonOf(code),
    }))
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations })
  }
  const retryAfterS = refusal.retryAfterS ?? (wire.http === 503 || wire.http === 429 ? 1 : undefined)
  if (retryAfterS !== undefined)
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: { seconds: Math.max(1, Math.ceil(retryAfterS)) } })
  return statusWith(status[wire.grpc], message.slice(0, 1000).toWellFormed(), requestId, details)
}

export function statusOfDefect(requestId: string): Status {
  const message = 'Something went wrong here. The request id helps us to find out what.'
  return statusWith(status.INTERNAL, message, requestId, [{ '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId }])
}

function statusWith(code: status, message: string, requestId: string, details: readonly Detail[]): Status {
  const metadata = new Metadata()
  metadata.set('x-request-id', requestId)
  metadata.set('grpc-status-details-bin', statusBytes(code, message, details))
  return { code, details: message, metadata }
}

/** As the error model writes reasons: `wrong-status` is `WRONG_STATUS`. */
const reasonOf = (code: string) => code.toUpperCase().replaceAll('-', '_')

const textsOf = (facts: Refusal['facts']) =>
  Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, String(fact).slice(0, detailMax)]))
