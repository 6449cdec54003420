// What a response shows, for the cache in front of the framework: kept beside the response, never on the wire.
import type { Answer, Operation } from './operation.ts'

interface Shown {
  operation: Operation
  answer: Answer
}

const shown = new WeakMap<Response, Shown>()

export function showing(response: Response, operation: Operation, answer: Answer): void {
  shown.set(response, { operation, answer })
}

/** Undefined for a refusal, and for whatever did not come from an operation. */
export const shownBy = (response: Response): Shown | undefined => shown.get(response)
