// Customers who buy, repeat what was not answered, and remember; and what must be true of the shop in the end.
import { expect } from 'bun:test'
import type { Entry, Sandbox } from '../src/engines/payment/sandbox.ts'

export interface BoughtOrder {
  id: string
  status: 'placed' | 'paid' | 'cancelled' | 'refunding' | 'refunded'
  total: number
  items: { product: { id: string }; quantity: number }[]
}

/** Every order there is, page by page. `page`: what an admin gets for a query of `/orders`. */
export async function everyOrder(page: (query: string) => Promise<ReturnType<typeof JSON.parse>>): Promise<BoughtOrder[]> {
  const found: BoughtOrder[] = []
  for (let next: string | null = '?customer=*&limit=100'; next !== null; ) {
    const { data, links } = await page(next)
    found.push(...data)
    next = links.next
  }
  return found
}

/** The house's money and the shop's word of it agree: nobody is cancelled and charged, nobody charged twice. */
export function expectFair(house: Pick<Sandbox, 'ledger'>, orders: readonly BoughtOrder[]): void {
  const words: Record<BoughtOrder['status'], Entry['what'][]> = {
    placed: [],
    paid: ['charged'],
    cancelled: ['declined'],
    refunding: ['charged'],
    refunded: ['charged', 'refunded'],
  }
  const ledger = Map.groupBy(house.ledger(), ({ key }) => key)
  for (const { id, status, total } of orders) {
    const entries = ledger.get(id) ?? []
    expect([id, status, entries.map(({ what }) => what)]).toEqual([id, status, words[status]])
    for (const { amountMinor } of entries) expect(amountMinor).toBe(Math.round(total * 100))
  }
  const known = new Set(orders.map(({ id }) => id))
  expect([...ledger.keys()].filter((key) => !known.has(key))).toEqual([])
}

/** So many are out of the shop. */
export const soldOf = (orders: readonly BoughtOrder[], productId: string): number =>
  orders
    .filter(({ status }) => status !== 'cancelled' && status !== 'refunded')
    .flatMap(({ items }) => items)
    .reduce((sum, { product, quantity }) => sum + (product.id === productId ? quantity : 0), 0)
