// The contract says what the operations say, member by member; what one of them gains or loses alone is seen here.
import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Operation } from '../../src/kit/operation.ts'
import { openContract, openStreams } from '../../src/protocols/grpc/contract.ts'
import { servicesAlone } from '../../src/system/services.ts'

const root = join(import.meta.dir, '..', '..')

interface FieldSaid {
  name: string
  jsonName: string
  label: string
  type: string
  typeName?: string
  proto3Optional?: boolean
}
interface FileSaid {
  package: string
  messageType?: { name: string; field?: FieldSaid[] }[]
  enumType?: { name: string; value: { name: string }[] }[]
  service?: { method: { name: string; options?: { idempotencyLevel?: string } }[] }[]
}
interface Schema {
  type?: string | string[]
  format?: string
  enum?: string[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}

/** The contract as its compiler reads it. */
function compiled() {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/buf'), ['build', '-o', '-#format=json'], { cwd: root, encoding: 'utf8' })
  const files = (JSON.parse(stdout) as { file: FileSaid[] }).file.filter((file) => file.package === 'rcr.v1')
  return {
    methods: files.flatMap(({ service = [] }) => service.flatMap(({ method }) => method)),
    messages: new Map(files.flatMap(({ messageType = [] }) => messageType.map(({ name, field = [] }) => [name, field]))),
    enums: new Map(files.flatMap(({ enumType = [] }) => enumType.map(({ name, value }) => [name, value.map((each) => each.name)]))),
  }
}

const contract = compiled()
const { operations, streams } = servicesAlone({
  clock: systemClock,
  random: secureRandom,
  log: silentLog,
  metrics: openMetrics({ ofProcess: false }),
})
const rpcs = openContract(operations)
const told = openStreams(streams)

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => inlined(z.toJSONSchema(schema, { io, unrepresentable: 'any' })) as Schema

function inlined(node: unknown, definitions: Record<string, unknown> = {}): unknown {
  if (Array.isArray(node)) return node.map((each) => inlined(each, definitions))
  if (node === null || typeof node !== 'object') return node
  const { $defs, $ref, ...rest } = node as { $defs?: Record<string, unknown>; $ref?: string }
  const known = $defs ?? definitions
  const meant = $ref === undefined ? {} : (inlined(known[$ref.replace('#/$defs/', '')], known) as object)
  return { ...meant, ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, inlined(value, known)])) }
}

const short = (typeName = '') => typeName.slice(typeName.lastIndexOf('.') + 1)

function membersDiffer(place: string, message: string, schema: Schema, io: 'input' | 'output'): string[] {
  const fields = contract.messages.get(message)
  if (fields === undefined) return [`${place}: there is no message ${message}`]
  const { properties = {}, required = [] } = schema
  const missing = Object.keys(properties).filter((name) => !fields.some(({ jsonName }) => jsonName === name))
  return [
    ...missing.map((name) => `${place}: ${message} lacks ${name}`),
    ...fields.flatMap((field) => {
      const member = properties[field.jsonName]
      if (member === undefined) return [`${place}: the operation does not know ${message}.${field.name}`]
      return fieldDiffers(`${place}.${field.name}`, field, member, { io, isRequired: required.includes(field.jsonName) })
    }),
  ]
}

function fieldDiffers(place: string, field: FieldSaid, given: Schema, how: { io: 'input' | 'output'; isRequired: boolean }): string[] {
  const { schema, isNullable } = withoutNull(given)
  if (field.label === 'LABEL_REPEATED') {
    if (schema.items) return typeDiffers(place, field, withoutNull(schema.items).schema, how.io)
    return schema.description?.includes('separated by commas') ? [] : [`${place}: is no list`]
  }
  const isScalar = !['TYPE_MESSAGE', 'TYPE_ENUM'].includes(field.type)
  const mayBeAbsent = how.io === 'input' ? !how.isRequired : isNullable
  const isWrong = isScalar && (field.proto3Optional ?? false) !== mayBeAbsent
  return [...(isWrong ? [`${place}: ${mayBeAbsent ? 'must' : 'must not'} be optional`] : []), ...typeDiffers(place, field, schema, how.io)]
}

function withoutNull(schema: Schema): { schema: Schema; isNullable: boolean } {
  const types = [schema.type ?? []].flat()
  const options = schema.anyOf?.filter(({ type }) => type !== 'null')
  const isNullable = types.includes('null') || options?.length !== schema.anyOf?.length
  if (options?.length === 1) return { schema: { ...schema, ...options[0] }, isNullable }
  const [type, ...others] = types.filter((each) => each !== 'null')
  return { schema: { ...schema, ...(type !== undefined && others.length === 0 && { type }) }, isNullable }
}

function typeDiffers(place: string, { type, typeName }: FieldSaid, schema: Schema, io: 'input' | 'output'): string[] {
  if (typeName === '.google.protobuf.Timestamp') return schema.format === 'date-time' ? [] : [`${place}: is no time`]
  if (typeName === '.google.protobuf.Value') return schema.anyOf || Array.isArray(schema.type) ? [] : [`${place}: is of one type`]
  if (type === 'TYPE_MESSAGE') return membersDiffer(place, short(typeName), schema, io)
  if (type === 'TYPE_ENUM') {
    const [unspecified = '', ...names] = contract.enums.get(short(typeName)) ?? []
    const words = names.map((name) =>
      name
        .slice(unspecified.length - 'UNSPECIFIED'.length)
        .toLowerCase()
        .replaceAll('_', '-'),
    )
    const differing = io === 'output' ? words.filter((word) => !schema.enum?.includes(word)) : []
    return [...(schema.enum ?? ['anything']).filter((word) => !words.includes(word)), ...differing].map((word) => `${place}: ${word}`)
  }
  if (schema.format === 'date-time') return [`${place}: is a time`]
  // Words that begin with a figure make no names.
  if (schema.enum && !schema.enum.some((word) => /^\d/.test(word))) return [`${place}: is an enum`]
  const wanted = { TYPE_STRING: 'string', TYPE_INT32: 'integer', TYPE_DOUBLE: 'number', TYPE_BOOL: 'boolean' }[type]
  const types = new Set(schema.type === undefined ? (schema.anyOf ?? []).map((each) => each.type) : [schema.type].flat())
  return types.size === 1 && types.has(wanted) ? [] : [`${place}: is ${[...types]}, not ${wanted}`]
}

