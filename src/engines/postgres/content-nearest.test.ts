// How long databases are asked one after the other, over some that say no more than what became of a question; and who is kept warm.
import { expect, test } from 'bun:test'
import { dependencyOf } from '../../../tests/dependencies.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Content } from '../../ports/content.ts'
import { openNearest } from './content-nearest.ts'

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

test('the next nearest is kept connected while the near one is followed, at once and every five seconds', async () => {
  let nowMs = 0
  const warmed: [string, number][] = []
  const replicas = ['region 1', 'region 2', 'region 3'].map((region) => {
    const tail = () => (region === 'region 1' ? Promise.resolve({}) : expect.unreachable(region))
    const warm = async () => {
      warmed.push([region, nowMs])
      throw new Refusal('unavailable', 'away')
    }
    return { region, content: { tail, warm } as unknown as Content, dependency: dependencyOf('replica') }
  })
  const content = openNearest({ replicas, clock: { monotonic: () => nowMs } })
  for (; nowMs <= 10_000; nowMs += 200) await content.tail(null)
  expect(warmed).toEqual([0, 5000, 10_000].map((ms) => ['region 2', ms]))
})
