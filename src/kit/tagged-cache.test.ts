// Whatever comes, goes and is purged: what is found is what a plain list of all that was put says.
import { expect, test } from 'bun:test'
import { type Tagged, taggedCache } from './tagged-cache.ts'

const entryOf = (key: string, tags: string[], seq: number): Tagged => ({ key, tags, position: { epoch: 'e', seq }, state: 'good' })

test('purges reach each entry of a tag and no other, in whatever order entries came and went', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const cache = taggedCache<Tagged>(40_000)
  cache.clear({ epoch: 'e', seq: 0 })
  const put = new Map<string, { entry: Tagged; tags: string[] }>()
  for (let seq = 1; seq < 2000; seq++) {
    const tags = Array.from({ length: 1 + random(6) }, () => `t${random(12)}`)
    if (random(4) > 0) {
      const entry = entryOf(`k${random(60)}`, tags, seq)
      expect(cache.put(entry, random(900))).toBe(true)
      cache.name(entry, `n${entry.key}`)
      put.set(entry.key, { entry, tags })
    } else {
      const remove = random(2) === 0
      const struck = [...put.values()].filter(({ entry, tags: own }) => entry.state !== 'out' && own.some((tag) => tags.includes(tag)))
      const states = new Map([...put.values()].map(({ entry }) => [entry, entry.state]))
      cache.purge(tags, seq, remove)
      for (const { entry } of struck) states.set(entry, remove ? 'out' : 'outdated')
      expect([...put.values()].filter(({ entry }) => entry.state !== states.get(entry))).toEqual([])
    }
    if (seq % 50 === 0)
      for (const { entry } of put.values()) {
        const found = entry.state === 'out' ? undefined : entry
        expect([cache.get(entry.key), cache.find(`n${entry.key}`)]).toEqual([found, found])
      }
    expect(cache.size().bytes).toBeLessThanOrEqual(40_000)
  }
})

test('an entry is found by its first eight names, which go with it', () => {
  const cache = taggedCache<Tagged>(40_000)
  const entry = entryOf('k', ['t'], 1)
  cache.put(entry, 100)
  const names = Array.from({ length: 10 }, (_, n) => `name ${n}`)
  for (const name of names) cache.name(entry, name)
  expect(names.filter((name) => cache.find(name) === entry)).toEqual(names.slice(0, 8))
  cache.put(entryOf('k', ['t'], 2), 100)
  expect(names.filter((name) => cache.find(name) !== undefined)).toEqual([])
  cache.name(entry, 'of one that is out')
  expect(cache.find('of one that is out')).toBeUndefined()
})

test('an entry weighs the same however often it is put', () => {
  const cache = taggedCache<Tagged>(40_000)
  const sizes = [1, 2, 3].map((seq) => {
    cache.put(entryOf('k', ['one', 'two'], seq), 100)
    return cache.size()
  })
  expect(sizes).toEqual([sizes[0], sizes[0], sizes[0]] as typeof sizes)
})
