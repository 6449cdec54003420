import { expect, test } from 'bun:test'
import { decimalOf, minorOf } from './money.ts'

test('every price of two digits goes in and comes out as it was', () => {
  for (let cents = 1; cents < 200_000; cents += 7) {
    const price = Number(`${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`)
    expect(minorOf(price, 'USD')).toBe(cents)
    expect(decimalOf(cents, 'USD')).toBe(price)
  }
})

test('a price finer than the smallest coin is none', () => {
  expect([minorOf(1.005, 'USD'), minorOf(0.1, 'CLP'), minorOf(1500, 'CLP'), minorOf(1.234, 'KWD'), minorOf(1.2345, 'KWD')]).toEqual([
    null,
    null,
    1500,
    1234,
    null,
  ])
  expect(minorOf(0.1 + 0.2, 'USD')).toBeNull()
})
