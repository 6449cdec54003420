// Each remote dependency in trouble, on the real engines: how often it is asked, how soon it is left alone, how long anybody waits for
// it, and how soon it is used again.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fixedCredentials } from '../../src/engines/aws/credentials.ts'
import { openClient } from '../../src/engines/dynamodb/client.ts'
import { openPaymentHouse } from '../../src/engines/payment/house.ts'
import { openSandbox } from '../../src/engines/payment/sandbox.ts'
import { openContent } from '../../src/engines/postgres/content.ts'
import { openNearest } from '../../src/engines/postgres/content-nearest.ts'
import { openSparing } from '../../src/engines/postgres/primary.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Dependency, OpenDependency, Policy } from '../../src/kit/resilience.ts'
import { type DependencyName, dependencies } from '../../src/resilience.ts'
import { dependencyOf } from '../dependencies.ts'
import { credentials, dynamoIsMissing, testDynamo } from '../dynamodb.ts'
import { type Library, openLibrary } from '../library.ts'
import { undisturbed } from '../undisturbed.ts'
import { openWire } from '../wire.ts'

let library: Library
beforeAll(async () => {
  library = await openLibrary()
}, 60_000)
afterAll(() => library.close())

interface Subject {
  ask(): Promise<unknown>
  /** What has arrived there so far. */
  sent(): number
  does(what: 'fails' | 'hangs' | 'answers'): void
  dependency: Dependency
  close(): Promise<unknown>
}

/** The rest is shortened, as RCR_BREAKER does; all else is as in the table. */
function opening(name: DependencyName, otherwise: Partial<Policy> = {}) {
  const breaker = dependencies[name].breaker
  const opened: Dependency[] = []
  const open = dependencyOf(name, { ...(breaker && { breaker: { ...breaker, openMs: 1_000 } }), ...otherwise })
  const dependency: OpenDependency = (traits) => {
    const one = open(traits)
    opened.push(one)
    return one
  }
  return { dependency, opened: () => opened[0] ?? expect.unreachable(name) }
}

async function payment(otherwise: Partial<Policy>): Promise<Subject> {
  const house = await openSandbox()
  const { dependency, opened } = opening('payment', otherwise)
  const payments = openPaymentHouse({
    url: house.url,
    key: null,
    clock: systemClock,
    metrics: openMetrics({ ofProcess: false }),
    dependency,
  })
  const moods = { fails: 'failing', hangs: 'silent', answers: 'fair' } as const
  let [sent, orders] = [0, 0]
  return {
    ask: () => payments.charge({ key: `order-${orders++}`, amountMinor: 1250, currency: 'USD', token: null }),
    sent: () => sent,
    does: (what) =>
      house.behave(() => {
        sent += 1
        return moods[what]
      }),
    dependency: opened(),
    close: () => house.close(),
  }
}

async function master(otherwise: Partial<Policy>): Promise<Subject> {
  const wire = await openWire(await testDynamo())
  const { dependency, opened } = opening('master', otherwise)
  const call = openClient({
    endpoint: wire.url,
    region: 'sa-east-1',
    credentials: fixedCredentials(credentials),
    clock: systemClock,
    dependency,
    fetch: (request) => {
      sent += 1
      return failing ? Promise.resolve(new Response('{"__type":"InternalServerError"}', { status: 500 })) : fetch(request)
    },
  })
  let [sent, failing] = [0, false]
  await call('ListTables', {})
  return {
    ask: () => call('ListTables', {}),
    sent: () => sent,
    does(what) {
      failing = what === 'fails'
      if (what === 'hangs') wire.hang()
      else wire.mend()
    },
    dependency: opened(),
    close: async () => wire.close(),
  }
}

async function overWire(name: DependencyName, open: (url: string, dependency: OpenDependency) => Pick<Subject, 'ask' | 'close'>) {
  const wire = await openWire(library.url)
  const { dependency, opened } = opening(name)
  const { ask, close } = open(wire.url, dependency)
  await ask()
  return {
    ask,
    sent: wire.connections,
    does: (what: Parameters<Subject['does']>[0]) => wire[({ fails: 'cut', hangs: 'hang', answers: 'mend' } as const)[what]](),
    dependency: opened(),
    async close() {
      await close()
      wire.close()
    },
  }
}

