// The OpenAPI 3.1 document, derived from the list of operations alone.
import { z } from 'zod'
import type { Operation } from '../kit/operation.ts'
import type { Reason } from '../kit/refusal.ts'
import { illustrated } from './clients/samples.ts'
import { wires } from './refusals.ts'

type Json = Record<string, unknown>

export function openApi(operations: readonly Operation[], version: string): Json {
  const schemas: Json = { Problem: problemSchema() }
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    const outside = operation.rest.path.startsWith('=')
    const path = operation.rest.path.replace(/^=/, '')
    const item: Json = paths[path] ?? (outside ? { servers: [{ url: '/' }] } : {})
    paths[path] = item
    item[operation.rest.method.toLowerCase()] = describeOperation(operation, schemas)
  }
  return illustrated({
    openapi: '3.1.0',
    info: {
      title: 'RandomCameraReviews',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Camera reviews: editors write, readers everywhere search, read and compare without an account. ' +
        'Every path is served with the prefix `/api/v1` and, as an alias, without it. ' +
        'Faults are answered as `application/problem+json` (RFC 9457). `Consistency-Token` of an answer, sent with a later read, ' +
        'makes that read at least as fresh. The samples take the server from `$ORIGIN` and an access token from `$TOKEN`.',
    },
    servers: [{ url: '/api/v1' }],
    tags: [...new Set(operations.map((operation) => operation.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      headers: limitHeaders,
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  })
}

function describeOperation(operation: Operation, schemas: Json): Json {
  const { input } = operation
  return {
    operationId: operation.name,
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    tags: [operation.tag],
    parameters: [...parametersOf(operation, 'path', schemas), ...parametersOf(operation, 'query', schemas), ...headerParameters(operation)],
    ...(input.body && { requestBody: bodyOf(operation, schemas) }),
    responses: responsesOf(operation, schemas),
    security: operation.access === 'anyone' ? [{}, { accessToken: [] }] : [{ accessToken: [] }],
    ...(Array.isArray(operation.access) && { 'x-roles': operation.access }),
  }
}

function parametersOf({ input, examples = [] }: Operation, place: 'path' | 'query', schemas: Json): Json[] {
  const schema = input[place]
  if (schema === undefined) return []
  const example = examples[0]?.input[place] as Json | undefined
  const { properties = {}, required = [] } = toSchema(schema, 'input', schemas) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
    ...(example?.[name] !== undefined && { example: example[name] }),
  }))
}

function headerParameters(operation: Operation): Json[] {
  const header = (name: string, required: boolean, description: string, schema: Json = { type: 'string' }) => ({
    name,
    in: 'header',
    required,
    description,
    schema,
  })
  const key = operation.kind === 'command' ? (operation.idempotencyKey ?? 'accepted') : 'none'
  return [
    ...(operation.conditional
      ? [header('If-Match', operation.conditional === true, 'The ETag of the version that you mean to change, or *.')]
      : []),
    ...(key === 'none'
      ? []
      : [
          header('Idempotency-Key', key === 'required', 'Repeating the request with this key gives the first answer, for 24 hours.', {
            type: 'string',
            minLength: 1,
            maxLength: 255,
          }),
        ]),
    ...(operation.cache === 'content'
      ? [
          header('Consistency-Token', false, 'Of an earlier answer: this one will not be older.'),
          header('If-None-Match', false, 'The ETag that you hold: 304 when it still stands.'),
        ]
      : []),
  ]
}

function bodyOf(operation: Operation, schemas: Json): Json {
  const schema = toSchema(operation.input.body as z.ZodType, 'input', schemas)
  const examples = Object.fromEntries(
    (operation.examples ?? [])
      .filter(({ input }) => 'body' in input)
      .map(({ summary, input }, n) => [`example${n + 1}`, { summary, value: input.body }]),
  )
  const media = { schema, ...(Object.keys(examples).length > 0 && { examples }) }
  return {
    required: !(operation.input.body as z.ZodType).safeParse(undefined).success,
    content: { ...(operation.mediaType && { [operation.mediaType]: media }), 'application/json': media },
  }
}

