// Whatever a dependency does, whoever asks it waits no longer than allowed, and asks it no more often than it can bear.
import { expect, test } from 'bun:test'
import { openLog } from './log.ts'
import { openMetrics } from './metric.ts'
import { openDependency, type Policy } from './resilience.ts'

/** Time passes only when all else has come to rest. */
function virtualClock() {
  let nowMs = 0
  const sleepers = new Set<{ atMs: number; wake: () => void }>()
  const rest = async () => {
    for (let n = 0; n < 50; n++) await Promise.resolve()
  }
  return {
    now: () => Number.NaN, // nobody looks at the wall
    monotonic: () => nowMs,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted) return resolve()
        const one = {
          atMs: nowMs + ms,
          wake() {
            sleepers.delete(one)
            resolve()
          },
        }
        sleepers.add(one)
        signal?.addEventListener('abort', one.wake)
      }),
    /** In steps: whoever sleeps wakes at his time. */
    async pass(ms: number) {
      const untilMs = nowMs + ms
      await rest()
      for (;;) {
        const [next] = [...sleepers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
        if (next === undefined) break
        nowMs = Math.max(nowMs, next.atMs)
        next.wake()
        await rest()
      }
      nowMs = untilMs
    },
    sleeping: () => sleepers.size,
  }
}

const policy: Policy = {
  tryMs: 100,
  callMs: 1000,
  tries: 3,
  pauseMs: { first: 5, most: 200 },
  breaker: null,
  atOnce: null,
}
const breaker = { failures: 5, openMs: 1000, successes: 2 }

type Does = 'answers' | 'fails' | 'refuses' | 'says nothing' | 'hangs' | 'takes 50 ms'

function stage(otherwise: Partial<Policy> = {}, share = 0.5, isStray = () => false) {
  const clock = virtualClock()
  const metrics = openMetrics({ ofProcess: false })
  const lines: string[] = []
  const calls: { atMs: number; signal: AbortSignal }[] = []
  let does: Does = 'answers'
  const random = (length: number) => {
    const bytes = Buffer.alloc(length)
    bytes.writeUInt32LE(Math.floor(share * 2 ** 32))
    return bytes
  }
  const around = { clock, random, metrics, log: openLog('debug', (line) => lines.push(line)) }
  const dependency = openDependency('house', { ...policy, ...otherwise }, around, {
    isFailure: (error) => (error as Error).message !== 'no',
    isPassing: (error) => (error as Error).message === 'down',
    isStray,
    isSilent: (error) => (error as Error).message === 'silence',
    resting: () => new Error('resting'),
    late: () => new Error('late'),
  })
  const work = async (signal: AbortSignal) => {
    calls.push({ atMs: clock.monotonic(), signal })
    if (does === 'fails') throw new Error('down')
    if (does === 'refuses') throw new Error('no')
    if (does === 'says nothing') throw new Error('silence')
    if (does === 'takes 50 ms') await clock.sleep(50)
    if (does === 'hangs') await new Promise(() => {})
    return 'answer'
  }
  const ask = (signal?: AbortSignal) => dependency.ask(work, { signal }).catch((error) => error.message as string)
  /** Its outcome, and how long it took. */
  const asked = async (signal?: AbortSignal) => {
    const startedMs = clock.monotonic()
    const outcome = ask(signal).then((told) => ({ told, tookMs: clock.monotonic() - startedMs }))
    await clock.pass(10_000)
    return outcome
  }
  const counted = async (name: string) => {
    const { body } = await metrics.text()
    return Number(new RegExp(`^rcr_dependency_${name} (\\S+)$`, 'm').exec(body)?.[1])
  }
  return { clock, dependency, calls, work, ask, asked, counted, lines, let: (what: Does) => (does = what) }
}

test('one that answers is asked once, and one that says no is not asked again', async () => {
  const house = stage({ breaker })
  expect(await house.asked()).toEqual({ told: 'answer', tookMs: 0 })
  house.let('refuses')
  for (let n = 0; n < 10; n++) expect((await house.asked()).told).toBe('no')
  expect(house.calls).toHaveLength(11)
  expect(house.dependency.state()).toBe('closed')
  expect(house.clock.sleeping()).toBe(0)
})

