// A document executed: its fields asked for, counted, and put together to one answer.
import { type DocumentNode, execute, type GraphQLError, type GraphQLSchema } from 'graphql'
import type { Refusal } from '../../kit/refusal.ts'
import { positionOf, type Received } from '../caller.ts'
import { wires } from '../refusals.ts'
import type { RestParts } from '../rest.ts'
import { openTrouble } from '../trouble.ts'
import { type Answered, answerTo, type Common, fieldValue } from './ask.ts'
import { errorOf, refusalOf } from './faults.ts'
import type { MediaType, Parameters } from './parameters.ts'
import { presented } from './reply.ts'
import type { Asking, Question } from './schema.ts'

export interface At {
  requestId: string
  received: Received
  /** The operations that were asked for, for the log. */
  fields: string[]
}

export interface Asked {
  document: DocumentNode
  parameters: Parameters
  type: MediaType
  isQuery: boolean
  /** May be answered from, and kept by, caches. */
  isShared: boolean
}

interface RunParts extends Pick<RestParts, 'authenticate' | 'secret' | 'tokenSeal' | 'log' | 'metrics' | 'deadlineMs'> {
  explorable: boolean
}

export function openRun(parts: RunParts, schema: GraphQLSchema) {
  const trouble = openTrouble(parts.log)
  const timer = parts.metrics.timer('rcr_request_seconds', 'Time to answer, by operation and status.', ['operation', 'status'])

  const timed = async (question: Question, work: Promise<unknown>) => {
    const startedMs = performance.now()
    const { name, status } = question.operation
    const observe = (outcome: number) => timer.labels(name, String(outcome)).observe((performance.now() - startedMs) / 1000)
    await work.then(
      () => observe(status),
      (thrown: unknown) => observe(statusOfThrown(refusalOf(thrown))),
    )
  }

  const report = (error: GraphQLError, requestId: string) => {
    const refusal = refusalOf(error)
    const { path, originalError = error } = error
    trouble(originalError, refusal, { requestId, path: path?.join('.') })
    return errorOf(refusal, requestId, error)
  }

  return async (request: Request, asked: Asked, at: At): Promise<Response> => {
    const token = request.headers.get('consistency-token')
    const deadline = AbortSignal.timeout(parts.deadlineMs)
    const common: Common = {
      request,
      requestId: at.requestId,
      address: at.received.address,
      toll: at.received.toll,
      authenticate: once(parts.authenticate),
      secret: parts.secret,
      atLeast: token === null ? null : positionOf(parts.tokenSeal, token),
      deadline,
      signal: AbortSignal.any([request.signal, deadline]),
    }
    const answered: Answered[] = []
    const asking: Asking = {
      async ask(question, given) {
        at.fields.push(question.operation.name)
        const work = answerTo(question, given, common)
        void timed(question, work)
        const answer = await work
        answered.push({ question, answer })
        return fieldValue(question, given, answer)
      },
    }
    const { data, errors = [] } = await execute({
      schema,
      document: asked.document,
      contextValue: asking,
      variableValues: asked.parameters.variables,
      operationName: asked.parameters.operationName,
      hideSuggestions: !parts.explorable,
    })
    const result = { data, errors: errors.map((error) => report(error, at.requestId)), answered }
    const isPersonal = token !== null || request.headers.has('authorization')
    return presented(result, { ...asked, request, requestId: at.requestId, isPersonal, seal: parts.tokenSeal })
  }
}

const statusOfThrown = (refusal: Refusal | null): number => (refusal === null ? 500 : wires[refusal.reason].http)

/** One look at the token for all fields of a request. */
function once<T>(authenticate: (bearer: string) => Promise<T>): (bearer: string) => Promise<T> {
  let known: Promise<T> | null = null
  return (bearer) => {
    known ??= authenticate(bearer)
    return known
  }
}
