// The base of a second place: when it is made anew, and making it beside the shipping.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import { ended, underLock } from '../../kit/flock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
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
  /**
   * A new base when one is due, and what the newest makes superfluous goes: beside the shipping, and not twice at once. A failure is told
   * and tried again later: the old base still serves.
   */
  upkeep(): void
  settled(): Promise<void>
}

// So what was erased is gone from the second place within a day, and a restoration replays no more than this.
const baseMaxAgeMs = 24 * 3_600_000
const entriesMinBytes = 256 * 1024 * 1024
const retryMs = 60_000

export function openBases({ store, ship, clock, log, tidy }: BaseParts, found: Base | null, entriesBytes: number): Bases {
  let base = found
  let bytesAfter = entriesBytes
  let isPruned = true
  let notBeforeMs = 0
  let making: Promise<void> | null = null

  /** A clock that was wrong may have dated it in the future. */
  const isOld = ({ at }: Base) => Math.abs(clock.now() - Date.parse(at)) >= baseMaxAgeMs
  const isDue = () => base === null || isOld(base) || bytesAfter > Math.max(entriesMinBytes, base.bytes)

  const renew = () =>
    alone(store, async () => {
      await tidy()
      const { size: bytes } = await stat(join(store.folder, 'data.mdb'))
      base = await ship.keepBase({ copy: (folder) => backup(store, folder, clock), bytes })
      bytesAfter = 0
      isPruned = false
      log.info('second place has a new base', { place: ship.place, bytes: base.bytes, entry: base.number })
    })
  const renewUnlessOthersDid = async () => {
    const standing = await ship.base()
    if (standing !== null && standing.at !== base?.at) [base, bytesAfter, isPruned] = [standing, 0, false]
    if (isDue()) await renew()
  }
  const prune = async () => {
    await ship.prune()
    isPruned = true
  }
  const told = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.error('second place could not be given a new base, or not be pruned', { place: ship.place, error }))
  const keep = (work: () => Promise<void>): Promise<void> => {
    const mine = work().finally(() => {
      if (making === mine) making = null
    })
    making = mine
    return mine
  }
  return {
    grew: (more) => {
      bytesAfter += more
    },
    renew: () => keep(renew),
    upkeep() {
      if (making !== null || clock.now() < notBeforeMs || !(isDue() || !isPruned)) return
      notBeforeMs = clock.now() + retryMs
      void keep(() =>
        told(
          (async () => {
            if (isDue()) await renewUnlessOthersDid()
            if (!isPruned) await prune()
          })(),
        ),
      )
    },
    settled: async () => {
      await making?.catch(() => {})
    },
  }
}

/** Copies of several processes would only take each other's room, and all but one be thrown away. Without `flock` (macOS) they do. */
async function alone(store: Store, work: () => Promise<void>): Promise<void> {
  const held = await underLock(`${store.folder}.base-lock`, ['sh', '-c', 'echo held; read -r end'])
  if (held === 'taken')
    throw new Refusal('unavailable', 'Another process is making a base of the second place.', { code: 'ship-failed', retryAfterS: 1 })
  try {
    await work()
  } finally {
    if (typeof held === 'object') await ended(held, '\n')
  }
}
