import { expect, test } from 'bun:test'
import { inTurns } from './turns.ts'

test('parts come in their order, all of them, and others have their turn in between', async () => {
  const seen: (number | string)[] = []
  setImmediate(() => seen.push('another'))
  for await (const part of inTurns([1, 2, 3, 4, 5], 2)) seen.push(...part)
  expect(seen).toEqual([1, 2, 'another', 3, 4, 5])
  for await (const _ of inTurns([], 2)) expect.unreachable()
})
