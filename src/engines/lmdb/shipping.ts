// Brings what is committed to a second place: the outbox, entry by entry in order, emptied of what stands there.
//
// Every process that opened the master with a second place ships all that it finds in the outbox: its own entries, and those that
// another left behind when it died. What two of them ship stands there twice, which does no harm and needs no lock.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Ship, ShipOptions } from '../../ports/ship.ts'
import { type Bases, openBases } from './bases.ts'
import { guarded } from './failure.ts'
import { unusable } from './folder.ts'
import { seqOf } from './keys.ts'
import { beginOutbox, trimOutbox, waitingEntries } from './outbox.ts'
import type { Store } from './store.ts'

export interface Shipping {
  /** Throws when it is known already that nothing can be acknowledged (`sync`). */
  admit(): void
  /** Something was committed. Resolves, with `sync`, when the second place holds this entry; else at once. */
  reached(entry: number): Promise<void>
  /** Ships what is left if that can be done within a moment. */
  close(): Promise<void>
}

export interface ShippingParts {
  store: Store
  mode: ShipOptions['mode']
  ship: Ship
  clock: Clock
  log: Log
  metrics?: Metrics | undefined
}

/** With `async` entries of so long are synced together, so the second place is behind by this and the time of one append. */
const gatherMs = 200
/** Entries of a process that died are looked for so often. */
const restMs = 1000
const retryMs = { first: 100, most: 2000 }
/** Emptying the outbox is a transaction with a sync of its own. */
const trimEveryMs = 1000
const farewellMs = 2000

export async function startShipping(parts: ShippingParts): Promise<Shipping> {
  const { mode, ship, clock, log } = parts
  const closing = new AbortController()
  let waking = new AbortController()
  let trouble: Refusal | null = null
  const meters = openMeters(parts.metrics, () => ({ behind: carrier.behind(), failing: trouble !== null }))
  const carrier = openCarrier(parts, meters.shipped)

  const attempt = async (): Promise<void> => {
    try {
      await carrier.carry()
      if (trouble !== null) log.info('second place in step again', { place: ship.place })
      trouble = null
    } catch (error) {
      meters.failed()
      const refusal = error instanceof Refusal ? error : new Refusal('unavailable', String(error), { code: 'ship-failed', cause: error })
      if (trouble?.code !== refusal.code) log.error('second place fails', { place: ship.place, error })
      trouble = refusal
    }
  }

  const run = async (): Promise<void> => {
    let pauseMs = retryMs.first
    while (!closing.signal.aborted) {
      waking = new AbortController()
      await attempt()
      if (trouble !== null) await clock.sleep(pauseMs, closing.signal)
      else {
        if (carrier.behind() === 0) await clock.sleep(restMs, AbortSignal.any([waking.signal, closing.signal]))
        if (mode === 'async') await clock.sleep(gatherMs, closing.signal)
      }
      pauseMs = trouble === null ? retryMs.first : Math.min(retryMs.most, pauseMs * 2)
    }
  }

  await attempt()
  if (isOlderCopy(trouble)) throw trouble
  const running = run()

  return {
    admit() {
      if (mode === 'sync' && trouble !== null) throw notAcknowledged(trouble)
    },
    reached(entry) {
      waking.abort()
      return mode === 'sync' ? carrier.until(entry) : Promise.resolve()
    },
    async close() {
      closing.abort()
      await running
      const enough = new AbortController()
      await Promise.race([attempt(), clock.sleep(farewellMs, enough.signal)])
      enough.abort()
      await carrier.idle()
      await ship.close()
    },
  }
}

const notAcknowledged = (trouble: Refusal): Refusal =>
  new Refusal(
    trouble.reason === 'full' ? 'full' : 'unavailable',
    'The second place of the master cannot be written at the moment, and nothing is acknowledged before it stands there.',
    {
      code: trouble.code,
      retryAfterS: 2,
      cause: trouble,
    },
  )

const isOlderCopy = (trouble: Refusal | null): trouble is Refusal => trouble?.code === 'master-unusable'

/** Carries entries; repeated after a failure it goes on from where it was. */
function openCarrier(parts: ShippingParts, shipped: (count: number) => void) {
  const { store, ship, clock } = parts
  let trimmedMs = Number.NEGATIVE_INFINITY
  let bases: Bases | null = null
  let position = 0
  let waiters: { entry: number; resolve: () => void }[] = []
  const newest = (): number => {
    store.refresh()
    return store.lastEntry()
  }

  const trim = async (): Promise<void> => {
    trimmedMs = clock.monotonic()
    await guarded(store.folder, () => trimOutbox(store, position))
  }

  /** The second place is looked at first: one that knows more than this master shows that this is an older copy of it. */
  const prepare = async (): Promise<Bases> => {
    const since = await guarded(store.folder, () => beginOutbox(store))
    const [base, { last, bytes }] = await Promise.all([ship.base(), ship.entries()])
    if (last > newest())
      throw unusable(store.folder, `ends at entry ${newest()}, but ${ship.place} holds its entries up to ${last}. Use rcr restore.`)
    for (const key of store.outbox.getKeys({ limit: 1 })) position = seqOf(key) - 1
    const prepared = openBases({ ...parts, tidy: trim }, base, bytes)
    if (base === null || base.number < since) await prepared.renew()
    return prepared
  }
  const arrived = (entry: number) => {
    position = Math.max(position, entry)
    for (const waiter of waiters) if (waiter.entry <= position) waiter.resolve()
    waiters = waiters.filter((waiter) => waiter.entry > position)
  }

  return {
    async carry() {
      bases ??= await prepare()
      while (true) {
        const { entries, upTo } = await guarded(store.folder, () => waitingEntries(store, position))
        await ship.append(entries)
        arrived(upTo)
        if (entries.length === 0) break
        shipped(entries.length)
        bases.grew(entries.reduce((sum, { bytes }) => sum + bytes.length, 0))
      }
      if (clock.monotonic() - trimmedMs >= trimEveryMs) await trim()
      bases.renewWhenDue()
    },
    behind: () => {
      try {
        return Math.max(0, newest() - position)
      } catch {
        return 0 // of a master that is lost or closed nothing can be said
      }
    },
    until: (entry: number): Promise<void> =>
      entry <= position ? Promise.resolve() : new Promise((resolve) => waiters.push({ entry, resolve })),
    idle: async () => bases?.settled(),
  }
}

function openMeters(metrics: Metrics | undefined, now: () => { behind: number; failing: boolean }) {
  metrics?.gauge('rcr_ship_behind', 'Entries that the second place of the master does not hold yet.', [], () => now().behind)
  metrics?.gauge('rcr_ship_failing', '1 while the second place of the master cannot be written.', [], () => (now().failing ? 1 : 0))
  const shipped = metrics?.counter('rcr_ship_entries_total', 'Entries brought to the second place.')
  const failures = metrics?.counter('rcr_ship_failures_total', 'Attempts to bring entries to the second place that failed.')
  return { shipped: (count: number) => shipped?.inc(count), failed: () => failures?.inc() }
}
