// How long databases are asked one after the other, over some that say no more than what became of a question; who is kept connected, and how the
// furthest is found.
import { expect, test } from 'bun:test'
import { dependencyOf } from '../../../tests/dependencies.ts'
import { systemClock } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Content } from '../../ports/content.ts'
import { openNearest } from './content-nearest.ts'
import { isOutage, Resting } from './translate.ts'

/** Which regions are asked, where each takes so long before it refuses; the last one answers. */
async function askedWhere(...tookMs: number[]): Promise<string[]> {
  let nowMs = 0
  const asked: string[] = []
  const replicas = [...tookMs, null].map((ms, at) => {
    const list = async () => {
      asked.push(`region ${at + 1}`)
      if (ms === null) return { items: [] }
      nowMs += ms
      throw new Refusal('unavailable', 'away')
    }
    return { region: `region ${at + 1}`, content: { list } as unknown as Content, dependency: dependencyOf('replica') }
  })
  const content = openNearest({ replicas, clock: { monotonic: () => nowMs } })
  const answer = content.list({ filters: {}, sort: 'newest', after: null, limit: 3 })
  return answer.then(
    () => [...asked, 'answer'],
    () => [...asked, 'refusal'],
  )
}

test('those that refuse at once leave time for all others', async () => {
  expect(await askedWhere(0, 0, 0)).toEqual(['region 1', 'region 2', 'region 3', 'region 4', 'answer'])
})

test('one that refuses at once and one that is silent for the whole time of a try leave time for a third', async () => {
  expect(await askedWhere(5, 919)).toEqual(['region 1', 'region 2', 'region 3', 'answer'])
})

test('two that are silent leave none', async () => {
  expect(await askedWhere(900, 900)).toEqual(['region 1', 'region 2', 'refusal'])
})

test('the others are kept connected while the near one is followed, at once and every five seconds', async () => {
  let nowMs = 0
  const warmed: [string, number][] = []
  const replicas = ['region 1', 'region 2', 'region 3'].map((region) => {
    const away = (what: string) => async () => {
      warmed.push([`${what} of ${region}`, nowMs])
      throw new Refusal('unavailable', 'away')
    }
    const tail = () => (region === 'region 1' ? Promise.resolve({}) : expect.unreachable(region))
    const content = { tail, warm: away('all'), applied: away('position') } as unknown as Content
    return { region, content, dependency: dependencyOf('replica') }
  })
  const content = openNearest({ replicas, clock: { monotonic: () => nowMs } })
  for (; nowMs <= 10_000; nowMs += 200) await content.tail(null)
  expect(warmed).toEqual(
    [0, 5000, 10_000].flatMap((ms) => [
      ['all of region 2', ms],
      ['position of region 3', ms],
    ]),
  )
})

test('however many ask who is further, each database is asked once at a time, and again by whoever came meanwhile', async () => {
  const positions = [9, 10]
  const looks: PromiseWithResolvers<void>[] = []
  const applied = async () => {
    const seq = positions[looks.length]
    const look = Promise.withResolvers<void>()
    looks.push(look)
    await look.promise
    return { position: { epoch: 'e', seq } }
  }
  const replicas = ['near', 'far'].map((region) => ({
    region,
    content: { applied: region === 'far' ? applied : expect.unreachable } as unknown as Content,
    dependency: dependencyOf('replica'),
  }))
  const content = openNearest({ replicas, clock: { monotonic: () => 0 } })
  const isFurther = () => content.further?.({ epoch: 'e', seq: 10 }, new AbortController().signal)
  const first = isFurther()
  const later = Promise.all(Array.from({ length: 32 }, isFurther))
  looks[0]?.resolve()
  expect(await first).toBe(false) // it was so when it asked
  looks[1]?.resolve()
  expect(new Set(await later)).toEqual(new Set([true]))
  expect(looks).toHaveLength(2)
})

test('a burst at a database that its own rule leaves alone does not leave its replica alone for longer', async () => {
  let nowMs = 0
  const clock = { ...systemClock, monotonic: () => nowMs }
  let isUp = false
  const database = dependencyOf('database', { clock })({
    isFailure: isOutage,
    resting: () => new Resting('unavailable', 'left alone'),
    late: () => new Refusal('unavailable', 'late'),
  })
  const answer = async () => (isUp ? {} : Promise.reject(new Refusal('unavailable', 'away')))
  const near = { list: () => database.ask(answer), tail: () => database.ask(answer, { isUnguarded: true }) }
  const far = { list: async () => ({}), tail: async () => ({}), warm: async () => {} }
  const replicas = Object.entries({ near, far }).map(([region, content]) => ({
    region,
    content: content as unknown as Content,
    dependency: dependencyOf('replica', { clock }),
  }))
  const content = openNearest({ replicas, clock })
  const list = () => content.list({ filters: {}, sort: 'newest', after: null, limit: 3 })
  for (let n = 0; n < 6; n++) await list()
  const breaker = () => content.regions()[0]?.breaker
  expect(breaker()).toBe('open')
  isUp = true
  nowMs += 60_000
  for (let n = 0; n < 2; n++) await content.tail(null)
  expect(breaker()).toBe('closed')
  await Promise.all(Array.from({ length: 6 }, list))
  expect(breaker()).toBe('closed')
})
