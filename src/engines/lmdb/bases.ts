// The base of a second place: when it is made anew, and making it beside the shipping.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Base, Ship } from '../../ports/ship.ts'
import { backup } from './backup.ts'
import type { Store } from './store.ts'

interface BaseParts {
  store: Store
  ship: Ship
  clock: Clock
  log: Log
  /** Empties the outbox, so that no copy of what was erased since travels in it. */
  tidy: () => Promise<void>
}

export interface Bases {
  /** Entries of so many bytes have come. */
  grew(bytes: number): void
  renew(): Promise<void>
  /** Beside the shipping, and not twice at once. A failure is told and tried again later: the old base still serves. */
  renewWhenDue(): void
  settled(): Promise<void>
}

// So what was erased is gone from the second place within a day, and a restoration replays no more than this.
const baseMaxAgeMs = 24 * 3_600_000
const entriesMinBytes = 256 * 1024 * 1024
const baseRetryMs = 60_000

export function openBases({ store, ship, clock, log, tidy }: BaseParts, found: Base | null, entriesBytes: number): Bases {
  let base = found
  let bytesAfter = entriesBytes
  let notBeforeMs = 0
  let making: Promise<void> | null = null

  const isDue = () =>
    base === null || clock.now() - Date.parse(base.at) >= baseMaxAgeMs || bytesAfter > Math.max(entriesMinBytes, base.bytes)

  const renew = async () => {
    await tidy()
    base = await ship.keepBase((folder) => backup(store, folder, clock))
    bytesAfter = 0
    log.info('second place has a new base', { place: ship.place, bytes: base.bytes, entry: base.number })
  }
  const renewUnlessOthersDid = async () => {
    const standing = await ship.base()
    if (standing !== null && standing.at !== base?.at) [base, bytesAfter] = [standing, 0]
    if (isDue()) await renew()
  }
  return {
    grew: (more) => {
      bytesAfter += more
    },
    renew,
    renewWhenDue() {
      if (!isDue() || making !== null || clock.now() < notBeforeMs) return
      notBeforeMs = clock.now() + baseRetryMs
      making = renewUnlessOthersDid()
        .catch((error: unknown) => log.error('second place could not be given a new base', { place: ship.place, error }))
        .finally(() => {
          making = null
        })
    },
    settled: async () => {
      await making
    },
  }
}
