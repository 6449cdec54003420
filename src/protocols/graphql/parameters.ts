// GraphQL over HTTP: what a request asks, and in which media type it wants the answer.
import { z } from 'zod'
import type { Operation } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import { readInput } from '../request.ts'

export const mediaTypes = ['application/json', 'application/graphql-response+json'] as const
export type MediaType = (typeof mediaTypes)[number]

const map = z.record(z.string(), z.unknown())
const id = z.string().regex(/^sha256:[0-9a-f]{64}$/)

const mapAsText = z.string().transform((text, context) => {
  try {
    return map.parse(JSON.parse(text))
  } catch {
    context.addIssue({ code: 'custom', message: 'Must be a JSON object.' })
    return z.NEVER
  }
})

const Posted = z.object({
  query: z.string().nullish(),
  documentId: id.nullish(),
  operationName: z.string().nullish(),
  variables: map.nullish(),
  extensions: map.nullish(),
})

const Got = z.strictObject({
  query: z.string().optional(),
  documentId: id.optional(),
  operationName: z.string().optional(),
  variables: mapAsText.optional(),
  extensions: mapAsText.optional(),
})

const shared = { summary: '', tag: 'graphql', access: 'anyone', status: 200, run: async () => ({}) } as const

/** A document sent to be executed. Never seen by caches. */
const posted: Operation = {
  ...shared,
  name: 'graphql',
  kind: 'command',
  rest: { method: 'POST', path: '/graphql' },
  input: { body: Posted },
}

const got: Operation = { ...shared, name: 'graphql', kind: 'query', rest: { method: 'GET', path: '/graphql' }, input: { query: Got } }

/** What the response cache shall know of: GETs of trusted documents, told apart by these parameters and no others. */
export const persistedQuery: Operation = {
  ...got,
  cache: 'content',
  input: { query: Got.pick({ documentId: true, operationName: true, variables: true }).required({ documentId: true }) },
}

export interface Parameters {
  document: { text: string } | { id: string }
  operationName: string | null
  variables: Readonly<Record<string, unknown>>
}

export async function readParameters(request: Request, arrivalMs: number): Promise<Parameters> {
  const isPost = request.method === 'POST'
  const { input } = await readInput(request, isPost ? posted : got, {}, arrivalMs)
  const given = (isPost ? input.body : input.query) as z.output<typeof Posted>
  const { query, documentId, operationName = null, variables } = given
  if ((query ?? null) === null && (documentId ?? null) === null)
    throw oneDocument('required', 'Send the document as query, or its documentId.')
  if (query && documentId) throw oneDocument('unexpected', 'Send either query or documentId.')
  return { document: documentId ? { id: documentId } : { text: query ?? '' }, operationName, variables: variables ?? {} }
}

const oneDocument = (code: string, message: string) =>
  new Refusal('invalid', message, { faults: [{ pointer: '#/query', code, detail: message }] })

/** The media type that the caller likes best; `application/json` where it does not matter. Null: none that there is. */
export function preferredType(accept: string | null): MediaType | null {
  if (accept === null || accept.trim() === '') return 'application/json'
  let best: { type: MediaType; weight: number } | null = null
  for (const part of accept.split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    const type = mediaTypes.find((known) => range === known || range === 'application/*' || range === '*/*')
    if (type !== undefined && weight > (best?.weight ?? 0)) best = { type, weight }
  }
  return best?.type ?? null
}