function responsesOf(operation: Operation, schemas: Json): Json {
  const success: Json = {
    description: operation.status === 204 ? 'Done; no content.' : operation.status === 201 ? 'Made.' : 'The answer.',
    headers: {
      'X-Request-Id': { schema: { type: 'string' } },
      ...((operation.cache ?? 'private') === 'private' && limitReferences(['RateLimit', 'RateLimit-Policy'])),
      ...(operation.status === 201 && { Location: { schema: { type: 'string' } } }),
      ...((operation.cache === 'content' || operation.conditional) && {
        ETag: { schema: { type: 'string' } },
        'Consistency-Token': { schema: { type: 'string' } },
      }),
    },
    ...(operation.output && { content: { 'application/json': { schema: toSchema(operation.output, 'output', schemas) } } }),
  }
  const refusals = Object.fromEntries(reasonsOf(operation).map((reason) => [String(wires[reason].http), refusalResponse(reason)]))
  return { [operation.status]: success, ...refusals, 500: { ...refusalResponse('unavailable'), description: 'Our fault.' } }
}

function reasonsOf(operation: Operation): Reason[] {
  const { input, access } = operation
  // Unknown parameters are faults everywhere, and a token that is not good is refused by whoever needs none, too.
  const reasons: Reason[] = ['unavailable', 'late', 'invalid', 'unauthenticated', 'too-many']
  if (operation.kind === 'command') reasons.push('too-large', 'slow')
  if (input.body) reasons.push('unsupported')
  if (input.path) reasons.push('missing')
  if (Array.isArray(access)) reasons.push('forbidden')
  if (operation.conditional) reasons.push('stale', 'unconditional')
  if (operation.kind === 'command' && operation.idempotencyKey !== 'none') reasons.push('key-reused', 'full')
  return [...new Set([...reasons, ...((operation.refusals ?? []) as Reason[])])]
}

const text = (description: string): Json => ({ description, schema: { type: 'string' } })
const number = (description: string): Json => ({ description, schema: { type: 'integer' } })

/** Components, since each operation may answer with them. */
const limitHeaders: Record<string, Json> = {
  'Retry-After': number('Seconds until the next request of this kind is allowed.'),
  RateLimit: text('What is left of the quota that is nearest to its end: `"read-account";r=599;t=1`.'),
  'RateLimit-Policy': text('That quota: `"read-account";q=600;w=60`, so many at once and as many again in each window of seconds.'),
  'X-RateLimit-Limit': number('As `q` of RateLimit-Policy.'),
  'X-RateLimit-Remaining': number('As `r` of RateLimit.'),
  'X-RateLimit-Reset': number('When all are back, or with none left the next one: seconds since 1970.'),
}
const limitReferences = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

const refusalResponse = (reason: Reason): Json => ({
  description: `${wires[reason].title}.`,
  ...(reason === 'too-many' && { headers: limitReferences(Object.keys(limitHeaders)) }),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it; named schemas move to the components. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const made = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => forget(jsonSchema),
  })
  const { $schema, $defs = {}, ...rest } = rename(made) as Json & { $defs?: Json }
  for (const [name, definition] of Object.entries($defs)) schemas[name] = definition
  return rest
}

// The bounds of a JavaScript integer say nothing about the field, and an id is already the component's name.
function forget(schema: Json): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  delete schema.id
  // Swagger UI reads patterns without the flag u, where `\p{Cc}` would refuse the letter c.
  if (typeof schema.pattern === 'string') schema.pattern = schema.pattern.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f')
}

function rename(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rename)
  if (node === null || typeof node !== 'object') return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : rename(value),
    ]),
  )
}

function problemSchema(): Json {
  const text = { type: 'string' }
  return {
    type: 'object',
    description: 'RFC 9457. Beside these members a problem may carry facts of its kind, such as currentVersion.',
    properties: {
      type: text,
      title: text,
      status: { type: 'integer' },
      detail: text,
      instance: text,
      code: { ...text, description: 'Stable, for programs.' },
      requestId: text,
      errors: {
        type: 'array',
        items: { type: 'object', properties: { pointer: text, code: text, detail: text }, required: ['pointer', 'code', 'detail'] },
      },
    },
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  }
}
