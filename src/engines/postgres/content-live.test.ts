// A build that goes while a reader is in it: the statement misses its tables, and the next one finds the new build.
import { expect, test } from 'bun:test'
import type { Queryable } from './connect.ts'
import { followLive } from './content-live.ts'

const ofPostgres = (code: string) => Object.assign(new Error(code), { code })

/** A connection on which what is asked of a build fails as listed, and then is answered. */
function connection(...failures: unknown[]) {
  const asked: string[] = []
  let live = 'content_1_a'
  const on: Queryable = {
    async query<R extends object>(statement: Parameters<Queryable['query']>[0]): Promise<R[]> {
      const text = typeof statement === 'string' ? statement : statement.text
      if (text.includes('content.live')) return [{ schema: live }] as R[]
      asked.push(text)
      const failure = failures.shift()
      if (failure !== undefined) throw failure
      return [{ n: 1 }] as R[]
    },
  }
  return {
    on,
    asked,
    switchTo: (schema: string) => {
      live = schema
    },
  }
}

test('a build that is missing is looked for anew', async () => {
  const follower = followLive('1')
  const { on, asked, switchTo } = connection(ofPostgres('42P01'))
  await follower.schema(on)
  switchTo('content_1_b')
  expect(await follower.all<{ n: number }>({ text: 'select 1 from build.review', values: [] }, on)).toEqual([{ n: 1 }])
  expect(asked.at(-1)).toBe('select 1 from "content_1_b".review')
})
