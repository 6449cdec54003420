// The OpenAPI document as a list of endpoints: what everything that is handed to users of the API is made from.

/** JSON Schema, as far as the operations use it. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  description?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  minLength?: number
  minimum?: number
  exclusiveMinimum?: number
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: Schema
  /** Absent in a path: nobody knows it beforehand, as an id that the system gives. */
  example?: unknown
}

interface Media {
  schema: Schema
  examples?: Record<string, { summary: string; value: unknown }>
}

/** An operation as the document tells it. */
export interface Described {
  operationId: string
  summary: string
  description?: string
  tags: [string]
  parameters: Parameter[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
  security: Record<string, unknown>[]
  'x-roles'?: string[]
  'x-codeSamples'?: { lang: string; label: string; source: string }[]
}

export interface Endpoint {
  name: string
  tag: string
  method: string
  /** From the root of the server, parameters in braces: `/api/v1/reviews/{id}`. */
  path: string
  /** Who may ask, in words. */
  who: string
  needsToken: boolean
  pathParameters: Parameter[]
  queryParameters: Parameter[]
  /** Takes Consistency-Token: public content, which caches share where nobody is named. */
  isContent: boolean
  isConditional: boolean
  idempotencyKey: 'none' | 'accepted' | 'required'
  body: { mediaType: string; isRequired: boolean; schema: Schema; example: unknown } | null
  answer: Schema | null
  status: number
  refusals: number[]
  described: Described
}

export interface Contract {
  title: string
  description: string
  version: string
  schemas: Record<string, Schema>
  endpoints: Endpoint[]
}

interface Document {
  info: { title: string; description: string; version: string }
  servers: [{ url: string }]
  paths: Record<string, Record<string, Described> & { servers?: [{ url: string }] }>
  components: { schemas: Record<string, Schema> }
}

export function readContract(document: Record<string, unknown>): Contract {
  const { info, servers, paths, components } = document as unknown as Document
  const endpoints = Object.entries(paths).flatMap(([path, { servers: own, ...item }]) => {
    const prefix = (own ?? servers)[0].url.replace(/\/$/, '')
    return Object.entries(item).map(([method, described]) => readEndpoint(method.toUpperCase(), prefix + path, described))
  })
  return { ...info, schemas: components.schemas, endpoints }
}

function readEndpoint(method: string, path: string, described: Described): Endpoint {
  const { operationId: name, tags, parameters, responses, security, requestBody, 'x-roles': roles } = described
  const header = (wanted: string) => parameters.find((parameter) => parameter.in === 'header' && parameter.name === wanted)
  const key = header('Idempotency-Key')
  const statuses = Object.keys(responses).map(Number)
  const status = Math.min(...statuses)
  const needsToken = !security.some((way) => Object.keys(way).length === 0)
  return {
    name,
    tag: tags[0],
    method,
    path,
    who: roles?.join(', ') ?? (needsToken ? 'signed in' : 'anyone'),
    needsToken,
    pathParameters: parameters.filter((parameter) => parameter.in === 'path'),
    queryParameters: parameters.filter((parameter) => parameter.in === 'query'),
    isContent: header('Consistency-Token') !== undefined,
    isConditional: header('If-Match') !== undefined,
    idempotencyKey: key === undefined ? 'none' : key.required ? 'required' : 'accepted',
    body: requestBody ? readBody(requestBody) : null,
    answer: responses[status]?.content?.['application/json']?.schema ?? null,
    status,
    refusals: statuses.filter((code) => code >= 400),
    described,
  }
}

function readBody({ required, content }: NonNullable<Described['requestBody']>): Endpoint['body'] {
  const [first] = Object.entries(content)
  if (first === undefined) return null
  const [mediaType, { schema, examples = {} }] = first
  return { mediaType, isRequired: required, schema, example: Object.values(examples)[0]?.value }
}

/** The schema that a reference means. */
export function resolve(schema: Schema, schemas: Record<string, Schema>): Schema {
  if (schema.$ref === undefined) return schema
  const found = schemas[nameOf(schema.$ref)]
  if (found === undefined) throw new Error(`${schema.$ref} is not in the document`)
  return resolve(found, schemas)
}

export const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1)

/** The endpoints under their headings, in the order of the document. */
export const byTag = ({ endpoints }: Contract): [string, Endpoint[]][] => [...Map.groupBy(endpoints, ({ tag }) => tag)]
