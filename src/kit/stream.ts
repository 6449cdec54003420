// A stream: something that is told on and on, over the wires that can, as plain data with its handler.
import type { z } from 'zod'
import type { Answer, Call, Operation } from './operation.ts'

export interface Stream extends Pick<Operation, 'name' | 'summary' | 'tag' | 'access' | 'output'> {
  input: { path?: z.ZodObject; query?: z.ZodObject; body?: z.ZodType }
  /** Until it has nothing more to tell, or the signal of the call. */
  run: (input: never, call: Call) => AsyncIterable<Answer>
}

/** Declares a stream; ties the handler's input to the schemas. */
export function stream<Q extends z.ZodObject>(
  declared: Omit<Stream, 'run' | 'input'> & {
    input: { query: Q }
    run: (input: { query: z.output<Q> }, call: Call) => AsyncIterable<Answer>
  },
): Stream {
  return declared as Stream
}
