// The response cache under strain: many who ask at once, no database, no more room.
import { beforeEach, describe, expect, test } from 'bun:test'
import { openStage, type Stage } from './stage.suite.ts'

let s: Stage
beforeEach(async () => {
  s = await openStage()
})

describe('many at once', () => {
  test('a thousand ask, one query answers', async () => {
    const open = s.hold()
    const all = Array.from({ length: 1000 }, () => s.get('/content'))
    open()
    const responses = await Promise.all(all)
    expect(s.asked()).toBe(1)
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(responses[1]?.headers.get('cache-status')).toBe('rcr; fwd=uri-miss; stored; collapsed')
    expect(new Set(responses.map(({ headers }) => headers.get('x-request-id'))).size).toBe(1000)
    expect(await responses[999]?.text()).toBe(s.world.text)
  })

  test('a failed query is told to those who waited and is not remembered', async () => {
    s.world.away = true
    const responses = await Promise.all([s.get('/content'), s.get('/content')])
    expect(responses.map(({ status }) => status)).toEqual([503, 503])
    expect(s.asked()).toBe(1)
    s.world.away = false
    expect((await s.get('/content')).status).toBe(200)
  })

  test('a query that throws harms nobody else', async () => {
    s.respondWith(() => {
      throw new Error('defect')
    })
    await expect(s.get('/content')).rejects.toThrow('defect')
    s.respondWith(null)
    expect((await s.get('/content')).status).toBe(200)
  })
})

describe('without the database', () => {
  test('what is in memory goes on: fresh for 5 s, then marked with its age, to the end of ten minutes', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(4000)
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
    await s.pass(2000)
    const stale = await s.get('/content')
    expect([stale.status, stale.headers.get('age'), stale.headers.get('cache-status')]).toEqual([
      200,
      '6',
      'rcr; hit; ttl=-1; detail=stale-while-revalidate',
    ])
    await s.settle()
    await s.pass(60_000)
    const rescued = await s.get('/content')
    expect([rescued.status, rescued.headers.get('age'), rescued.headers.get('cache-status')]).toEqual([
      200,
      '66',
      'rcr; hit; ttl=-61; detail=stale-if-error',
    ])
    await s.settle()
    await s.pass(600_000)
    expect((await s.get('/content')).status).toBe(503)
  })

  test('the first to find it gone is served what there is, and learns why', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    const rescued = await s.get('/content')
    expect(rescued.headers.get('cache-status')).toBe('rcr; fwd=stale; fwd-status=503; ttl=-45; detail=stale-if-error')
    expect(await rescued.text()).toBe(s.world.text)
  })

  test('a database that hangs slows one asker a second, not all', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    await s.get('/content')
    const before = s.asked()
    s.hold()
    for (let n = 0; n < 20; n++) expect((await s.get('/content')).status).toBe(200)
    expect(s.asked()).toBe(before + 1) // behind their backs
  })

  test('what changed before it went is still better than nothing, what was withdrawn is not', async () => {
    await s.get('/content')
    s.change('{"n":11}', ['reviews'], 'revised')
    await s.pass(100)
    s.world.away = true
    expect((await s.get('/content')).headers.get('cache-status')).toContain('stale-if-error')
    s.world.away = false
    s.change('{"n":12}', ['reviews'], 'withdrawn')
    await s.pass(3000)
    s.world.away = true
    expect((await s.get('/content')).status).toBe(503)
  })

  test('it recovers by itself', async () => {
    await s.get('/content')
    s.world.away = true
    await s.pass(50_000)
    await s.get('/content')
    s.world.away = false
    s.change('{"n":"new"}', ['reviews'])
    await s.pass(3000)
    await s.get('/content')
    await s.settle()
    await s.settle()
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
    expect(await (await s.get('/content')).text()).toBe('{"n":"new"}')
  })
})

describe('without room behind it', () => {
  test('who would be refused is refused at once: nothing is asked, nothing awaited', async () => {
    s.fillUp(true)
    const refused = s.ask('/content?brand=b1')
    expect(refused).toBeInstanceOf(Response)
    const { status, headers } = refused as Response
    expect([status, headers.get('retry-after'), headers.get('cache-status')]).toEqual([503, '1', 'rcr; fwd=uri-miss'])
    expect(await (refused as Response).text()).toBe(`/content?brand=b1 ${headers.get('x-request-id')}`)
    expect((await s.get('/content?brand=b1', { 'x-request-id': 'asked-with-it' })).headers.get('x-request-id')).toBe('asked-with-it')
    const head = await s.get('/content?brand=b1', {}, 'HEAD')
    expect([head.status, head.headers.get('retry-after'), await head.text()]).toEqual([503, '1', ''])
    expect([s.asked(), s.turnedAway(), s.outcomes.refused, s.outcomes.fill]).toEqual([0, 3, 3, 0])
    s.fillUp(false)
    expect((await s.get('/content?brand=b1')).status).toBe(200)
  })

  test('what is in memory goes on, a refreshment that would be refused is not begun', async () => {
    await s.get('/content')
    s.fillUp(true)
    expect((await s.get('/content')).headers.get('cache-status')).toBe('rcr; hit')
    s.world.away = true // the tail confirms nothing, so the copy gets stale
    await s.pass(6000)
    expect((await s.get('/content')).headers.get('cache-status')).toContain('stale-while-revalidate')
    expect([s.asked(), s.turnedAway(), s.outcomes.refused]).toEqual([1, 1, 0])
    await s.pass(60_000)
    const rescued = await s.get('/content')
    expect([rescued.status, rescued.headers.get('cache-status')]).toEqual([
      200,
      'rcr; fwd=stale; fwd-status=503; ttl=-61; detail=stale-if-error',
    ])
    expect([s.asked(), s.outcomes.rescued, s.outcomes.refused]).toEqual([1, 1, 0])
  })

  test('who asks for what another one waits for already is answered with it', async () => {
    const open = s.hold()
    const first = s.get('/content')
    s.fillUp(true)
    const second = s.get('/content')
    open()
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200])
    expect([s.asked(), s.turnedAway()]).toEqual([1, 0])
  })
})

describe('the bounds', () => {
  test('old answers make room for new ones', async () => {
    for (let n = 0; n < 400; n++) await s.get(`/content?brand=b${n}`)
    const { bytes, entries } = s.cache.size()
    expect(bytes).toBeLessThanOrEqual(1_000_000)
    expect(entries).toBeLessThan(300)
    const before = s.asked()
    await s.get('/content?brand=b399')
    expect(s.asked()).toBe(before)
    await s.get('/content?brand=b0')
    expect(s.asked()).toBe(before + 1)
  })

  test('what stays asked stays in', async () => {
    await s.get('/content?brand=hot')
    for (let n = 0; n < 400; n++) {
      for (let m = 0; m < 3; m++) await s.get('/content?brand=hot')
      await s.get(`/content?brand=b${n}`)
    }
    const before = s.asked()
    await s.get('/content?brand=hot')
    expect(s.asked()).toBe(before)
  })
})
