// Brings what is committed to a second place: the outbox, entry by entry in order, emptied of what stands there.
//
// Every process that opened the master with a second place ships all that it finds in the outbox: its own entries, and those that
// another left behind when it died. What two of them ship stands there twice, which does no harm and needs no lock.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Base, Entry, Ship, ShipOptions } from '../../ports/ship.ts'
import { openBases } from './bases.ts'
import { guarded } from './failure.ts'
import { unusable } from './folder.ts'
import { seqOf } from './keys.ts'
import { beginOutbox, refuseOther, type Shipment, trimOutbox, waitingEntries } from './outbox.ts'
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
/** A start waits so long at most for the first look at the second place, and a first base. */
const firstMs = 5000

export async function startShipping(parts: ShippingParts): Promise<Shipping> {
  const { mode, ship, clock, log } = parts
  const closing = new AbortController()
  let waking = new AbortController()
  let trouble: Refusal | null = unasked
  const meters = openMeters(parts.metrics, () => ({ behind: carrier.behind(), failing: trouble !== null }))
  const carrier = openCarrier(parts, closing.signal, meters.shipped)

  let isClosed = false
  const attempt = async (): Promise<void> => {
    if (isClosed) return
    try {
      await carrier.carry()
      if (trouble !== null && trouble !== unasked) log.info('second place in step again', { place: ship.place })
      trouble = null
    } catch (error) {
      if (closing.signal.aborted) return // what is cut off by the end is no fault
      meters.failed()
      const refusal = error instanceof Refusal ? error : new Refusal('unavailable', String(error), { code: 'ship-failed', cause: error })
      if (trouble?.message !== refusal.message) log.error('second place fails', { place: ship.place, error })
      trouble = refusal
    }
  }

  const asked = Promise.withResolvers<void>()
  const run = async (): Promise<void> => {
    let pauseMs = retryMs.first
    while (!closing.signal.aborted) {
      waking = new AbortController()
      await attempt()
      asked.resolve()
      if (trouble !== null) await clock.sleep(pauseMs, closing.signal)
      else {
        if (carrier.behind() === 0) await clock.sleep(restMs, AbortSignal.any([waking.signal, closing.signal]))
        if (mode === 'async') await clock.sleep(gatherMs, closing.signal)
      }
      pauseMs = trouble === null ? retryMs.first : Math.min(retryMs.most, pauseMs * 2)
    }
  }

  const running = run()
  await within(clock, firstMs, asked.promise)

  const close = async () => {
    closing.abort()
    await within(clock, farewellMs, running.then(attempt))
    isClosed = true
    await ship.close()
    await carrier.idle() // a copy that is being made reads what is closed next
  }
  if (isForeign(trouble)) {
    await close()
    throw trouble
  }
  return {
    admit() {
      if (trouble !== null && (mode === 'sync' || isOlder(trouble))) throw notAcknowledged(trouble)
    },
    reached(entry) {
      waking.abort()
      if (mode === 'async') return Promise.resolve()
      return entry === 0 ? Promise.reject(notAcknowledged(elsewhere)) : carrier.until(entry)
    },
    close,
  }
}

/** Until the first answer. */
const unasked = new Refusal('unavailable', 'The second place has not answered yet.', { code: 'ship-failed', retryAfterS: 1 })
/** What is committed enters the outbox no more. */
const elsewhere = new Refusal('unavailable', 'Another process has ended the second place.', { code: 'ship-elsewhere' })

/** The second place knows more than this master: whatever is done here would make two histories. */
const isOlder = (trouble: Refusal | null): boolean => trouble?.code === 'master-unusable'
/** Nothing that time heals. */
const isForeign = (trouble: Refusal | null): trouble is Refusal => isOlder(trouble) || trouble?.code === 'ship-elsewhere'

async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  await Promise.race([work, clock.sleep(ms, enough.signal)])
  enough.abort()
}

const notAcknowledged = (cause: Refusal): Refusal => {
  const { reason, code } = cause
  if (isForeign(cause))
    return new Refusal('unavailable', 'The second place belongs to another state of this master: its operators have to look.', {
      code,
      cause,
    })
  const sentence = 'The second place of the master cannot be written at the moment, and nothing is acknowledged before it stands there.'
  return new Refusal(reason === 'full' ? 'full' : 'unavailable', sentence, { code, retryAfterS: 2, cause })
}

/** Carries entries; repeated after a failure it goes on from where it was. */
function openCarrier(parts: ShippingParts, closing: AbortSignal, shipped: (count: number) => void) {
  const { store, ship, clock } = parts
  let trimmedMs = Number.NEGATIVE_INFINITY
  /** Begun once: who finds it ended does not begin again. */
  let begun: Shipment | null = null
  let prepared: Shipment | null = null
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
  const bases = openBases({ ...parts, tidy: trim, closing })

  /** The second place is looked at first: whether it is the one that it should be, and holds what is no longer in the outbox. */
  const prepare = async (): Promise<Shipment> => {
    begun ??= await guarded(store.folder, () => beginOutbox(store, ship.place))
    const { since } = begun
    refuseOther(store, begun)
    for (const key of store.outbox.getKeys({ limit: 1 })) position = seqOf(key) - 1
    const { base, dense, last, bytes } = await ship.look()
    const known = Math.max(last, base?.number ?? 0)
    if (known > newest())
      throw unusable(store.folder, `ends at entry ${newest()}, but ${ship.place} knows of entries up to ${known}. Use rcr restore.`)
    if (base === null && last === 0 && position >= since)
      throw new Refusal('unavailable', `${ship.place} is empty, and once held entries up to ${position}: not mounted?`, {
        code: 'ship-failed',
        retryAfterS: 1,
      })
    bases.found(base, bytes)
    const willDo = (one: Base | null) => one !== null && one.number >= since && Math.max(one.number, dense) >= position
    if (!willDo(base)) {
      closing.throwIfAborted()
      await bases.demand(willDo)
    }
    return begun
  }
  const arrived = (entry: number) => {
    position = Math.max(position, entry)
    for (const waiter of waiters) if (waiter.entry <= position) waiter.resolve()
    waiters = waiters.filter((waiter) => waiter.entry > position)
  }
  const append = (entries: readonly Entry[]) =>
    ship.append(entries).catch((cause: unknown) => {
      if (cause instanceof Refusal && cause.code === 'ship-moved') prepared = null
      throw cause
    })

  return {
    async carry() {
      prepared ??= await prepare()
      const shipment = prepared
      while (true) {
        const { entries, upTo } = await guarded(store.folder, () => waitingEntries(store, shipment, position))
        await append(entries)
        arrived(upTo)
        if (entries.length === 0) break
        shipped(entries.length)
        bases.grew(entries.reduce((sum, { bytes }) => sum + bytes.length, 0))
      }
      if (clock.monotonic() - trimmedMs >= trimEveryMs) await trim()
      if (!closing.aborted) bases.upkeep()
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
    idle: bases.settled,
  }
}

function openMeters(metrics: Metrics | undefined, now: () => { behind: number; failing: boolean }) {
  metrics?.gauge('rcr_ship_behind', 'Entries that the second place of the master does not hold yet.', [], () => now().behind)
  metrics?.gauge('rcr_ship_failing', '1 while the second place of the master cannot be written.', [], () => (now().failing ? 1 : 0))
  const shipped = metrics?.counter('rcr_ship_entries_total', 'Entries brought to the second place.')
  const failures = metrics?.counter('rcr_ship_failures_total', 'Attempts to bring entries to the second place that failed.')
  return { shipped: (count: number) => shipped?.inc(count), failed: () => failures?.inc() }
}
