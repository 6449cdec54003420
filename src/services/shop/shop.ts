// The shop: what it sells, and to whom. It knows the master and the payment house; readers see it by way of the log.
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import type { NewId } from '../../kit/id.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import type { Operation } from '../../kit/operation.ts'
import type { Stream } from '../../kit/stream.ts'
import type { Master } from '../../ports/master.ts'
import type { Payments } from '../../ports/payment.ts'
import { categoryOperations } from './categories.ts'
import { bringFirstShop, type FirstShop } from './first-shop.ts'
import { openFollowing } from './following.ts'
import { orderOperations } from './orders.ts'
import type { ShopParts } from './parts.ts'
import { productOperations } from './products.ts'
import { openSaver } from './saving.ts'
import { openSettler, type SettlingStatus } from './settling.ts'
import { streamOrders } from './watching.ts'

export interface ShopNeeds {
  master: Master
  /** Null: products are shown, and nothing can be bought. */
  payments: Payments | null
  currency: string
  clock: Clock
  random: RandomBytes
  newId: NewId
  log: Log
  metrics: Metrics
}

export interface Shop {
  operations: Operation[]
  streams: Stream[]
  /** Settles what was left and tells of stocks, until the signal. Harmless in several processes at once. */
  run(signal: AbortSignal): Promise<void>
  status(): SettlingStatus | null
  /** See `first-shop.ts`. */
  bringFirstData(data: FirstShop): ReturnType<typeof bringFirstShop>
}

export function openShop({ master, payments, currency, clock, random, newId, log, metrics }: ShopNeeds): Shop {
  const retries = metrics.counter('rcr_shop_retries_total', 'Commits that met a master that had moved.', ['because'])
  const settler = payments && openSettler({ master, payments, clock, log, metrics })
  const following = openFollowing({ master, clock, log })
  const parts: ShopParts = { master, clock, random, newId, saver: openSaver({ master, clock, retries }), settler, currency }
  return {
    operations: [...categoryOperations(parts), ...productOperations(parts), ...orderOperations(parts)],
    streams: [streamOrders(master, following)],
    async run(signal) {
      await Promise.all([following.run(signal), settler?.run(signal)])
    },
    status: () => settler?.status() ?? null,
    bringFirstData: (data) => bringFirstShop(parts, data),
  }
}
