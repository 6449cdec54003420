// What the operations take and give, as JSON Schema: the one description from which all GraphQL types are made.
import { z } from 'zod'
import type { Operation } from '../../kit/operation.ts'

/** The part of JSON Schema that zod writes and GraphQL can say something about. */
export interface Shape {
  type?: string | string[]
  description?: string
  enum?: unknown[]
  const?: unknown
  format?: string
  default?: unknown
  maximum?: number
  anyOf?: Shape[]
  items?: Shape
  properties?: Record<string, Shape>
  required?: string[]
  $ref?: string
}

export interface Shapes {
  /** The schema with its reference followed, and the name that it has, if any. */
  resolve(shape: Shape): { name: string | null; shape: Shape }
  of(operation: Operation): { path: Shape; query: Shape; body: Shape | null; output: Shape | null }
  /** Every named schema. */
  named(): [string, Shape][]
}

export function readShapes(operations: readonly Operation[], io: 'input' | 'output'): Shapes {
  const definitions = new Map<string, Shape>()
  const read = (schema: z.ZodType): Shape => {
    const { $defs = {}, ...shape } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Shape & { $defs?: Record<string, Shape> }
    for (const [name, definition] of Object.entries($defs)) definitions.set(name, definition)
    return shape
  }
  const all = new Map(
    operations.map((operation) => {
      const { path, query, body } = operation.input
      const shapes = {
        path: path && io === 'input' ? read(path) : {},
        query: query && io === 'input' ? read(query) : {},
        body: body && io === 'input' ? read(body) : null,
        output: operation.output && io === 'output' ? read(operation.output) : null,
      }
      return [operation, shapes] as const
    }),
  )
  return {
    resolve(shape) {
      const name = shape.$ref?.split('/').at(-1)
      const definition = name === undefined ? undefined : definitions.get(name)
      return name === undefined || definition === undefined ? { name: null, shape } : { name, shape: definition }
    },
    of: (operation) => all.get(operation) ?? { path: {}, query: {}, body: null, output: null },
    named: () => [...definitions],
  }
}

/** What stands besides null. */
export function withoutNull(shape: Shape): { inner: Shape; nullable: boolean } {
  if (Array.isArray(shape.type)) {
    const types = shape.type.filter((type) => type !== 'null')
    const [only, ...more] = types
    const inner = { ...shape, ...(shape.enum && { enum: shape.enum.filter((value) => value !== null) }) }
    return {
      inner: more.length > 0 || only === undefined ? { ...inner, type: types } : { ...inner, type: only },
      nullable: types.length < shape.type.length,
    }
  }
  if (shape.anyOf === undefined) return { inner: shape, nullable: shape.type === 'null' }
  const others = shape.anyOf.filter(({ type }) => type !== 'null')
  const [only, ...more] = others
  const inner = more.length > 0 || only === undefined ? { ...shape, anyOf: others } : only
  const below = more.length === 0 && only !== undefined ? withoutNull(only) : { inner, nullable: false }
  return { inner: below.inner, nullable: below.nullable || others.length < shape.anyOf.length }
}

/** GraphQL's enums hold names only; `full-frame` and `1/1.7-inch` stay text. */
export function namesIn(shape: Shape): string[] | null {
  const values = shape.enum?.filter((value) => typeof value === 'string') ?? []
  const isName = (value: string) => /^[_A-Za-z]\w*$/.test(value) && !/^(true|false|null|__.*)$/.test(value)
  return values.length > 1 && values.length === shape.enum?.length && values.every(isName) ? values : null
}

export const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
export const singular = (name: string): string => name.replace(/s$/, '')
