import { describe, expect, test } from 'bun:test'
import type { Refusal } from './refusal.ts'
import { burstMs, openGate, openLag, overrun, standingMs } from './shed.ts'

/** Time moves when it is told to; whoever sleeps past the new time wakes in order. */
function handClock() {
  let nowMs = 0
  const sleeping: { atMs: number; wake: () => void }[] = []
  return {
    monotonic: () => nowMs,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        sleeping.push({ atMs: nowMs + ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve())
      }),
    async pass(ms: number) {
      const untilMs = nowMs + ms
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        sleeping.sort((a, b) => a.atMs - b.atMs)
        const next = sleeping[0]
        if (next === undefined || next.atMs > untilMs) break
        sleeping.shift()
        nowMs = Math.max(nowMs, next.atMs)
        next.wake()
      }
      nowMs = untilMs
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** Work that lasts until it is ended. */
function jobs(gate: ReturnType<typeof openGate>) {
  const endings: (() => void)[] = []
  const outcomes: string[] = []
  return {
    outcomes,
    ask(name: string) {
      void gate
        .run(() => {
          outcomes.push(`${name} in`)
          return new Promise<void>((resolve) => endings.push(resolve))
        })
        .catch((refusal: Refusal) => outcomes.push(`${name} ${refusal.code}`))
    },
    end: () => endings.shift()?.(),
  }
}

describe('a gate', () => {
  test('lets in as many as there are places, and the next in order when one comes free', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 2, clock })
    const { ask, end, outcomes } = jobs(gate)
    for (const name of ['a', 'b', 'c', 'd']) ask(name)
    await clock.pass(1)
    expect(outcomes).toEqual(['a in', 'b in'])
    expect(gate.load()).toEqual({ running: 2, waiting: 2, refused: 0 })
    end()
    await clock.pass(1)
    end()
    await clock.pass(1)
    expect(outcomes).toEqual(['a in', 'b in', 'c in', 'd in'])
    end()
    end()
    await clock.pass(1)
    expect(gate.load()).toEqual({ running: 0, waiting: 0, refused: 0 })
  })

  test('refuses at once whoever would wait longer than a burst lasts, by how long places are held', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 1, clock })
    const { ask, outcomes } = jobs(gate)
    ask('first')
    // 5 ms each are believed at the start, so twenty fit into a burst.
    for (let n = 1; n <= 25; n++) ask(`n${n}`)
    await clock.pass(0)
    expect(outcomes.filter((outcome) => outcome.endsWith('overloaded'))).toEqual(
      ['n21', 'n22', 'n23', 'n24', 'n25'].map((n) => `${n} overloaded`),
    )
    expect(gate.load().waiting).toBe(burstMs / 5)
  })

  test('refuses those in line when no place comes free in time', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 1, clock })
    const { ask, outcomes } = jobs(gate)
    ask('stuck')
    ask('patient')
    await clock.pass(overrun * burstMs - 1)
    expect(outcomes).toEqual(['stuck in'])
    await clock.pass(3)
    expect(outcomes).toEqual(['stuck in', 'patient overloaded'])
    expect(gate.load()).toEqual({ running: 1, waiting: 0, refused: 1 })
  })

  test('a line that does not get empty loses its patience, keeps what it promised, and has patience again once it was empty', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 1, clock })
    const { ask, end, outcomes } = jobs(gate)
    for (let n = 0; n <= 15; n++) ask(`w${n}`)
    const step = async () => {
      await clock.pass(10)
      end()
      await clock.pass(0)
    }
    while (clock.monotonic() <= burstMs) await step()
    expect(gate.load().waiting).toBe(4)
    ask('late')
    await clock.pass(0)
    expect(outcomes.at(-1)).toBe('late overloaded')
    for (let n = 0; n < 6; n++) await step()
    expect(outcomes.filter((outcome) => outcome.endsWith(' in')).length).toBe(16)
    expect(gate.load()).toEqual({ running: 0, waiting: 0, refused: 1 })
    for (const name of ['again', 'waits', 'too']) ask(name)
    await clock.pass(standingMs * overrun)
    expect(gate.load()).toEqual({ running: 1, waiting: 2, refused: 1 })
  })

  test('lets nobody wait while the event loop is late, but fills free places', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 1, clock, lagMs: () => 500 })
    const { ask, outcomes } = jobs(gate)
    ask('a')
    ask('b')
    await clock.pass(0)
    expect(outcomes).toEqual(['a in', 'b overloaded'])
  })

  test('tells those who are refused together to come back at different times', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 0, clock, lagMs: () => 500 })
    const told = await Promise.all(
      [1, 2, 3].map(() => gate.run(async () => {}).catch((refusal: Refusal) => [refusal.reason, refusal.retryAfterS])),
    )
    expect(new Set(told.map((one) => one?.[1])).size).toBe(3)
    expect(told.every((one) => one?.[0] === 'unavailable')).toBe(true)
  })

  test('tells beforehand whom it would refuse, and counts who is turned away', async () => {
    const clock = handClock()
    const gate = openGate({ atOnce: 1, clock })
    const { ask, end } = jobs(gate)
    for (let n = 0; n <= burstMs / 5; n++) {
      expect(gate.turnAway()).toBeNull()
      ask(`n${n}`)
    }
    expect([gate.turnAway(), gate.turnAway()].map((refusal) => refusal?.code)).toEqual(['overloaded', 'overloaded'])
    expect(gate.load()).toEqual({ running: 1, waiting: burstMs / 5, refused: 2 })
    await clock.pass(5)
    end()
    await clock.pass(0)
    expect(gate.turnAway()).toBeNull()
  })

  test('gives a place back when the work fails', async () => {
    const gate = openGate({ atOnce: 1, clock: handClock() })
    await expect(gate.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(gate.load()).toEqual({ running: 0, waiting: 0, refused: 0 })
  })
})

test('lag rises when wake-ups stay late, not with one stall, and falls again', async () => {
  const clock = handClock()
  let lateMs = 0
  const lag = openLag({ monotonic: clock.monotonic, sleep: (ms, signal) => clock.sleep(ms + lateMs, signal) })
  const stop = new AbortController()
  void lag.run(stop.signal)
  await clock.pass(100)
  lateMs = 300
  await clock.pass(20)
  lateMs = 0
  await clock.pass(310)
  expect(lag.ms()).toBeLessThan(40)
  lateMs = 300
  await clock.pass(10_000)
  expect(lag.ms()).toBeGreaterThan(250)
  lateMs = 0
  await clock.pass(3000)
  expect(lag.ms()).toBeLessThan(10)
  stop.abort()
})
