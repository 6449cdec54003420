import { expect, test } from 'bun:test'
import { commented, declarationOf, typeOf } from './types.ts'

test('schemas become the types that a person would write', () => {
  expect(typeOf({ type: 'array', items: { anyOf: [{ $ref: '#/components/schemas/Camera' }, { type: 'null' }] } }, '')).toBe(
    '(Camera | null)[]',
  )
  expect(typeOf({ type: ['string', 'null'] }, '')).toBe('string | null')
  expect(typeOf({ type: 'string', enum: ["it's", 'b'] }, '')).toBe("'it\\'s' | 'b'")
  expect(typeOf({ type: 'object', additionalProperties: {} }, '')).toBe('Record<string, unknown>')
  const schema = {
    type: 'object',
    properties: { id: { type: 'string', description: 'Of it.' }, 'two-b': { type: 'integer' } },
    required: ['id'],
  }
  expect(declarationOf('Thing', schema)).toBe("export interface Thing {\n  /** Of it. */\n  id: string\n  'two-b'?: number\n}\n")
})

test('a schema that has no type here stops the generator', () => {
  expect(() => typeOf({ oneOf: [] } as object, '')).toThrow('oneOf')
})

test('no description ends its comment early', () => {
  expect(commented('a */ b', '')).toBe('/** a * / b */\n')
})
