// The memory of a wire whose questions have no address: what counts as filled.
import { expect, test } from 'bun:test'
import { noOutcomes, openCache } from './edge.ts'
import { openMemory } from './memory.ts'

const seen = (seq: number) => ({ epoch: 'e1', seq })

test('only what was stored counts as a fill: neither what a purge has overtaken nor what is too large', () => {
  const cache = openCache(20_000)
  const outcomes = noOutcomes()
  const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} }
  const tail = { position: () => seen(10), confirmedMs: () => 0, stalenessS: () => 0 }
  const memory = openMemory({ cache, tail, clock, outcomes })
  const keep = (key: string, sizeBytes: number, seq: number) =>
    memory.keep(key, { body: new Uint8Array(sizeBytes), headers: new Headers() }, { position: seen(seq), tags: ['reviews'] }, 0)
  cache.clear(seen(8))
  cache.purge(['reviews'], 10, false)
  keep('overtaken', 100, 9)
  keep('too large', 20_000, 10)
  expect(outcomes.fill).toBe(0)
  keep('stored', 100, 10)
  expect(outcomes.fill).toBe(1)
  expect(['overtaken', 'too large', 'stored'].filter((key) => memory.find(key, null) !== null)).toEqual(['stored'])
})
