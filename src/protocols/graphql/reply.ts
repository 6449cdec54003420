// What was found, as a response: its status by the media type, its headers by the rules of REST.
import { createHash } from 'node:crypto'
import type { GraphQLFormattedError } from 'graphql'
import type { Answer } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Seal } from '../../kit/seal.ts'
import { showing } from '../../kit/shown.ts'
import { present, securityHeaders } from '../present.ts'
import { wires } from '../refusals.ts'
import { type Answered, newest, together } from './ask.ts'
import { errorOf, refusalOf } from './faults.ts'
import { Faulty } from './library.ts'
import { type MediaType, persistedQuery } from './parameters.ts'

export const methods = ['GET', 'HEAD', 'POST', 'OPTIONS']

type Errors = readonly GraphQLFormattedError[]

interface Result {
  data: unknown
  errors: Errors
  answered: readonly Answered[]
}

interface Presenting {
  request: Request
  requestId: string
  type: MediaType
  isQuery: boolean
  isShared: boolean
  isPersonal: boolean
  seal: Seal
}

export function presented({ data, errors, answered }: Result, at: Presenting): Response {
  const answers = answered.map(({ answer }) => answer)
  const shown = at.isQuery ? together(answers) : newest(answers)
  const isKept = at.isShared && errors.length === 0 && answered.every(({ question }) => question.operation.cache === 'content')
  const sealPosition = ({ epoch, seq }: { epoch: string; seq: number }) => at.seal.seal([epoch, seq])
  const bodyText = JSON.stringify({
    ...(errors.length > 0 && { errors }),
    data,
    // In what caches keep, the token stands in the header alone: else the same content would be another text at every position.
    ...(shown.position && !at.isShared && { extensions: { consistencyToken: sealPosition(shown.position) } }),
  })
  const answer: Answer = {
    ...shown,
    bodyText,
    ...(isKept && { hash: createHash('sha256').update(bodyText).digest('base64url').slice(0, 11) }),
    status: statusOf(data, errors, at.type, at.isShared),
  }
  const response = present(answer, {
    operation: persistedQuery,
    requestId: at.requestId,
    prefix: '',
    personal: at.isPersonal || !isKept,
    sealPosition,
    ifNoneMatch: at.request.headers.get('if-none-match'),
  })
  if (response.headers.has('content-type')) response.headers.set('content-type', `${at.type}; charset=utf-8`)
  response.headers.append('vary', 'Accept')
  if (isKept) showing(response, persistedQuery, answer)
  return response
}

/**
 * `application/json` is 200 whenever GraphQL answers, the other type says whether there is data. What caches may keep fails as
 * everywhere else, so that they can go on with what they have.
 */
function statusOf(data: unknown, errors: Errors, type: MediaType, isShared: boolean): number {
  const worst = Math.max(200, ...errors.map(({ extensions }) => Number(extensions?.status)))
  if (isShared && (worst >= 500 || worst === 429)) return worst
  return data === undefined && type !== 'application/json' ? worst : 200
}

/** A document that cannot be executed: GraphQL's own answer. */
export function failed(thrown: unknown, type: MediaType, requestId: string): Response {
  if (!(thrown instanceof Faulty || thrown instanceof Refusal)) throw thrown
  const errors =
    thrown instanceof Faulty
      ? thrown.faults.map((fault) => errorOf(refusalOf(fault), requestId, fault))
      : [errorOf(thrown, requestId, null)]
  return errorResponse(errors, statusOf(undefined, errors, type, false), type, requestId)
}

/** What is no request of GraphQL's at all: with the status of REST, whatever the type. */
export function refused(refusal: Refusal | null, type: MediaType, requestId: string): Response {
  const response = errorResponse([errorOf(refusal, requestId, null)], refusal === null ? 500 : wires[refusal.reason].http, type, requestId)
  if (refusal?.reason === 'method') response.headers.set('allow', methods.join(', '))
  if (refusal?.retryAfterS !== undefined) response.headers.set('retry-after', String(Math.max(1, Math.ceil(refusal.retryAfterS))))
  return response
}

function errorResponse(errors: Errors, status: number, type: MediaType, requestId: string): Response {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', vary: 'Accept', 'x-request-id': requestId }
  return new Response(JSON.stringify({ errors }), { status, headers: { ...securityHeaders, ...headers } })
}
