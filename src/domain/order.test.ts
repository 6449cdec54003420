import { describe, expect, test } from 'bun:test'
import type { Refusal } from '../kit/refusal.ts'
import { isUnsettled, orderStatuses, place, shownOrder, step, stockMoves } from './order.ts'
import type { Product } from './product.ts'

const product = (id: string, priceMinor: number): Product => ({
  ...{ id, version: 1, createdAt: '', updatedAt: '', name: `Product ${id}`, slug: id, description: '', images: [] },
  ...{ priceMinor, currency: 'USD', categoryId: 'c', cameraId: null, lensId: null },
})
const order = place(
  [
    { product: product('a', 1010), quantity: 2 },
    { product: product('b', 20), quantity: 3 },
  ],
  { id: 'o', customerId: 'me', currency: 'USD', now: '2026-11-22T00:00:00.000Z', paymentToken: 'secret' },
)

describe('an order', () => {
  test('costs what its products cost, and never shows how it is paid', () => {
    expect(shownOrder(order)).toMatchObject({ status: 'placed', total: 20.8, items: [{ subtotal: 20.2 }, { subtotal: 0.6 }] })
    expect(JSON.stringify(shownOrder(order))).not.toContain('secret')
  })

  test('goes the steps that there are, and no other', () => {
    const steps = orderStatuses.flatMap((from) =>
      orderStatuses
        .filter((to) => {
          try {
            return step({ ...order, status: from }, to).status === to
          } catch (error) {
            expect((error as Refusal).facts).toEqual({ orderStatus: from })
            return false
          }
        })
        .map((to) => `${from} ${to}`),
    )
    expect(steps).toEqual(['placed paid', 'placed cancelled', 'paid refunding', 'refunding refunded'])
    expect(orderStatuses.filter((status) => isUnsettled({ status }))).toEqual(['placed', 'refunding'])
  })

  test('takes from the stock once and gives back once, on every way through its life', () => {
    const left = (...way: (typeof orderStatuses)[number][]) =>
      way
        .flatMap((status) => stockMoves({ ...order, status }))
        .reduce((sum, { counter, by }) => (counter === 'stock:a' ? sum + by : sum), 0)
    expect([left('placed'), left('placed', 'paid'), left('placed', 'cancelled'), left('placed', 'paid', 'refunding')]).toEqual([
      -2, -2, 0, -2,
    ])
    expect(left('placed', 'paid', 'refunding', 'refunded')).toBe(0)
  })
})