const merged = (schemas: readonly (Schema | undefined)[]): Schema => ({
  properties: Object.assign({}, ...schemas.map((schema) => schema?.properties)),
  required: schemas.flatMap((schema) => schema?.required ?? []),
})

function requestDiffers({ operation, requestType, bodyField }: (typeof rpcs | typeof told)[number]): string[] {
  const { path, query, body } = operation.input
  const places = [path, query, ...(bodyField === null ? [body] : [])].map((schema) => schema && schemaOf(schema, 'input'))
  const message = short(requestType)
  const fields = contract.messages.get(message) ?? []
  const whole = fields.find(({ jsonName }) => jsonName === bodyField)
  const mask = fields.find(({ typeName }) => typeName === '.google.protobuf.FieldMask')
  const others = fields.filter((field) => field !== whole && field !== mask)
  contract.messages.set(`${message} without body`, others)
  const beside = membersDiffer(operation.name, `${message} without body`, merged(places), 'input')
  if (whole === undefined || body === undefined) return beside
  const inside = membersDiffer(`${operation.name}.${whole.name}`, short(whole.typeName), schemaOf(body, 'input'), 'input')
  // Under a mask all may be absent, and the message is that of the whole.
  return [...beside, ...(mask ? inside.filter((difference) => !difference.endsWith('must be optional')) : inside)]
}

function responseDiffers({ operation, responseType, answerField }: (typeof rpcs | typeof told)[number]): string[] {
  const message = short(responseType)
  if (operation.output === undefined) return contract.messages.get(message)?.length === 0 ? [] : [`${operation.name}: answers nothing`]
  const schema = schemaOf(operation.output, 'output')
  if (schema.properties?.metadata) delete schema.properties.links // addresses of HTTP
  const whole = contract.messages.get(message)?.find(({ jsonName }) => jsonName === answerField)
  return membersDiffer(operation.name, whole === undefined ? message : short(whole.typeName), schema, 'output')
}

describe('the contract', () => {
  test('asks for what the operations take, by name, type and presence', () => {
    expect([...rpcs, ...told].flatMap(requestDiffers)).toEqual([])
    expect([rpcs.length, told.length]).toEqual([28, 1])
  })

  test('answers what the operations give, by name, type and presence', () => {
    expect([...rpcs, ...told].flatMap(responseDiffers)).toEqual([])
  })

  test('has every operation of reading and of reviews', () => {
    const bound = new Set(rpcs.map(({ operation }) => operation.name))
    const wanted = operations.filter(
      ({ tag, kind }) => tag === 'content' || tag === 'reviews' || (/^(cameras|lenses)$/.test(tag) && kind === 'query'),
    )
    expect(wanted.map(({ name }) => name).filter((name) => !bound.has(name))).toEqual([])
  })

  test('leaves to REST and GraphQL what keeps the catalogue, the shop and accounts, and nothing else', () => {
    const bound = new Set(rpcs.map(({ operation }) => operation.name))
    const left = operations.filter(({ name }) => !bound.has(name)).map(({ name }) => name)
    const kept = ['Camera', 'Lens', 'Category'].flatMap((what) => ['create', 'replace', 'change', 'delete'].map((verb) => verb + what))
    const shop = 'replaceProduct changeProduct deleteProduct listCategories readCategory listCategoryProducts'
    const orders = 'placeOrder listOrders readOrder refundOrder'
    const accounts =
      'registerUser listUsers readUser replaceUser changeUser eraseUser createPasswordReset resetPassword changePassword ' +
      'listSessions endSession endOtherSessions listKeys'
    expect(left.sort()).toEqual([...kept, ...`${shop} ${orders} ${accounts}`.split(' ')].sort())
  })

  test('tells queries from commands', () => {
    const said = contract.methods.map(({ name, options }) => [name, options?.idempotencyLevel === 'NO_SIDE_EFFECTS'])
    const nameOf = ({ path }: { path: string }) => path.split('/')[2] ?? ''
    const kinds = rpcs.map((rpc) => [nameOf(rpc), rpc.operation.kind === 'query'])
    expect(said.sort()).toEqual([...kinds, ...told.map((rpc) => [nameOf(rpc), true])].sort())
  })

  test('is not opened without an operation, and a member too many or too few is seen', () => {
    expect(() => openContract(operations.filter(({ name }) => name !== 'readLens'))).toThrow('ReadLens')
    const changed = (name: string, change: (operation: Operation) => Partial<Operation>) =>
      openContract(operations.map((each) => (each.name === name ? { ...each, ...change(each) } : each)))
    const more = changed('listCameras', ({ input }) => ({
      input: { query: input.query?.extend({ colour: z.string().optional() }) ?? z.object() },
    }))
    expect(more.flatMap(requestDiffers)).toEqual(['listCameras: ListCamerasRequest without body lacks colour'])
    const less = changed('login', ({ output }) => ({ output: (output as z.ZodObject).omit({ refreshToken: true }) }))
    expect(less.flatMap(responseDiffers)).toEqual(['login: the operation does not know LoginResponse.refresh_token'])
  })
})
