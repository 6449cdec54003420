import { expect, test } from 'bun:test'
import { comparePositions } from './change.ts'
import { Id, Instant, Link, line, text } from './document.ts'

test('times of any zone become UTC with milliseconds', () => {
  expect(Instant.parse('2027-01-15T09:00:00-03:00')).toBe('2027-01-15T12:00:00.000Z')
  for (const bad of ['2027-01-15', '2027-02-30T09:00:00Z', 'now', '2027-01-15T09:00:00']) expect(Instant.safeParse(bad).success).toBe(false)
})

test('an id is a UUID in lower case', () => {
  expect(Id.safeParse('01941f29-7c00-7000-8000-000000000001').success).toBe(true)
  for (const bad of ['01941F29-7C00-7000-8000-000000000001', '1', '']) expect(Id.safeParse(bad).success).toBe(false)
})

test('text keeps its lines, a line has one, and both are what every engine can hold', () => {
  expect(text(10).parse(' a\nb ')).toBe('a\nb')
  for (const bad of ['', '   ', 'a\u0000', '\udc00x', 'x'.repeat(11)]) expect(text(10).safeParse(bad).success).toBe(false)
  for (const bad of ['a\nb', 'a\tb', 'a\u2029b', 'a\u007fb', 'a\u0085b']) expect(line(10).safeParse(bad).success).toBe(false)
  expect(line(10).parse('ñ 📷')).toBe('ñ 📷')
})

test('a link leads to http or https', () => {
  for (const good of ['https://example.org/a.jpg?x=1', 'http://[::1]/']) expect(Link.safeParse(good).success).toBe(true)
  for (const bad of ['ftp://example.org', 'javascript:alert(1)', 'data:text/html,x', '//example.org', `https://x/${'a'.repeat(2048)}`])
    expect(Link.safeParse(bad).success).toBe(false)
})

test('positions are ordered by epoch, then by number', () => {
  const at = (epoch: string, seq: number) => ({ epoch, seq })
  expect(comparePositions(at('a', 9), at('b', 1))).toBe(-1)
  expect(comparePositions(at('b', 1), at('a', 9))).toBe(1)
  expect(comparePositions(at('a', 1), at('a', 2))).toBe(-1)
  expect(comparePositions(at('a', 2), at('a', 2))).toBe(0)
})
