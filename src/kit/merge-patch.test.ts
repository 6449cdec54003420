import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { mergePatch, patchOf } from './merge-patch.ts'

describe('a merge patch', () => {
  // The examples of RFC 7396, appendix A.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s with %s becomes %s', (target, patch, result) => {
    expect(mergePatch(JSON.parse(target), JSON.parse(patch))).toEqual(JSON.parse(result))
  })

  test('changes neither target nor patch, and nothing shared', () => {
    const target = Object.freeze({ a: Object.freeze({ b: 1 }) })
    const patch = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1}}}')
    const merged = mergePatch(target, patch) as Record<string, unknown>
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(merged.a)).toBe(Object.prototype)
    expect(Object.keys(merged).toSorted()).toEqual(['__proto__', 'a', 'constructor'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(target).toEqual({ a: { b: 1 } })
  })
})

describe('the schema of a patch', () => {
  const whole = z.strictObject({
    name: z.string().min(1),
    note: z.string().default(''),
    size: z.number().nullable().default(null),
    inner: z.strictObject({ must: z.int(), may: z.int().optional() }),
  })
  const patch = patchOf(whole)
  const takes = (value: unknown) => patch.safeParse(value).success

  test('takes any part of the whole and adds nothing to it', () => {
    expect(patch.parse({})).toEqual({})
    expect(patch.parse({ inner: { may: 1 } })).toEqual({ inner: { may: 1 } })
  })

  test('takes null only where the whole can do without', () => {
    expect(takes({ note: null, size: null, inner: { may: null } })).toBe(true)
    expect(takes({ name: null })).toBe(false)
    expect(takes({ inner: null })).toBe(false)
    expect(takes({ inner: { must: null } })).toBe(false)
  })

  test('refuses other names at every depth, and values that the whole would refuse', () => {
    for (const value of [{ other: null }, { inner: { other: 1 } }, JSON.parse('{"__proto__":{}}'), { constructor: 1 }, { name: '' }])
      expect(takes(value)).toBe(false)
  })
})
