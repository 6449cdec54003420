// JSON Schema as TypeScript types. What it does not know it refuses: a type must never say less than its schema.
import { nameOf, type Schema } from './contract.ts'

export function declarationOf(name: string, schema: Schema): string {
  const comment = commented(schema.description, '')
  if (schema.type === 'object' && schema.properties !== undefined) return `${comment}export interface ${name} ${typeOf(schema, '')}\n`
  return `${comment}export type ${name} = ${typeOf(schema, '')}\n`
}

/** `indent`: of the line that it stands in. */
export function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  if (schema.anyOf !== undefined) return union(schema.anyOf.map((choice) => typeOf(choice, indent)))
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type }, indent)))
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return arrayOf(typeOf(schema.items ?? {}, indent), schema.items)
    case 'object':
      return objectOf(schema, indent)
  }
  const unknown = Object.keys(schema).filter((key) => key !== 'description' && key !== 'default')
  if (unknown.length > 0) throw new Error(`no type is known for a schema with ${unknown.join(', ')}`)
  return 'unknown'
}

function objectOf({ properties, required = [], additionalProperties }: Schema, indent: string): string {
  if (properties === undefined)
    return `Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties, indent) : 'unknown'}>`
  const inner = `${indent}  `
  const members = Object.entries(properties).map(([name, schema]) => {
    const key = isName(name) ? name : `'${name}'`
    return `${commented(schema.description, inner)}${inner}${key}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)}\n`
  })
  return `{\n${members.join('')}${indent}}`
}

const union = (types: readonly string[]) => [...new Set(types)].join(' | ')

const arrayOf = (type: string, items: Schema = {}) => (items.type === 'object' || isName(type) ? `${type}[]` : `(${type})[]`)

const literal = (value: unknown) => (typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : JSON.stringify(value))

export const isName = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text)

/** A text as a comment above what is declared, each line kept. */
export function commented(text: string | undefined, indent: string): string {
  if (text === undefined) return ''
  const lines = text.replaceAll('*/', '* /').split('\n')
  if (lines.length === 1) return `${indent}/** ${text.replaceAll('*/', '* /')} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`).join('')}${indent} */\n`
}
