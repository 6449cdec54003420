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

const ofRefusals = new WeakMap<Error, Answer>()

/** What a refusal shows, where it may be kept: a 404 stands until one of its tags comes by. */
export function thatShows<E extends Error>(refusal: E, answer: Answer): E {
  ofRefusals.set(refusal, answer)
  return refusal
}

export const shownIn = (refusal: Error): Answer | undefined => ofRefusals.get(refusal)
