// How new the answers of the response cache are: when a change shows, and what a Consistency-Token is answered with.
import { beforeEach, describe, expect, test } from 'bun:test'
import { openStage, type Stage, token } from './stage.suite.ts'

let s: Stage
beforeEach(async () => {
  s = await openStage()
})

describe('changes', () => {
  test('show at once when the tail has seen them, and not before', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['reviews'])
    expect(await (await s.get('/content')).text()).toContain('"n":10')
    await s.pass(200)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
    s.change('{"n":12}', ['something-else'])
    await s.pass(200)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
  })

  test('that come while an answer is read keep that answer out, and its asker gets the newer one', async () => {
    const open = s.hold()
    const slow = s.get('/content')
    s.change('{"n":11}', ['reviews'], 'withdrawn')
    await s.pass(200)
    open()
    const response = await slow
    expect(await response.text()).toBe('{"n":11}')
    expect(s.asked()).toBe(2)
    expect(await (await s.get('/content')).text()).toBe('{"n":11}')
    expect(s.asked()).toBe(2)
  })

  test('an answer that stays behind the purges is given to its asker alone', async () => {
    s.change('{"n":11}', ['reviews'])
    await s.pass(200)
    s.world.seq = 9 // a replica further back answers
    const response = await s.get('/content')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('cache-tag')).toBeNull()
    expect(s.asked()).toBe(3)
    await s.get('/content')
    expect(s.asked()).toBe(6)
  })

  test('of the build or of the epoch empty the cache', async () => {
    for (const move of [{ build: 'b2' }, { epoch: 'e2', seq: 3 }]) {
      await s.get('/content')
      const before = s.asked()
      await s.get('/content')
      expect(s.asked()).toBe(before)
      Object.assign(s.world, move)
      await s.pass(200)
      await s.get('/content')
      expect(s.asked()).toBe(before + 1)
    }
  })

  test('that are old are shown by what was read after them', async () => {
    s.change('{"n":11}', ['reviews'])
    await s.get('/content') // reads the change before the tail does
    await s.pass(200)
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
  })
})

describe('a Consistency-Token', () => {
  test('is served from memory when the tail has come so far, privately, and never answered with an older one', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['other'])
    await s.pass(200)
    const response = await s.get('/content', { 'consistency-token': token(11) })
    expect(s.asked()).toBe(1)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    for (const name of ['cdn-cache-control', 'cache-tag']) expect(response.headers.get(name)).toBeNull()
    expect(response.headers.get('consistency-token')).toBe(token(11))
    const older = await s.get('/content', { 'consistency-token': token(4) })
    expect(older.headers.get('consistency-token')).toBe(token(10))
    expect((await s.get('/content')).headers.get('cache-control')).toBe('public, max-age=5')
  })

  test('that is ahead of the tail, forged or malformed goes to the framework with the request', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['other'])
    for (const given of [token(11), token(1, 'e9'), 'forged', `${token(4)}x`]) {
      const before = s.asked()
      await s.get('/content', { 'consistency-token': given })
      expect(s.asked()).toBe(before + 1)
      expect(s.seenRequests.at(-1)?.headers.get('consistency-token')).toBe(given)
    }
  })

  test('of an older epoch is answered now', async () => {
    await s.get('/content')
    await s.get('/content', { 'consistency-token': token(99, 'e0') })
    expect(s.asked()).toBe(1)
  })

  test('is never served a stale copy', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(6000)
    expect((await s.get('/content', { 'consistency-token': token(4) })).status).toBe(503)
  })
})

describe('waiting for a position', () => {
  test('ends when the tail comes there, gives up when it does not', async () => {
    const patience = new AbortController()
    const reached = s.tail.reach({ epoch: 'e1', seq: 11 }, patience.signal)
    s.change('', [])
    await s.settle()
    await reached
    const never = s.tail.reach({ epoch: 'e1', seq: 99 }, patience.signal).catch((error) => error)
    patience.abort()
    expect(await never).toMatchObject({ reason: 'unavailable', code: 'replica-behind', retryAfterS: 1 })
  })

  test('is for two hundred at a time', async () => {
    const patience = new AbortController()
    const all = Array.from({ length: 201 }, () => s.tail.reach({ epoch: 'e1', seq: 99 }, patience.signal).catch((error) => error.message))
    expect(await all[200]).toContain('Too many readers')
    patience.abort()
    expect((await Promise.all(all)).filter((message) => message.includes('Too many'))).toHaveLength(1)
  })
})
