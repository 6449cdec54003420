// The base of a second place: when it is made anew, and making it beside the shipping.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import { ended, underLock } from '../../kit/flock.ts'
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
  /** Nobody waits for a base any more. */
  closing: AbortSignal
}

type WillDo = (base: Base | null) => boolean

export interface Bases {
  /** The second place as it is, with entries of so many bytes. */
  found(base: Base | null, entriesBytes: number): void
  /** Entries of so many bytes have come. */
  grew(bytes: number): void
  /** Resolves when there is one that will do, of whichever process. */
  demand(willDo: WillDo): Promise<void>
  /**
   * A new base when one is due, and what the newest makes superfluous goes: beside the shipping, and not twice at once. A failure is told
   * and tried again later: the old base still serves.
   */
  upkeep(): void
  /** Nothing is copied any more. */
  settled(): Promise<void>
}

// So what was erased is gone from the second place within a day, and a restoration replays no more than this.
const mostAgeMs = 24 * 3_600_000
const entriesMinBytes = 256 * 1024 * 1024
const retryMs = 60_000
/** A clock that was wrong may have dated a base in the future. */
const skewMs = 3_600_000

export function openBases({ store, ship, clock, log, tidy, closing }: BaseParts): Bases {
  let base: Base | null = null
  let bytesAfter = 0
  let isPruned = false
  let notBeforeMs = Number.NEGATIVE_INFINITY
  let making: Promise<void> = Promise.resolve()
  let isMaking = false

  const isOld = ({ at }: Base) => {
    const ageMs = clock.now() - Date.parse(at)
    return ageMs >= mostAgeMs || ageMs < -skewMs
  }
  const isDue = () => base === null || isOld(base) || bytesAfter > Math.max(entriesMinBytes, base.bytes)
  const take = (standing: Base | null) => {
    base = standing
    bytesAfter = 0
    isPruned = false
  }

  /** False while another process makes one. */
  const renew = (willDo: WillDo): Promise<boolean> =>
    underBaseLock(store, async (isAlone) => {
      const standing = await ship.base()
      if (willDo(standing)) return take(standing)
      await tidy()
      const { size: bytes } = await stat(join(store.folder, 'data.mdb'))
      const fresh = await ship.keepBase({ copy: (folder) => backup(store, folder, clock), bytes, isAlone })
      take(fresh)
      log.info('second place has a new base', { place: ship.place, bytes: fresh.bytes, entry: fresh.number })
    })
  const isOfOthers: WillDo = (standing) => standing !== null && standing.at !== base?.at && !isOld(standing)
  const keepUp = async (): Promise<void> => {
    const rest = () => {
      notBeforeMs = clock.monotonic() + retryMs
    }
    try {
      if (isDue() && !(await renew(isOfOthers))) return rest()
      if (!isPruned) await ship.prune()
      isPruned = true
    } catch (error) {
      rest()
      if (!closing.aborted) log.error('second place could not be given a new base, or not be pruned', { place: ship.place, error })
    }
  }
  const alone = (work: () => Promise<void>): Promise<void> => {
    isMaking = true
    making = work().finally(() => {
      isMaking = false
    })
    return making
  }

  return {
    found(standing, entriesBytes) {
      base = standing
      bytesAfter = entriesBytes
    },
    grew(more) {
      bytesAfter += more
    },
    async demand(willDo) {
      await making.catch(() => {})
      await alone(async () => {
        while (!(await renew(willDo))) closing.throwIfAborted()
      })
    },
    upkeep() {
      if (isMaking || clock.monotonic() < notBeforeMs || !(isDue() || !isPruned)) return
      void alone(keepUp)
    },
    settled: () => making.catch(() => {}),
  }
}

/**
 * Copies of several processes would only take each other's room, and all but one be thrown away. False when another one has the lock for
 * a second. Where there is no `flock` (macOS, some file systems) the work goes on, and is told that it may not be alone.
 */
async function underBaseLock(store: Store, work: (isAlone: boolean) => Promise<void>): Promise<boolean> {
  const held = await underLock(`${store.folder}.base-lock`, ['sh', '-c', 'echo held; read -r end'])
  if (held === 'taken') return false
  try {
    await work(typeof held === 'object')
    return true
  } finally {
    if (typeof held === 'object') await ended(held, '\n')
  }
}