test('with nothing but errors a hundred calls make at most a hundred and ten tries, also without a breaker', async () => {
  const house = stage()
  house.let('fails')
  for (let n = 0; n < 100; n++) expect((await house.asked()).told).toBe('down')
  expect(house.calls).toHaveLength(110)
  expect(await house.counted('retries_total{dependency="house"}')).toBe(10)
})

test('a call whose tries open the breaker is told what became of them, and the next one that nobody is asked', async () => {
  const house = stage({ breaker: { ...breaker, failures: 2, openMs: 60_000 } })
  house.let('fails')
  expect((await house.asked()).told).toBe('down')
  expect(house.calls).toHaveLength(2)
  expect((await house.asked()).told).toBe('resting')
})

test('errors among answers are tried again, for a tenth of the answers in the long run', async () => {
  const house = stage()
  for (let n = 0; n < 200; n++) {
    house.let(n % 2 === 0 ? 'answers' : 'fails')
    await house.asked()
  }
  expect(house.calls.length).toBeLessThanOrEqual(200 + 10 + 20)
  expect(house.calls.length).toBeGreaterThan(200 + 10)
})

test('a pause is any time up to 5 ms · 2^tries, and 200 ms at most', async () => {
  const gapsOf = async (share: number) => {
    const house = stage({ tries: 8, callMs: 10_000 }, share)
    house.let('fails')
    await house.asked()
    return house.calls.slice(1).map(({ atMs }, n) => Math.round(atMs - (house.calls[n]?.atMs ?? 0)))
  }
  expect(await gapsOf(0)).toEqual([0, 0, 0, 0, 0, 0, 0])
  expect(await gapsOf(0.5)).toEqual([5, 10, 20, 40, 80, 100, 100])
  expect(await gapsOf(0.99999)).toEqual([10, 20, 40, 80, 160, 200, 200])
})

test('one that hangs is given up after the time of a try, told so, and not waited for by a timer any more', async () => {
  const house = stage()
  house.let('hangs')
  expect(await house.asked()).toEqual({ told: 'late', tookMs: 100 })
  expect(house.calls.map(({ signal }) => signal.aborted)).toEqual([true])
  expect(house.clock.sleeping()).toBe(0)
})

test('no call takes longer than it may, whatever its tries do', async () => {
  const house = stage({ tries: 8, callMs: 250, tryMs: 100, pauseMs: { first: 50, most: 200 } }, 0.9)
  house.let('fails')
  expect((await house.asked()).tookMs).toBeLessThanOrEqual(250)
  house.let('hangs')
  expect(await house.asked()).toEqual({ told: 'late', tookMs: 100 })
  const late = stage({ callMs: 60 })
  late.let('hangs')
  expect(await late.asked()).toEqual({ told: 'late', tookMs: 60 })
})

test('whoever goes away while it hangs, or during a pause, is let go at once and nothing more is sent', async () => {
  for (const what of ['hangs', 'fails'] as const) {
    const house = stage({ pauseMs: { first: 500, most: 500 }, breaker: { failures: what === 'hangs' ? 1 : 2, openMs: 1000, successes: 1 } })
    const caller = new AbortController()
    house.let(what)
    const asked = house.ask(caller.signal).then(() => ({ tookMs: house.clock.monotonic() }))
    await house.clock.pass(0)
    caller.abort()
    const { tookMs } = await asked
    expect(tookMs).toBe(0)
    expect(house.calls).toHaveLength(1)
    expect(house.dependency.state()).toBe('closed')
    expect((await house.asked(caller.signal)).told).toBe('The answer took too long.')
    expect(house.calls).toHaveLength(1)
  }
})

test('five failures open it, one at a time finds out, two answers close it; all of it is counted and logged', async () => {
  const house = stage({ breaker })
  house.let('fails')
  await Promise.all([house.asked(), house.ask(), house.ask()])
  expect(house.calls).toHaveLength(5)
  expect(house.dependency.state()).toBe('open')
  expect(await house.counted('state{dependency="house"}')).toBe(2)
  expect(await house.counted('calls_total{dependency="house",outcome="failed"}')).toBe(5)
  const resting = await house.counted('calls_total{dependency="house",outcome="resting"}')
  house.let('takes 50 ms') // by now its rest is over
  const many = Array.from({ length: 20 }, () => house.ask())
  await house.clock.pass(60)
  expect((await Promise.all(many)).filter((told) => told === 'answer')).toHaveLength(1)
  expect(house.calls).toHaveLength(6)
  expect(await house.counted('calls_total{dependency="house",outcome="resting"}')).toBe(resting + 19)
  expect(await house.counted('state{dependency="house"}')).toBe(1)
  expect((await house.asked()).told).toBe('answer')
  expect(house.dependency.state()).toBe('closed')
  const told = house.lines.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'debug')
  expect(told.map(({ dependency, from, to }) => [dependency, from, to])).toEqual([
    ['house', 'closed', 'open'],
    ['house', 'half-open', 'closed'],
  ])
})

