import { expect, test } from 'bun:test'
import { z } from 'zod'
import { faultsOf } from './faults.ts'

const schema = z.strictObject({
  name: z.string(),
  list: z.array(z.strictObject({ n: z.int() })).default([]),
  either: z.union([z.literal('*'), z.strictObject({ a: z.string(), b: z.string() })]).optional(),
})
const faultsIn = (value: unknown, prefix?: string) => {
  const { error } = schema.safeParse(value)
  return error ? faultsOf(error, prefix) : []
}
const places = (value: unknown, prefix?: string) => faultsIn(value, prefix).map(({ pointer, code }) => `${pointer} ${code}`)

test('every fault has its place, its code and a sentence', () => {
  expect(places({ list: [{ n: 1 }, { n: 1.5 }] }).toSorted()).toEqual(['#/list/1/n invalid_type', '#/name required'])
  for (const { detail } of faultsIn({ list: [{ n: 1.5 }] })) expect(detail).toMatch(/^[A-Z].*\S$/)
  expect(faultsIn(7)).toMatchObject([{ pointer: '#', code: 'invalid_type' }])
})

test('each unknown member is named for itself, escaped as RFC 6901 demands in a fragment', () => {
  expect(places({ name: 'x', 'a/b~c d': 1, list: [{ n: 1, ñ: 2 }] }).toSorted()).toEqual([
    '#/a~1b~0c%20d unrecognized_key',
    '#/list/0/%C3%B1 unrecognized_key',
  ])
  expect(places({ name: 'x', '\ud800': 1 })).toHaveLength(1)
})

test('of alternatives the one that fits best is explained', () => {
  expect(places({ name: 'x', either: { a: 'a' } })).toEqual(['#/either/b required'])
  expect(places({ name: 'x', either: 7 })).toEqual(['#/either invalid_union'])
})

test('parameters are named by their prefix', () => {
  expect(places({ list: [] }, '?')).toEqual(['?name required'])
  expect(places({ name: 1 }, '')).toEqual(['name invalid_type'])
})

test('a body made of faults gets a bounded answer', () => {
  const value = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n]))
  expect(faultsIn(value)).toHaveLength(100)
})
