// An example for every input of the OpenAPI document, and a curl line for every operation: declared ones first, made ones where none is.
import { type Contract, type Described, readContract, resolve, type Schema } from './contract.ts'
import { curlOf } from './curl.ts'

/** The document, each of its bodies and required parameters with an example. What cannot be known beforehand, an id, has none. */
export function illustrated(document: Record<string, unknown>): Record<string, unknown> {
  const contract = readContract(document)
  for (const { described } of contract.endpoints) {
    for (const parameter of described.parameters)
      if (parameter.in !== 'header' && parameter.example === undefined) {
        const example = parameter.in === 'path' ? knownBeforehand(parameter.schema) : requiredSample(parameter, contract)
        if (example !== undefined) parameter.example = example
      }
    for (const media of Object.values(described.requestBody?.content ?? {}))
      media.examples ??= { example1: { summary: 'An example', value: bodySample(media.schema, described, contract) } }
  }
  for (const endpoint of readContract(document).endpoints)
    endpoint.described['x-codeSamples'] = [{ lang: 'Shell', label: 'curl', source: curlOf(endpoint) }]
  return document
}

function knownBeforehand({ const: constant, anyOf = [], type, minimum }: Schema): unknown {
  if (type === 'integer') return minimum ?? 1
  return constant ?? anyOf.find((choice) => choice.const !== undefined)?.const
}

const requiredSample = ({ required, schema }: { required: boolean; schema: Schema }, { schemas }: Contract) =>
  required ? sampleOf(schema, schemas) : undefined

/** What is declared for a kindred operation, as far as this one takes it; of a patch, one member; else one that is made from the schema. */
function bodySample(schema: Schema, { tags }: Described, { endpoints, schemas }: Contract): unknown {
  const { properties = {}, required = [] } = resolve(schema, schemas)
  for (const { tag, body } of endpoints) {
    if (tag !== tags[0] || body?.example === undefined) continue
    const taken = Object.entries(body.example as object).filter(([name]) => Object.hasOwn(properties, name))
    const isEnough = taken.length > 0 && required.every((name) => taken.some(([member]) => member === name))
    if (isEnough) return Object.fromEntries(required.length === 0 ? taken.slice(0, 1) : taken)
  }
  return sampleOf(schema, schemas)
}

const formats: Readonly<Record<string, string>> = {
  uuid: '01941f29-7c00-7000-8000-000000000001',
  'date-time': '2027-01-15T09:00:00Z',
  date: '2027-01-15',
  email: 'ana@example.com',
  uri: 'https://example.com/',
}

/** The least that a schema takes. */
export function sampleOf(given: Schema, schemas: Record<string, Schema>): unknown {
  const schema = resolve(given, schemas)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf.find(({ type }) => type !== 'null') ?? {}, schemas)
  if (schema.default !== undefined && schema.default !== null) return schema.default
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object')
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {}, schemas)]))
  if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}, schemas))
  if (type === 'integer' || type === 'number') return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1
  if (type === 'boolean') return true
  return formats[schema.format ?? ''] ?? 'example'.padEnd(schema.minLength ?? 0, '-')
}
