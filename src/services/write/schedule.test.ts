import { describe, expect, test } from 'bun:test'
import { Refusal } from '../../kit/refusal.ts'
import { openNewsroom } from './newsroom.suite.ts'

type Newsroom = Awaited<ReturnType<typeof openNewsroom>>

const minuteMs = 60_000

/** A review that goes out in a minute. */
async function scheduled(room: Newsroom, title = 'Later') {
  const { body } = await room.editor.asks('createReview', { body: room.text({ title }) })
  const publishAt = room.clock.at(minuteMs)
  await room.editor.asks('scheduleReview', { path: { id: body.id }, body: { publishAt }, ifMatch: [1] })
  return body.id
}

/** Runs the loops of these services while `during` lasts. `settled`: all have looked and sleep. */
async function running(room: Newsroom, services: Newsroom['write'][], during: (settled: () => Promise<void>) => Promise<void>) {
  const stop = new AbortController()
  const runs = services.map((service) => service.run(stop.signal))
  const settled = () => room.clock.asleep(services.length * 2) // each has a schedule and a sweep
  try {
    await settled()
    await during(settled)
  } finally {
    stop.abort()
    await Promise.all(runs)
  }
}

describe('a scheduled review', () => {
  test('goes out when its time comes, not before, and once, however many processes look', async () => {
    await using room = await openNewsroom()
    const id = await scheduled(room)
    await running(room, [room.write, room.open(), room.open()], async (settled) => {
      expect(room.write.status()).toMatchObject({ overdue: 0, nextDueAt: room.clock.at(minuteMs) })
      room.clock.pass(minuteMs - 20)
      await settled()
      expect((await room.master.read('review', id))?.status).toBe('scheduled')
      room.clock.pass(20)
      await settled()
    })
    const review = await room.master.read('review', id)
    expect(review).toMatchObject({ status: 'published', publishedAt: room.clock.at(0), publishAt: null, version: 3 })
    expect((await room.master.change('review', id, 3))?.by).toBeNull()
    expect(room.write.status()).toEqual({ overdue: 0, nextDueAt: null, lookedAt: room.clock.at(0) })
  })

  test('goes out within a second when the clock jumps past its time', async () => {
    await using room = await openNewsroom()
    const id = await scheduled(room)
    await running(room, [room.write], async (settled) => {
      room.clock.set(24 * 60 * minuteMs)
      room.clock.pass(1000)
      await settled()
    })
    expect((await room.master.read('review', id))?.status).toBe('published')
  })

  test('waits for its time also when the clock is set back', async () => {
    await using room = await openNewsroom()
    const id = await scheduled(room)
    await running(room, [room.write], async (settled) => {
      room.clock.set(-60 * minuteMs)
      room.clock.pass(minuteMs)
      await settled()
      expect((await room.master.read('review', id))?.status).toBe('scheduled')
      room.clock.pass(60 * minuteMs)
      await settled()
      expect((await room.master.read('review', id))?.status).toBe('published')
    })
  })

  test('goes out with the first look after a time in which nothing ran', async () => {
    await using room = await openNewsroom()
    const ids = [await scheduled(room, 'One'), await scheduled(room, 'Two')]
    await running(room, [room.write], async () => {})
    room.clock.pass(10 * minuteMs)
    await running(room, [room.open()], async () => {})
    for (const id of ids) expect((await room.master.read('review', id))?.status).toBe('published')
  })

  test('that its editor moves in the last moment stays moved', async () => {
    await using room = await openNewsroom()
    const id = await scheduled(room)
    let moved = false
    const late = room.open({
      ...room.master,
      async commit(commit) {
        if (!moved) {
          moved = true
          await room.editor.asks('scheduleReview', { path: { id }, body: { publishAt: room.clock.at(minuteMs) }, ifMatch: '*' })
        }
        return room.master.commit(commit)
      },
    })
    room.clock.pass(minuteMs)
    await running(room, [late], async () => {})
    expect(await room.master.read('review', id)).toMatchObject({ status: 'scheduled', version: 3 })
    expect(moved).toBe(true)
  })
})

describe('while reviews cannot be published', () => {
  test('the count of overdue ones is shown, tries come with growing pauses, and then they go out', async () => {
    await using room = await openNewsroom()
    const ids = [await scheduled(room, 'One'), await scheduled(room, 'Two')]
    let tries = 0
    let down = true
    const flaky = room.open({
      ...room.master,
      async commit(commit) {
        tries += 1
        if (down) throw new Refusal('unavailable', 'Down.')
        return room.master.commit(commit)
      },
    })
    room.clock.pass(minuteMs)
    await running(room, [flaky], async (settled) => {
      for (let second = 0; second < 60; second++) {
        room.clock.pass(1000)
        await settled()
      }
      expect(tries).toBeGreaterThan(3)
      expect(tries).toBeLessThan(8)
      expect(flaky.status().overdue).toBe(2)
      down = false
      room.clock.pass(30_000)
      await settled()
      expect(flaky.status().overdue).toBe(0)
    })
    for (const id of ids) expect((await room.master.read('review', id))?.status).toBe('published')
    expect((await room.metrics.text()).body).toContain('rcr_schedule_published_total 2')
  })

  test('one that fails for itself holds up no other', async () => {
    await using room = await openNewsroom()
    const [poison, good] = [await scheduled(room, 'Poison'), await scheduled(room, 'Good')]
    const flaky = room.open({
      ...room.master,
      async commit(commit) {
        if (commit.writes[0]?.id === poison) throw new Error('cannot')
        return room.master.commit(commit)
      },
    })
    room.clock.pass(2 * minuteMs)
    await running(room, [flaky], async () => {})
    expect((await room.master.read('review', good))?.status).toBe('published')
    expect(flaky.status()).toMatchObject({ overdue: 1 })
  })
})

test('what has expired is cleared every ten minutes', async () => {
  await using room = await openNewsroom()
  const removed: number[] = []
  const watched = room.open({
    ...room.master,
    async sweep(now) {
      removed.push(await room.master.sweep(now))
      return removed.at(-1) ?? 0
    },
  })
  const id = 'test:note'
  const write = { kind: 'note', id, expected: 0, document: { id, value: 1 }, expiresAt: room.clock.at(minuteMs) } as const
  await room.master.commit({ at: room.clock.at(0), by: null, writes: [write] })
  await running(room, [watched], async (settled) => {
    expect(removed).toEqual([0])
    room.clock.pass(10 * minuteMs)
    await settled()
  })
  expect(removed).toEqual([0, 1])
})
