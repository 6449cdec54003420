// From shapes to GraphQL types, each made once and named as in every other protocol.
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  type GraphQLLeafType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLScalarType,
  GraphQLString,
} from 'graphql'
import { namesIn, pascal, type Shape, type Shapes, singular, withoutNull } from './shapes.ts'

/** For what GraphQL has no type for: a value of several types, an object of any members. */
const Json = new GraphQLScalarType({ name: 'JSON', description: 'Any JSON value: text, number, boolean, list or object.' })

export interface Types {
  /** `owner` and `member` say where it stands, for those types that have no name of their own. */
  output(shape: Shape, owner: string, member: string): GraphQLOutputType
  input(shape: Shape, owner: string, member: string): GraphQLInputType
}

export function openTypes(inputs: Shapes, outputs: Shapes, places: readonly [owner: string, shape: Shape][]): Types {
  const enums = enumsOf([...inputs.named(), ...outputs.named(), ...places])
  const outputTypes = new Map<string, GraphQLObjectType>()
  const inputTypes = new Map<string, GraphQLInputObjectType>()

  function output(given: Shape, owner: string, member: string): GraphQLOutputType {
    const { inner, nullable } = withoutNull(given)
    const { name, shape } = outputs.resolve(inner)
    const type = outputOf(shape, name ?? owner + pascal(member), owner, member)
    return nullable ? type : new GraphQLNonNull(type)
  }

  function outputOf(shape: Shape, name: string, owner: string, member: string) {
    if (shape.items !== undefined) return new GraphQLList(output(shape.items, owner, singular(member)))
    const { properties } = shape
    if (properties === undefined) return leafOf(shape, owner, member)
    return known(outputTypes, name, () => {
      const fields = () =>
        Object.entries(properties).map(([key, value]) => {
          const type = output(value, name, key)
          return [key, { type: isRequired(shape, key) ? type : nullableOf(type), ...describe(value) }] as const
        })
      return new GraphQLObjectType({ name, ...describe(shape), fields: () => Object.fromEntries(fields()) })
    })
  }

  function input(given: Shape, owner: string, member: string): GraphQLInputType {
    const { inner, nullable } = withoutNull(given)
    const { name, shape } = inputs.resolve(inner)
    const type = inputOf(shape, name ?? owner + pascal(member), owner, member)
    return nullable ? type : new GraphQLNonNull(type)
  }

  function inputOf(shape: Shape, name: string, owner: string, member: string) {
    if (shape.items !== undefined) return new GraphQLList(input(shape.items, owner, singular(member)))
    const { properties } = shape
    if (properties === undefined) return leafOf(shape, owner, member)
    const stem = name.replace(/Input$/, '')
    return known(inputTypes, `${stem}Input`, () => {
      const fields = () =>
        Object.entries(properties).map(([key, value]) => {
          const type = input(value, stem, key)
          return [key, { type: isRequired(shape, key) ? type : nullableOf(type), ...describe(value) }] as const
        })
      return new GraphQLInputObjectType({ name: `${stem}Input`, ...describe(shape), fields: () => Object.fromEntries(fields()) })
    })
  }

  function leafOf(shape: Shape, owner: string, member: string): GraphQLLeafType {
    const names = namesIn(shape)
    if (names !== null) return enums(names, owner, member)
    if (shape.anyOf !== undefined) {
      const [first = Json, ...more] = shape.anyOf.map((one) => leafOf(withoutNull(one).inner, owner, member))
      if (more.every((other) => other === first)) return first
      return [first, ...more].every((one) => one === GraphQLString || one === GraphQLID) ? GraphQLString : Json
    }
    if (shape.type === 'string') return shape.format === 'uuid' ? GraphQLID : GraphQLString
    return scalars[String(shape.type)] ?? Json
  }

  return { output, input }
}

const scalars: Readonly<Record<string, GraphQLScalarType>> = { integer: GraphQLInt, number: GraphQLFloat, boolean: GraphQLBoolean }

const isRequired = (shape: Shape, key: string) => shape.required?.includes(key) === true

function nullableOf<T extends GraphQLOutputType | GraphQLInputType>(type: T) {
  return type instanceof GraphQLNonNull ? (type.ofType as Exclude<T, GraphQLNonNull<never>>) : type
}

/** Where the values are no enum, they are named in words. */
export function describe(shape: Shape): { description?: string } {
  const { description } = shape
  if (shape.enum !== undefined && namesIn(shape) === null)
    return {
      description: `${description === undefined ? '' : `${description} `}One of: ${shape.enum.map((value) => `\`${value}\``).join(', ')}.`,
    }
  return description === undefined ? {} : { description }
}

function known<T>(types: Map<string, T>, name: string, make: () => T): T {
  const type = types.get(name) ?? make()
  types.set(name, type)
  return type
}

/**
 * Enums have no name of their own: they take that of their member where it always has the same values (`Language`), else with
 * that of the first schema that has them before it (`ReviewStatus`), as where a schema has that name (`ListProductsOrder`).
 */
function enumsOf(places: readonly [owner: string, shape: Shape][]) {
  const owners = new Map<string, Map<string, string>>()
  const visit = (given: Shape, owner: string, member: string): void => {
    const { inner } = withoutNull(given)
    const names = namesIn(inner)
    if (names !== null) {
      const byValues = known(owners, member, () => new Map<string, string>())
      if (!byValues.has(names.join())) byValues.set(names.join(), owner)
    }
    if (inner.items !== undefined) visit(inner.items, owner, singular(member))
    for (const [key, value] of Object.entries(inner.properties ?? {})) visit(value, member === '' ? owner : owner + pascal(member), key)
  }
  for (const [owner, shape] of places) visit(shape, owner, '')
  const taken = new Set(places.map(([owner]) => owner))
  const types = new Map<string, GraphQLEnumType>()
  return (names: readonly string[], owner: string, member: string): GraphQLEnumType => {
    const byValues = owners.get(member)
    const isTold = byValues?.size === 1 && !taken.has(pascal(member))
    const prefix = !isTold ? (byValues?.get(names.join()) ?? owner) : ''
    const name = prefix + pascal(member)
    return known(types, name, () => new GraphQLEnumType({ name, values: Object.fromEntries(names.map((value) => [value, {}])) }))
  }
}
