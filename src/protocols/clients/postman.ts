// A Postman collection (format 2.1): a folder for each tag, and variables that the answers fill.
import { byTag, type Contract, type Endpoint, type Parameter, resolve } from './contract.ts'

type Json = Record<string, unknown>

const format = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'

export function postmanCollection(contract: Contract): Json {
  return {
    info: {
      name: contract.title,
      description: `${contract.description}\n\nSend **login** first: it keeps the tokens. What is made last is \`{{id}}\`, its version \`{{etag}}\`.`,
      version: contract.version,
      schema: format,
    },
    variable: Object.entries(variables).map(([key, value]) => ({ key, value, type: 'string' })),
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{accessToken}}', type: 'string' }] },
    event: [script(keepVersion)],
    item: byTag(contract).map(([name, endpoints]) => ({ name, item: endpoints.map((endpoint) => itemOf(endpoint, contract)) })),
  }
}

const variables = { baseUrl: 'http://localhost:8080', accessToken: '', refreshToken: '', id: '', etag: '"1"' }

const keepVersion = [
  "const etag = pm.response.headers.get('ETag')",
  "if (etag) pm.collectionVariables.set('etag', etag)",
  'const made = pm.response.code === 201 ? pm.response.json() : {}',
  "if (made.id) pm.collectionVariables.set('id', made.id)",
]

const keepTokens = [
  'if (pm.response.code === 200) {',
  '  const { accessToken, refreshToken } = pm.response.json()',
  "  pm.collectionVariables.set('accessToken', accessToken)",
  "  pm.collectionVariables.set('refreshToken', refreshToken)",
  '}',
]

const script = (exec: readonly string[]): Json => ({ listen: 'test', script: { type: 'text/javascript', exec } })

function itemOf(endpoint: Endpoint, { schemas }: Contract): Json {
  const { name, method, body, answer, needsToken, described } = endpoint
  const givesTokens = answer !== null && Object.hasOwn(resolve(answer, schemas).properties ?? {}, 'refreshToken')
  return {
    name,
    ...(givesTokens && { event: [script(keepTokens)] }),
    request: {
      method,
      description: [described.summary, described.description].filter((text) => text !== undefined).join('\n\n'),
      // An empty bearer token is refused where none is needed, too.
      ...(!needsToken && { auth: { type: 'noauth' } }),
      header: headersOf(endpoint),
      url: urlOf(endpoint),
      ...(body && { body: { mode: 'raw', raw: rawOf(body.example), options: { raw: { language: 'json' } } } }),
    },
    response: [],
  }
}

function headersOf({ isConditional, idempotencyKey, isContent, body }: Endpoint): Json[] {
  return [
    ...(body ? [{ key: 'Content-Type', value: body.mediaType }] : []),
    ...(isConditional ? [{ key: 'If-Match', value: '{{etag}}' }] : []),
    ...(idempotencyKey === 'none' ? [] : [{ key: 'Idempotency-Key', value: '{{$guid}}', disabled: idempotencyKey === 'accepted' }]),
    ...(isContent ? [{ key: 'Consistency-Token', value: '', disabled: true }] : []),
  ]
}

function urlOf({ path, pathParameters, queryParameters }: Endpoint): Json {
  const written = path.replaceAll(/\{(\w+)\}/g, ':$1')
  const query = queryParameters.map(({ name, example, description }) => ({
    key: name,
    value: example === undefined ? '' : String(example),
    ...(description !== undefined && { description }),
    disabled: example === undefined,
  }))
  const asked = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${value}`)
  return {
    raw: `{{baseUrl}}${written}${asked.length > 0 ? `?${asked.join('&')}` : ''}`,
    host: ['{{baseUrl}}'],
    path: written.split('/').slice(1),
    ...(query.length > 0 && { query }),
    ...(pathParameters.length > 0 && {
      variable: pathParameters.map((parameter) => ({ key: parameter.name, value: pathValueOf(parameter) })),
    }),
  }
}

const pathValueOf = ({ example, name }: Parameter): string => (example !== undefined ? String(example) : name === 'id' ? '{{id}}' : '')

const rawOf = (example: unknown): string =>
  JSON.stringify(example, (key, value: unknown) => (key === 'refreshToken' ? '{{refreshToken}}' : value), 2)
