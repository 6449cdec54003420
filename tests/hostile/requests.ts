// Malformed requests without end: a good one of any operation of the contract, spoilt in one place or in several.
import { encoded, headers, members, methods, notJson, texts, values } from './values.ts'

type Schema = Readonly<Record<string, ReturnType<typeof JSON.parse>>>

interface Operation {
  operationId: string
  method: string
  path: string
  parameters: { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: Schema }[]
  /** Media types, with the schema of the body. */
  body: { types: string[]; schema: Schema } | null
}

export interface Malformed {
  operationId: string
  /** What was spoilt. */
  how: string
  method: string
  /** Path and query as they stand on the request line. */
  target: string
  headers: [string, string][]
  body: string | Uint8Array<ArrayBuffer> | null
  /** No JSON: whatever else is right, it must be refused. */
  notJson: boolean
}

export interface Source {
  document: ReturnType<typeof JSON.parse>
  random: () => number
  /** What there is, so that not all ends at 404. */
  ids: readonly string[]
  slugs: readonly string[]
}

const inBraces = /\{(\w+)\}/g

export function malformedRequests({ document, random, ids, slugs }: Source): () => Malformed {
  const operations = operationsOf(document)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const resolve = (schema: Schema): Schema =>
    typeof schema.$ref === 'string' ? resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? '']) : schema
  const chance = (p: number) => random() < p

  function textOf({ format, pattern, minLength = 1 }: Schema): string {
    if (format === 'uuid') return chance(0.7) ? pick(ids) : '01941f29-7c00-7000-8000-000000000001'
    if (format === 'email') return `a${Math.floor(random() * 1e9)}@example.com`
    if (format === 'date-time') return '2026-11-21T10:00:00Z'
    if (format === 'uri') return 'https://example.com/a.jpg'
    if (typeof pattern === 'string' && pattern.includes('19|20')) return '2020-08'
    return pick([...slugs, 'canon', 'a word']).padEnd(minLength, 'x')
  }

  /** A value that the schema allows, as far as it can be told. */
  function good(given: Schema): unknown {
    const schema = resolve(given)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return pick(schema.enum)
    const either = schema.anyOf ?? schema.oneOf
    if (either) return good(pick(either))
    if (schema.type === 'object')
      return Object.fromEntries(
        Object.entries<Schema>(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name) || chance(0.5))
          .map(([name, member]) => [name, good(member)]),
      )
    if (schema.type === 'array') return Array.from({ length: Math.floor(random() * 3) }, () => good(schema.items))
    if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1)
    if (schema.type === 'boolean') return chance(0.5)
    return schema.type === 'null' ? null : textOf(schema)
  }

  /** Text that is JSON, with one value, name or member that does not belong there. */
  function spoiltJson(schema: Schema): { how: string; body: string } {
    const text = JSON.stringify(good(schema)) ?? 'null'
    const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?!:)|-?\d[\d.e+-]*|true|false|null|\[\]|\{\}/g)]
    if (places.length > 0 && chance(0.6)) {
      const place = pick(places)
      const at = place.index
      return { how: 'value', body: text.slice(0, at) + pick(values) + text.slice(at + place[0].length) }
    }
    if (text.startsWith('{') && chance(0.6)) {
      const member = pick(members)
      return { how: 'member', body: `{${member}${text === '{}' ? '' : ','}${text.slice(1)}` }
    }
    const name = /"\w+":/.exec(text)?.[0]
    if (name !== undefined && chance(0.5)) return { how: 'duplicate', body: text.replace('{', `{${name}${pick(values)},`) }
    return { how: 'document', body: pick(values) }
  }

  function brokenJson(schema: Schema): string | Uint8Array<ArrayBuffer> {
    if (chance(0.7)) return pick(notJson)
    const text = JSON.stringify(good(schema)) ?? '{}'
    return text.length > 2 && chance(0.7)
      ? text.slice(0, 1 + Math.floor(random() * (text.length - 2)))
      : `${text}${pick([',', '}', 'x', '\u0000'])}`
  }

  function targetOf(operation: Operation, spoilPath: boolean, spoilQuery: boolean): string {
    const inPath = operation.parameters.filter((one) => one.in === 'path')
    const spoilt = spoilPath ? pick(inPath)?.name : undefined
    const path = operation.path.replaceAll(inBraces, (_, name) => {
      if (name === spoilt) return pick(encoded)
      const value = good(inPath.find((one) => one.name === name)?.schema ?? {})
      return value === 'me' ? pick(ids) : encodeURIComponent(String(value))
    })
    const query = operation.parameters
      .filter((one) => one.in === 'query' && (one.required || chance(0.2)))
      .map((one) => `${one.name}=${encodeURIComponent(String(good(one.schema)))}`)
    if (spoilQuery) {
      const name = pick([...operation.parameters.filter((one) => one.in === 'query').map((one) => one.name), 'limit', 'cursor'])
      const also = pick([
        `${name}=${pick(encoded)}`,
        `${name}=1&${name}=2`,
        `${pick(texts.map(encoded1))}=1`,
        '__proto__=1',
        'constructor[prototype]=1',
        `${name}[]=1`,
        name,
        '=',
        '&&&',
        '?',
        '%',
        '%00=%00',
      ])
      query.splice(Math.floor(random() * (query.length + 1)), 0, also)
    }
    const base = `${chance(0.8) ? '/api/v1' : ''}${path}`.replace('/api/v1/.well-known', '/.well-known')
    return query.length === 0 ? base : `${base}?${query.join('&')}`
  }

  const pathTricks = (path: string) =>
    pick([
      `${path}/`,
      `/${path}`,
      `${path}//`,
      `${path}/..`,
      `${path}/.`,
      `${path}%2f`,
      `${path};v=1`,
      `${path}.json`,
      `/./${path}`,
      path.toUpperCase(),
      `${path}%00`,
      `${path}/${'a'.repeat(7000)}`,
      `/api/v2${path}`,
      `/api/v1/api/v1${path}`,
    ])

  return () => {
    const operation = pick(operations)
    const kinds = [
      'header',
      'method',
      'path tricks',
      'query',
      'query',
      ...(operation.parameters.some((one) => one.in === 'path') ? ['path', 'path'] : []),
    ]
    if (operation.body) kinds.push('json', 'json', 'json', 'json', 'broken', 'broken', 'type')
    const spoil = new Set(Array.from({ length: chance(0.8) ? 1 : 3 }, () => pick(kinds)))
    const how: string[] = [...spoil]
    const sent: [string, string][] = []
    let body: Malformed['body'] = null
    const { body: takes } = operation
    if (takes) {
      sent.push(['content-type', pick(takes.types)])
      if (spoil.has('broken')) body = brokenJson(takes.schema)
      else if (spoil.has('json')) {
        const made = spoiltJson(takes.schema)
        how.push(made.how)
        body = made.body
      } else body = JSON.stringify(good(takes.schema)) ?? null
    } else if (chance(0.1) && operation.method !== 'GET') body = '{}'
    for (const one of operation.parameters) {
      if (one.in !== 'header' || !(one.required || chance(0.3))) continue
      if (one.name === 'If-Match') sent.push(['if-match', pick(['"1"', '*', '"2", "3"'])])
      if (one.name === 'Idempotency-Key') sent.push(['idempotency-key', `k${Math.floor(random() * 50)}`])
    }
    if (spoil.has('type')) sent.push(pick(headers.filter(([name]) => name.startsWith('content-'))) as [string, string])
    if (spoil.has('header')) for (let n = 0; n < 1 + random() * 3; n++) sent.push(pick(headers) as [string, string])
    const target = targetOf(operation, spoil.has('path'), spoil.has('query'))
    return {
      operationId: operation.operationId,
      how: how.join('+'),
      method: spoil.has('method') ? pick(methods) : operation.method,
      target: spoil.has('path tricks') ? pathTricks(target) : target,
      headers: sent,
      body,
      notJson: spoil.has('broken'),
    }
  }
}

const encoded1 = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 3000)

const verbs = ['get', 'post', 'put', 'patch', 'delete']

export function operationsOf(document: Source['document']): Operation[] {
  return Object.entries<Record<string, ReturnType<typeof JSON.parse>>>(document.paths).flatMap(([path, item]) =>
    verbs
      .filter((verb) => item[verb])
      .map((verb) => {
        const { operationId, parameters = [], requestBody } = item[verb]
        const types = Object.keys(requestBody?.content ?? {})
        const body = requestBody ? { types, schema: requestBody.content[types[0] ?? ''].schema } : null
        return { operationId, method: verb.toUpperCase(), path, parameters, body }
      }),
  )
}
