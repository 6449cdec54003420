// Documents drawn by chance from the schema: some good, most with something wrong, some no documents at all.
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'

export interface Drawn {
  query: string
  variables: Record<string, unknown>
}

const words = [
  'canon',
  'canon-eos-r5',
  '',
  'ñ',
  '\\u0000',
  '\\uD800',
  'x'.repeat(3000),
  '01941f29-7c00-7000-8000-00000000ffff',
  'me',
  '*',
  'a,b',
]
const numbers = ['0', '1', '3', '100', '101', '-1', '2147483648', '9007199254740993', '1.5', '1e400']
const junk = [
  '{',
  '}',
  '(',
  ')',
  '$',
  '...',
  '@include(if: $x)',
  '@skip(if: true)',
  '"',
  '"""',
  '#',
  '\u0000',
  '&',
  '!',
  ':',
  'on',
  'fragment',
  'null',
]

export function randomDocuments(schema: GraphQLSchema, random: () => number): () => Drawn {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const chance = (p: number) => random() < p
  // Half of all documents are right as far as the schema goes.
  let isRight = true
  const slip = (p: number) => !isRight && chance(p)

  function literal(type: GraphQLInputType, levels: number): string {
    if (isNonNullType(type)) return literal(type.ofType, levels)
    if (slip(0.05)) return pick(['null', '{}', '[]', 'true', '"?"', '7', 'WORD', '$v'])
    if (isListType(type)) return `[${Array.from({ length: Math.floor(random() * 4) }, () => literal(type.ofType, levels)).join(', ')}]`
    if (isEnumType(type)) return pick(type.getValues()).name
    if (isInputObjectType(type)) {
      const members = Object.values(type.getFields()).filter((member) => isNonNullType(member.type) || chance(levels > 2 ? 0 : 0.4))
      return `{ ${members.map((member) => `${member.name}: ${literal(member.type, levels + 1)}`).join(', ')} }`
    }
    const number = pick(isRight ? numbers.slice(0, 6) : numbers)
    return { Int: number, Float: number, Boolean: pick(['true', 'false']) }[getNamedType(type).name] ?? `"${pick(words)}"`
  }

  function selection(type: GraphQLOutputType, levels: number): string {
    const named = getNamedType(type)
    if (!isObjectType(named)) return slip(0.02) ? '{ id }' : ''
    const fields = Object.values(named.getFields()).filter(() => chance(levels > 8 ? 0.1 : 0.5))
    const inner = [
      ...fields.map((field) => asked(field, levels)),
      ...(slip(0.1) ? ['...F'] : []),
      ...(chance(0.1) ? [`... on ${named.name} { __typename }`] : []),
    ]
    return inner.length === 0 ? '{ __typename }' : `{ ${inner.join(' ')} }`
  }

  function asked(field: GraphQLField<unknown, unknown>, levels: number): string {
    const given = field.args.filter((argument) => isNonNullType(argument.type) || chance(0.25))
    const call = given.length > 0 ? `(${given.map(({ name, type }) => `${name}: ${literal(type, 0)}`).join(', ')})` : ''
    const alias = chance(0.15) ? `a${Math.floor(random() * 9)}: ` : ''
    return `${alias}${slip(0.02) ? 'noSuchField' : field.name}${call}${slip(0.03) ? ' @include(if: $v)' : ''} ${selection(field.type, levels + 1)}`
  }

  function good(): string {
    const isMutation = chance(0.25)
    const type = isMutation ? schema.getMutationType() : schema.getQueryType()
    const all = Object.values(type?.getFields() ?? {})
    const count = 1 + Math.floor(random() * (isRight ? 2 : 4))
    const fields = Array.from({ length: count }, () => asked(pick(all), 0))
    const head = `${isMutation ? 'mutation' : 'query'}${slip(0.4) ? ' ($v: Boolean = true)' : ''}`
    const fragment = isRight
      ? ''
      : pick([
          '',
          '',
          'fragment F on Query { __typename }',
          'fragment F on ReviewCard { id ...F }',
          'fragment F on Review { ...G } fragment G on Review { ...F }',
        ])
    return `${head} { ${fields.join(' ')} ${slip(0.1) ? '__schema { types { name } }' : ''} } ${fragment}`
  }

  function spoilt(text: string): string {
    const at = Math.floor(random() * text.length)
    return pick([
      () => text.slice(0, at),
      () => text.slice(0, at) + pick(junk) + text.slice(at),
      () => text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 5)),
      () => text + text,
      () => text.replaceAll('{', '{ '.repeat(1 + Math.floor(random() * 40))),
      () => `{ ${Array.from({ length: 60 }, (_, n) => `a${n}: ${text.slice(0, 30)}`).join(' ')} }`,
      () => '',
    ])()
  }

  return () => {
    isRight = chance(0.6)
    const text = good()
    const variables: Record<string, unknown> = slip(0.6) ? { v: pick<unknown>([true, 'x', null, 1, { a: [] }, []]), w: 1 } : {}
    return { query: slip(0.6) ? spoilt(text) : text, variables }
  }
}
