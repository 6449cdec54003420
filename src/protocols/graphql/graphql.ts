// GraphQL over HTTP: one address for all operations.
//
// The onion, outermost first: request id → limit of the address → parameters → document (known, or parsed, measured and validated) → deadline → fields,
// each as a request of its own (ask.ts) → answer.
import { type DocumentNode, getOperationAST, OperationTypeNode, printSchema } from 'graphql'
import { Refusal } from '../../kit/refusal.ts'
import { type Received, requestIdOf } from '../caller.ts'
import { corsFor } from '../cors.ts'
import { securityHeaders } from '../present.ts'
import { headOf, prefix, type RestParts } from '../rest.ts'
import { explorerPage, wantsPage } from './explorer.ts'
import { refusalOf } from './faults.ts'
import { openLibrary } from './library.ts'
import { type MediaType, type Parameters, preferredType, readParameters } from './parameters.ts'
import { failed, methods, refused } from './reply.ts'
import { type At, openRun } from './run.ts'
import { deriveSchema } from './schema.ts'

export interface GraphQlParts extends RestParts {
  /** GraphiQL, introspection and suggestions: not in production. */
  explorable: boolean
  /** Trusted documents, asked for by the hash of their text. */
  documents: readonly string[]
}

/** Answers its own address, and null for any other. */
export type GraphQl = (request: Request, received: Received) => Promise<Response | null>

/** The schema as text, for the contract. */
export const schemaText = (operations: RestParts['operations']): string => `${printSchema(deriveSchema(operations).schema)}\n`

const standardArrivalMs = 15_000

export function graphQl(parts: GraphQlParts): GraphQl {
  const { explorable, documents } = parts
  const { schema, questions } = deriveSchema(parts.operations)
  const library = openLibrary({ schema, questions, explorable, documents })
  const cors = corsFor(parts.origins)
  const run = openRun(parts, schema)

  async function answer(request: Request, type: MediaType, at: At): Promise<Response> {
    const parameters = await readParameters(request, parts.arrivalMs ?? standardArrivalMs)
    const isTrusted = 'id' in parameters.document
    const text = 'id' in parameters.document ? library.trusted(parameters.document.id) : parameters.document.text
    let document: DocumentNode
    try {
      document = library.read(text)
    } catch (thrown) {
      return failed(thrown, type, at.requestId)
    }
    const operation = getOperationAST(document, parameters.operationName)
    if (!operation) {
      const unknown = new Refusal('invalid', 'Name one of the operations of the document.', { code: 'unknown-operation' })
      return failed(unknown, type, at.requestId)
    }
    const isQuery = operation.operation === OperationTypeNode.QUERY
    if (!isQuery && request.method !== 'POST') throw new Refusal('method', 'Send mutations by POST.')
    if (!isQuery && !mayWrite(request)) throw new Refusal('forbidden', 'Pages of this origin may not write.', { code: 'foreign-origin' })
    if (isTrusted) demandDeclared(parameters, operation.variableDefinitions?.map(({ variable }) => variable.name.value) ?? [])
    return run(request, { document, parameters, type, isQuery, isShared: isTrusted && request.method !== 'POST' }, at)
  }

  /** A page is told apart by its origin; whoever is no browser sends none. */
  function mayWrite(request: Request): boolean {
    const origin = request.headers.get('origin')
    if (origin === null || (URL.canParse(origin) && new URL(origin).host === new URL(request.url).host)) return true
    return 'access-control-allow-origin' in cors.actual(false, origin)
  }

  function preflight(request: Request, { requestId }: At): Response {
    const headers = { ...securityHeaders, 'x-request-id': requestId, allow: methods.join(', ') }
    // Queries are open to pages of every origin, also by POST; for mutations the origin is looked at when they come.
    return new Response(null, { status: 204, headers: { ...headers, ...cors.preflight(request, methods, methods) } })
  }

  return async (request, received) => {
    if (!request.url.includes('/graphql')) return null
    const { pathname } = new URL(request.url)
    if (pathname !== '/graphql' && pathname !== `${prefix}/graphql`) return null
    const startedMs = performance.now()
    const at: At = { requestId: requestIdOf(request, parts.newRequestId), received, fields: [] }
    const type = preferredType(request.headers.get('accept'))
    let response: Response
    try {
      if (request.method === 'OPTIONS') return preflight(request, at)
      if (!methods.includes(request.method)) throw new Refusal('method', `Allowed here: ${methods.join(', ')}.`)
      if (explorable && wantsPage(request)) return await explorerPage(at.requestId)
      if (type === null) throw new Refusal('unacceptable', 'There is application/json and application/graphql-response+json.')
      received.toll?.address('graphql')
      response = await answer(request, type, at)
    } catch (thrown) {
      const refusal = refusalOf(thrown)
      if (refusal === null) parts.log.error('defect', { requestId: at.requestId, operation: 'graphql', error: thrown })
      response = refused(refusal, type ?? 'application/json', at.requestId)
    }
    for (const [name, value] of Object.entries(cors.actual(true, null))) response.headers.append(name, value)
    const ms = Math.round((performance.now() - startedMs) * 10) / 10
    const { method } = request
    parts.log.info('request', { requestId: at.requestId, operation: 'graphql', fields: at.fields, method, status: response.status, ms })
    return method === 'HEAD' ? headOf(response) : response
  }
}

/** What is not declared would be left aside: as many addresses of one answer as anybody likes to invent. */
function demandDeclared({ variables }: Parameters, declared: readonly string[]): void {
  const unknown = Object.keys(variables).filter((name) => !declared.includes(name))
  if (unknown.length === 0) return
  const faults = unknown.slice(0, 20).map((name) => {
    return { pointer: `#/variables/${name.slice(0, 100)}`, code: 'unrecognized_key', detail: 'The document has no such variable.' }
  })
  throw new Refusal('invalid', 'The variables have faults; faults names each of them.', { faults })
}
