// The same question over each protocol, and its answer in one form. Another protocol is another function that makes a `Wire`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, type GraphQLField, type GraphQLOutputType, getNamedType, isLeafType, isObjectType } from 'graphql'
import type { Operation } from '../../src/kit/operation.ts'
import type { TestSystem } from '../start.ts'
import { graph } from './graph.ts'

export interface Question {
  operation: Operation
  path?: Record<string, string | number>
  query?: Record<string, string | number>
  body?: unknown
  ifMatch?: number
  /** An access token. */
  token?: string | null
}

/** Pages without their links, which are REST's own; null where there is nothing to say. */
export type Reply = { answer: unknown } | { refused: { code: string; status: number } }

export interface Wire {
  name: string
  ask(question: Question): Promise<Reply>
}

type Json = ReturnType<typeof JSON.parse>

let keys = 0
/** Where one is needed: another one each time, so that nothing is a repeat. */
const keyFor = ({ idempotencyKey }: Operation) => (idempotencyKey === 'required' ? `key-${++keys}` : undefined)

const credentials = (token: string | null | undefined) => (token ? { authorization: `Bearer ${token}` } : {})

export function restWire({ fetch }: TestSystem): Wire {
  return {
    name: 'rest',
    async ask({ operation, path = {}, query = {}, body, ifMatch, token }) {
      const { method, path: pattern } = operation.rest
      const place = pattern.replace(/^=/, '').replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''))
      const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
      const key = keyFor(operation)
      const headers = {
        ...credentials(token),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
        ...(body !== undefined && { 'content-type': operation.mediaType ?? 'application/json' }),
      }
      const asked = (target: string) =>
        fetch(new Request(`http://localhost${target}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }))
      let response = await asked(search.size > 0 ? `${place}?${search}` : place)
      if (response.status === 301) response = await asked(response.headers.get('location') ?? '')
      const text = await response.text()
      const reply: Json = text === '' ? null : JSON.parse(text)
      if (response.status >= 400) return { refused: { code: reply.code, status: response.status } }
      if (reply?.metadata?.nextCursor === undefined) return { answer: reply }
      const { limit: _limit, ...metadata } = reply.metadata
      return { answer: { data: reply.data, metadata } }
    },
  }
}

const schema = buildSchema(readFileSync(join(import.meta.dir, '../../contracts/schema.graphql'), 'utf8'))
const fieldOf = (name: string): GraphQLField<unknown, unknown> | undefined =>
  schema.getQueryType()?.getFields()[name] ?? schema.getMutationType()?.getFields()[name]

/** Every field that there is. A connection is asked for by `nodes`; its edges hold the same. */
function everything(type: GraphQLOutputType): string {
  const named = getNamedType(type)
  if (isLeafType(named) || !isObjectType(named)) return ''
  const fields = Object.values(named.getFields()).filter(({ name }) => name !== 'edges')
  return `{ ${fields.map((field) => `${field.name} ${everything(field.type)}`).join(' ')} }`
}

export function graphQlWire(system: TestSystem): Wire {
  return {
    name: 'graphql',
    async ask({ operation, path = {}, query = {}, body, ifMatch, token }) {
      const field = fieldOf(operation.name)
      if (field === undefined) throw new Error(`contracts/schema.graphql has no field ${operation.name}`)
      const isPage = field.args.some(({ name }) => name === 'first')
      const { limit, cursor, ...filters } = query
      const paging = isPage ? { first: limit, after: cursor } : { limit, cursor }
      const idempotencyKey = keyFor(operation)
      const given = Object.entries({ ...path, ...filters, ...paging, input: body, ifMatch, idempotencyKey }).filter(
        ([, value]) => value !== undefined,
      )
      const types = given.map(([name]) => `$${name}: ${field.args.find((argument) => argument.name === name)?.type ?? 'String'}`)
      const head = `${operation.kind === 'query' ? 'query' : 'mutation'}${types.length > 0 ? ` (${types.join(', ')})` : ''}`
      const call = `${operation.name}${given.length > 0 ? `(${given.map(([name]) => `${name}: $${name}`).join(', ')})` : ''}`
      const reply = await graph(system, `${head} { ${call} ${everything(field.type)} }`, {
        variables: Object.fromEntries(given),
        headers: credentials(token),
      })
      const [error] = reply.body.errors ?? []
      if (error !== undefined) return { refused: { code: error.extensions.code, status: error.extensions.status } }
      const answer = reply.body.data[operation.name]
      if (answer === true) return { answer: null }
      if (!isPage) return { answer }
      const { nodes, pageInfo, ...metadata } = answer
      return { answer: { data: nodes, metadata: { ...metadata, nextCursor: pageInfo.endCursor } } }
    },
  }
}
