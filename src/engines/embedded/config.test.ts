import { expect, test } from 'bun:test'
import { sharedBuffers } from './config.ts'

test.each([
  [0.5, '64MB'],
  [1, '64MB'],
  [4, '256MB'],
  [16, '1024MB'],
  [256, '1024MB'],
])('of %p GiB of memory %p are for the buffers', (gib, buffers) => {
  expect(sharedBuffers(gib * 2 ** 30)).toBe(buffers)
})
