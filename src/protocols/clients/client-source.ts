// The typed client as one TypeScript file: the runtime as it stands, a type for each schema, a function for each operation.
import { readFileSync } from 'node:fs'
import { wires } from '../refusals.ts'
import { byTag, type Contract, type Endpoint, type Parameter } from './contract.ts'
import { commented, declarationOf, isName, typeOf } from './types.ts'

export function clientSource(contract: Contract): string {
  const { schemas, endpoints, title, version } = contract
  const names = [...Object.keys(schemas), ...endpoints.filter(takesInput).map(inputName)]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`${twice} would be declared twice in the client`)
  const types = Object.entries(schemas).filter(([name]) => name !== 'Problem')
  return [
    `// The client of ${title} ${version}: made from its operations by \`npm run rcr -- contracts\`; edits are lost.`,
    runtime(),
    ...types.map(([name, schema]) => declarationOf(name, schema)),
    ...endpoints.filter(takesInput).map(inputType),
    createClient(contract),
    'export type Client = ReturnType<typeof createClient>\n',
  ].join('\n')
}

// In the client this file is its own module's text: only what it calls by other names changes.
function runtime(): string {
  const codes = [...Object.keys(wires), 'defect', 'unreachable', 'unknown'].map((code) => `'${code}'`)
  return readFileSync(new URL('client-runtime.ts', import.meta.url), 'utf8')
    .replace('ProblemCode = string', `ProblemCode =\n  | ${codes.join('\n  | ')}\n  | (string & {})`)
    .replaceAll(/^export (?=function sender|const step)/gm, '')
}

const takesInput = ({ pathParameters, queryParameters, body }: Endpoint) =>
  pathParameters.length > 0 || queryParameters.length > 0 || body !== null

const inputName = ({ name }: Endpoint) => `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`

function inputType(endpoint: Endpoint): string {
  const { method, path, pathParameters, queryParameters, body } = endpoint
  const member = ({ name, required, schema, description }: Parameter) =>
    `${commented(description ?? schema.description, '  ')}  ${name}${required ? '' : '?'}: ${typeOf(schema, '  ')}\n`
  const parameters = [...pathParameters, ...queryParameters]
  const taken = parameters.map(({ name }) => name)
  if (taken.some((name) => !isName(name) || name === 'body') || new Set(taken).size < taken.length)
    throw new Error(`${endpoint.name}: its parameters cannot stand beside each other`)
  const bodyMember = body === null ? '' : `  body${body.isRequired ? '' : '?'}: ${typeOf(body.schema, '  ')}\n`
  return `/** ${method} ${path} */\nexport interface ${inputName(endpoint)} {\n${parameters.map(member).join('')}${bodyMember}}\n`
}

function createClient(contract: Contract): string {
  const groups = byTag(contract).map(([tag, endpoints]) => `    // ${tag}\n\n${endpoints.map(functionOf).join('\n')}`)
  return `/** A function for each operation. */
export function createClient(client: ClientOptions) {
  const send = sender(client)
  return {
${groups.join('\n')}  }
}
`
}

function functionOf(endpoint: Endpoint): string {
  const { name, method, path, described, body, answer, idempotencyKey, isContent, pathParameters, queryParameters } = endpoint
  const { isOptional, parts } = inputOf(endpoint)
  const input = parts.length === 0 ? [] : [`${parts}: ${inputName(endpoint)}${isOptional ? ' = {}' : ''}`]
  const taken = pathParameters.reduce((text, parameter) => text.replace(`{${parameter.name}}`, `\${step(${parameter.name})}`), path)
  const call = [
    `method: '${method}'`,
    `path: ${taken === path ? `'${path}'` : `\`${taken}\``}`,
    ...(queryParameters.length > 0 ? ['query'] : []),
    ...(body === null ? [] : ['body']),
    ...(body === null || body.mediaType === 'application/json' ? [] : [`mediaType: '${body.mediaType}'`]),
    ...(isContent ? ['isContent: true'] : []),
    ...(idempotencyKey === 'none' ? [] : ['takesKey: true']),
  ]
  const answerType = answer === null ? 'undefined' : typeOf(answer, '      ')
  const words = [described.summary, described.description].filter((text) => text !== undefined).join('\n\n')
  return `${commented(words, '    ')}    ${name}: (${[...input, optionsOf(endpoint)].join(', ')}) =>
      send<${answerType}>({ ${call.join(', ')} }, options),
`
}

/** How the function takes its input apart. */
function inputOf({ pathParameters, queryParameters, body }: Endpoint): { parts: string; isOptional: boolean } {
  const isOptional = pathParameters.length === 0 && !queryParameters.some(({ required }) => required) && !body?.isRequired
  const named = [...pathParameters.map(({ name }) => name), ...(body === null ? [] : ['body'])]
  if (queryParameters.length === 0) return { parts: named.length === 0 ? '' : `{ ${named.join(', ')} }`, isOptional }
  return { parts: named.length === 0 ? 'query' : `{ ${named.join(', ')}, ...query }`, isOptional }
}

function optionsOf({ idempotencyKey, isConditional, isContent }: Endpoint): string {
  const common = isContent ? 'ReadOptions' : idempotencyKey === 'none' ? 'Options' : 'CommandOptions'
  return isConditional ? `options: ${common} & Conditional` : `options: ${common} = {}`
}
