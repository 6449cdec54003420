// What every payment engine promises, over a house in every mood.
import { afterEach, describe, expect, test } from 'bun:test'
import { openPaymentHouse } from '../../src/engines/payment/house.ts'
import { openSandbox, type Sandbox } from '../../src/engines/payment/sandbox.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Refusal } from '../../src/kit/refusal.ts'
import type { Charge, Payments } from '../../src/ports/payment.ts'
import { dependencyOf } from '../dependencies.ts'

let house: Sandbox
let payments: Payments
let nowMs: number
afterEach(() => house.close())

const deadlineMs = 60

async function open(): Promise<void> {
  house = await openSandbox({ delayMs: 3 * deadlineMs })
  nowMs = 0
  const clock = { ...systemClock, monotonic: () => nowMs }
  payments = openPaymentHouse({
    url: house.url,
    key: null,
    clock,
    metrics: openMetrics({ ofProcess: false }),
    dependency: dependencyOf('payment', { tryMs: deadlineMs, clock }),
  })
}

const charge = (n: number, more: Partial<Charge> = {}): Charge => ({
  key: `order-${n}`,
  amountMinor: 1250,
  currency: 'USD',
  token: null,
  ...more,
})
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: Refusal) => error.code,
  )
const moves = () => house.ledger().map(({ key, what }) => `${key} ${what}`)
/** As the durable loop does: until there is a word. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch {
      nowMs += 60_000 // a resting house is asked again
    }
  }
}

describe('a charge', () => {
  test('moves money once, however often and by however many it is asked for', async () => {
    await open()
    expect(await Promise.all([1, 2, 3, 4].map(() => payments.charge(charge(1))))).toEqual(['charged', 'charged', 'charged', 'charged'])
    await Promise.all([payments.refund(charge(1)), payments.refund(charge(1))])
    await payments.refund(charge(1))
    expect(moves()).toEqual(['order-1 charged', 'order-1 refunded'])
  })

  test('that was declined stays declined', async () => {
    await open()
    house.behave('declining')
    expect(await payments.charge(charge(1))).toBe('declined')
    house.behave('fair')
    expect(await payments.charge(charge(1))).toBe('declined')
    expect(moves()).toEqual(['order-1 declined'])
  })

  test('is made once by a house that fails every request, having done every other', async () => {
    await open()
    house.behave('failing')
    expect(await codeOf(payments.charge(charge(1)))).toStartWith('payment-house')
    house.behave('fair')
    expect(await insist(() => payments.charge(charge(1)))).toBe('charged')
    expect(moves()).toEqual(['order-1 charged'])
  })

  test.each(['slow', 'silent', 'duplicating'] as const)('is made once by a house that is %s, and refunded once', async (mood) => {
    await open()
    house.behave(mood)
    await payments.charge(charge(1)).catch(() => {})
    house.behave('fair')
    expect(await insist(() => payments.charge(charge(1)))).toBe('charged')
    house.behave(mood)
    await payments.refund(charge(1)).catch(() => {})
    house.behave('fair')
    await insist(() => payments.refund(charge(1)))
    await systemClock.sleep(4 * deadlineMs) // what is still on its way there arrives
    expect(moves()).toEqual(['order-1 charged', 'order-1 refunded'])
  })

  test('of which nothing is known is neither charged nor declined', async () => {
    await open()
    house.behave('silent')
    expect(await codeOf(payments.charge(charge(1)))).toBe('payment-house')
    await house.close()
    expect(await codeOf(payments.charge(charge(2)))).toStartWith('payment-house')
  })

  test('is not taken from an answer about something else', async () => {
    await open()
    await payments.charge(charge(1))
    expect(payments.charge(charge(1, { amountMinor: 99_999 }))).rejects.toThrow('409')
    expect(moves()).toEqual(['order-1 charged'])
  })
})

test('a house that does not answer is left alone for a while, and then asked again', async () => {
  await open()
  house.behave('silent')
  // Of these it is not known what became of them.
  for (const order of [1, 2]) expect(await codeOf(payments.charge(charge(order)))).toBe('payment-house')
  const startedMs = performance.now()
  for (let n = 0; n < 50; n++) expect(await codeOf(payments.charge(charge(3)))).toBe('payment-house-resting')
  expect(performance.now() - startedMs).toBeLessThan(deadlineMs)
  house.behave('fair')
  nowMs += 5_000
  expect(await payments.charge(charge(3))).toBe('charged')
})