const list = { filters: {}, sort: 'newest', after: null, limit: 3 } as const

const database = (): Promise<Subject> =>
  overWire('database', (url, dependency) => {
    const content = openContent({ url, log, dependency })
    return { ask: () => content.list(list), close: content.close }
  })

/** Both of its databases lie behind the same wire. */
const replica = (): Promise<Subject> =>
  overWire('replica', (url, dependency) => {
    const one = (region: string) => ({ region, content: openContent({ url, log, dependency: dependencyOf('database') }), dependency })
    const content = openNearest({ replicas: [one('eu'), one('sa')], clock: systemClock })
    return { ask: () => content.list(list), close: content.close }
  })

const primary = (): Promise<Subject> =>
  overWire('primary', (url, dependency) => {
    const projection = openSparing(openProjection({ url, log, clock: systemClock }), dependency)
    return { ask: () => projection.builds(), close: projection.close }
  })

const subjects: [DependencyName, (otherwise: Partial<Policy>) => Promise<Subject>][] = [
  ['payment', payment],
  ['database', database],
  ['replica', replica],
  ['primary', primary],
  ...(dynamoIsMissing === null ? [['master', master] as [DependencyName, typeof master]] : []),
]

const asked = (subject: Subject) =>
  subject.ask().then(
    () => 'answered',
    () => 'refused',
  )

describe.each(subjects)('%s', (name, open) => {
  test('with nothing but errors it is left alone after ten at most, asked hardly more often than without retries, and used again soon', async () => {
    const subject = await open({})
    try {
      subject.does('fails')
      const before = subject.sent()
      let calls = 0
      while (subject.dependency.state() !== 'open') {
        calls += 1
        expect(calls).toBeLessThan(100)
        expect(await asked(subject)).toBe('refused')
      }
      expect(subject.sent() - before).toBeLessThanOrEqual(name === 'replica' ? 20 : 10) // of two replicas
      for (; calls < 100; calls++) expect(await asked(subject)).toBe('refused')
      expect(subject.sent() - before).toBeLessThanOrEqual(110)

      // Still in trouble when its rest is over: of many at once one finds out.
      await systemClock.sleep(1_000)
      const untried = subject.sent()
      await Promise.all(Array.from({ length: 50 }, () => asked(subject)))
      expect(subject.sent() - untried).toBeLessThanOrEqual(name === 'replica' ? 2 : 1)

      subject.does('answers')
      const mendedMs = systemClock.monotonic()
      while (subject.dependency.state() !== 'closed') {
        await asked(subject)
        expect(systemClock.monotonic() - mendedMs).toBeLessThan(5_000)
        await systemClock.sleep(20)
      }
      expect(await asked(subject)).toBe('answered')
    } finally {
      await subject.close()
    }
  }, 60_000)
})

describe.each(subjects.filter(([name]) => dependencies[name].callMs !== null))('%s', (name, open) => {
  test('that hangs keeps nobody waiting for longer than its time and 100 ms', async () => {
    // A payment takes seconds: shortened, in the same proportions.
    const times = name === 'payment' ? { tryMs: 300, callMs: 1_000 } : {}
    const budgetMs = times.callMs ?? dependencies[name].callMs ?? 0
    const longestMs = await undisturbed(budgetMs, async () => {
      const subject = await open(times)
      try {
        subject.does('hangs')
        const sinceMs = systemClock.monotonic()
        const all = Array.from({ length: 20 }, async () => {
          expect(await asked(subject)).toBe('refused')
          return systemClock.monotonic() - sinceMs
        })
        return Math.max(...(await Promise.all(all)))
      } finally {
        subject.does('answers')
        await subject.close()
      }
    })
    expect(longestMs).toBeLessThanOrEqual(budgetMs + 100)
  }, 120_000)
})