test('a trial that hangs ends in time, and the next is let in when the rest is over again', async () => {
  const house = stage({ breaker, tries: 1 })
  house.let('hangs')
  for (let n = 0; n < 5; n++) await house.asked()
  await house.asked()
  expect(house.calls).toHaveLength(6)
  expect(house.dependency.state()).toBe('open')
  house.let('answers')
  for (const _ of [1, 2]) expect((await house.asked()).told).toBe('answer')
  expect(house.dependency.state()).toBe('closed')
})

test('what says nothing of it neither closes it on trial, nor opens it again, nor makes up for failures before', async () => {
  const house = stage({ breaker: { ...breaker, failures: 2 }, tries: 1 })
  for (const what of ['fails', 'says nothing', 'fails'] as const) {
    house.let(what)
    await house.asked()
  }
  expect(house.dependency.state()).toBe('open')
  house.let('says nothing')
  for (let n = 0; n < 3; n++) {
    expect((await house.asked()).told).toBe('silence')
    expect(house.dependency.state()).toBe('half-open')
  }
  expect(await house.counted('calls_total{dependency="house",outcome="left"}')).toBe(4)
})

test('whoever asks past the breaker is never refused, takes nobody the trial, and decides nothing, but has no more time than others', async () => {
  const house = stage({ breaker, tries: 1 })
  const unguarded = async (what: Does) => {
    house.let(what)
    const outcome = house.dependency.ask(house.work, { isUnguarded: true }).catch((error) => error.message)
    await house.clock.pass(100)
    return outcome
  }
  for (let n = 0; n < 5; n++) expect(await unguarded('hangs')).toBe('late')
  expect(house.dependency.state()).toBe('closed')
  house.let('fails')
  await Promise.all(Array.from({ length: 5 }, () => house.ask()))
  expect(house.dependency.state()).toBe('open')
  for (let n = 0; n < 2; n++) expect(await unguarded('answers')).toBe('answer')
  expect(house.dependency.state()).toBe('open')
})

test('connections that had died, many at once, leave it closed as long as the next tries are answered; else it opens all the same', async () => {
  const house = stage({ breaker, tries: 2, pauseMs: { first: 0, most: 0 } }, 0.5, () => true)
  house.let('fails')
  const many = Array.from({ length: 8 }, () => house.ask())
  await Promise.resolve()
  house.let('answers')
  await house.clock.pass(10)
  expect(await Promise.all(many)).toEqual(Array(8).fill('answer'))
  expect(house.dependency.state()).toBe('closed')
  house.let('fails')
  for (let n = 0; n < 5; n++) await house.asked() // the budget ends meanwhile
  expect(house.dependency.state()).toBe('open')

  const other = stage({ breaker, tries: 2, pauseMs: { first: 0, most: 0 } }, 0.5, () => true)
  other.let('fails')
  for (let n = 0; n < 5; n++) await other.asked()
  expect(other.calls).toHaveLength(10)
  expect(other.dependency.state()).toBe('open')
  await other.asked() // on trial the first try tells
  expect(other.calls).toHaveLength(11)
})

test('so many at once, the others in their order; who finds no place in time is told, and that is not its fault', async () => {
  const house = stage({ atOnce: 2, callMs: 120, tries: 1, breaker })
  house.let('takes 50 ms')
  const many = Array.from({ length: 8 }, () => house.ask())
  await house.clock.pass(1000)
  expect(await Promise.all(many)).toEqual(['answer', 'answer', 'answer', 'answer', 'late', 'late', 'late', 'late'])
  expect(await house.counted('calls_total{dependency="house",outcome="crowded"}')).toBe(2)
  expect(await house.counted('calls_total{dependency="house",outcome="left"}')).toBe(2) // placed with 20 ms left
  expect(await house.counted('calls_total{dependency="house",outcome="failed"}')).toBe(0)
  house.let('answers')
  expect((await house.asked()).told).toBe('answer')
})
