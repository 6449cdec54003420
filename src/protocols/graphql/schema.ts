// The schema, derived from the list of operations alone: each query and each command is a field of its own name.
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import type { Operation } from '../../kit/operation.ts'
import { connectionType, pageArguments, pageShapeOf } from './connection.ts'
import { pascal, readShapes, type Shape, type Shapes } from './shapes.ts'
import { describe, openTypes, type Types } from './types.ts'

/** A field of Query or Mutation, and how its arguments become the operation's input. */
export interface Question {
  operation: Operation
  arguments: readonly { name: string; place: 'path' | 'query'; member: string }[]
  /** The answer is a page and becomes a connection. */
  isPage: boolean
  /** How many entries it answers, by which argument. */
  size: { argument: string; standard: number; most: number } | null
}

/** Whoever asks, for as long as one document is executed. */
export interface Asking {
  ask(question: Question, given: Readonly<Record<string, unknown>>): Promise<unknown>
}

type Field = GraphQLFieldConfig<unknown, Asking>

export interface Derived {
  schema: GraphQLSchema
  /** By the name of the field. */
  questions: ReadonlyMap<string, Question>
}

export function deriveSchema(operations: readonly Operation[]): Derived {
  const inputs = readShapes(operations, 'input')
  const outputs = readShapes(operations, 'output')
  const places = operations.flatMap((operation): [string, Shape][] => {
    const name = pascal(operation.name)
    const { path, query } = inputs.of(operation)
    return [
      [name, path],
      [name, query],
    ]
  })
  const types = openTypes(inputs, outputs, places)
  const questions = new Map(
    operations.flatMap((operation) => {
      const question = questionOf(operation, inputs, outputs)
      return namesOf(operation).map((name) => [name, question] as const)
    }),
  )
  const fieldsOf = (kind: Operation['kind']): Record<string, Field> =>
    Object.fromEntries(
      operations
        .filter((operation) => operation.kind === kind)
        .flatMap((operation) => {
          const field = fieldOf(questions.get(operation.name) as Question, { inputs, outputs, types })
          return namesOf(operation).map((name) => [name, field])
        }),
    )
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: fieldsOf('query') }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields: fieldsOf('command') }),
  })
  return { schema, questions }
}

const namesOf = ({ name, alias }: Operation): string[] => (alias?.graphql === undefined ? [name] : [name, alias.graphql])

function questionOf(operation: Operation, inputs: Shapes, outputs: Shapes): Question {
  const { path, query } = inputs.of(operation)
  const { output } = outputs.of(operation)
  const isPage = output !== null && pageShapeOf(outputs, output) !== null
  const nameOf = (member: string) => (isPage ? (pageArguments[member] ?? member) : member)
  const limit = query.properties?.limit
  return {
    operation,
    arguments: [
      ...Object.keys(path.properties ?? {}).map((member) => ({ name: member, place: 'path' as const, member })),
      ...Object.keys(query.properties ?? {}).map((member) => ({ name: nameOf(member), place: 'query' as const, member })),
    ],
    isPage,
    size: limit === undefined ? null : { argument: nameOf('limit'), standard: Number(limit.default ?? 1), most: limit.maximum ?? 100 },
  }
}

interface Making {
  inputs: Shapes
  outputs: Shapes
  types: Types
}

function fieldOf(question: Question, making: Making): Field {
  const { operation } = question
  return {
    type: typeOf(question, making),
    args: argumentsOf(question, making),
    ...inWordsOf(question.isPage, {
      description: [operation.summary, operation.description, accessOf(operation)].filter((text) => text !== undefined).join('\n\n'),
    }),
    resolve: (_root, given, asking) => asking.ask(question, given),
  }
}

/** A connection has members of other names than a page. */
function inWordsOf(isPage: boolean, { description }: { description?: string }): { description?: string } {
  if (description === undefined || !isPage) return description === undefined ? {} : { description }
  return { description: description.replaceAll('`metadata.', '`').replaceAll('`nextCursor`', '`endCursor`') }
}

const accessOf = ({ access }: Operation): string | undefined => {
  if (access === 'anyone') return undefined
  return access === 'signed-in' ? 'For anybody who is signed in.' : `For the role ${access.join(' or ')}.`
}

/** Nullable, so that one refused field takes none of the others with it. */
function typeOf({ operation, isPage }: Question, { outputs, types }: Making) {
  const { output } = outputs.of(operation)
  if (output === null) return GraphQLBoolean
  const page = isPage ? pageShapeOf(outputs, output) : null
  if (page !== null) return connectionType(types, page)
  const type = types.output(output, pascal(operation.name), 'answer')
  return type instanceof GraphQLNonNull ? type.ofType : type
}

function argumentsOf({ operation, isPage, arguments: named }: Question, { inputs, types }: Making): GraphQLFieldConfigArgumentMap {
  const shapes = inputs.of(operation)
  const made: GraphQLFieldConfigArgumentMap = {}
  const add = (name: string, argument: GraphQLFieldConfigArgumentMap[string]) => {
    if (name in made) throw new Error(`${operation.name}: two arguments are called ${name}`)
    made[name] = argument
  }
  for (const { name, place, member } of named) {
    const shape = shapes[place].properties?.[member] ?? {}
    const type = types.input(shape, pascal(operation.name), member)
    const isRequired = shapes[place].required?.includes(member) === true && shape.default === undefined
    add(name, {
      type: isRequired || !(type instanceof GraphQLNonNull) ? type : type.ofType,
      ...inWordsOf(isPage, describe(shape)),
    })
  }
  if (shapes.body !== null) {
    const type = types.input(shapes.body, pascal(operation.name), 'body')
    const isOptional = operation.input.body?.safeParse(undefined).success === true
    add('input', { type: isOptional && type instanceof GraphQLNonNull ? type.ofType : type })
  }
  if (operation.conditional)
    add('ifMatch', {
      type: new GraphQLList(new GraphQLNonNull(GraphQLInt)),
      description: 'The version that you mean to change, or several. Needed.',
    })
  const key = operation.kind === 'command' ? (operation.idempotencyKey ?? 'accepted') : 'none'
  if (key !== 'none')
    add('idempotencyKey', {
      type: GraphQLString,
      description: `Repeating the request with this key gives the first answer, for 24 hours.${key === 'required' ? ' Needed.' : ''}`,
    })
  return made
}
