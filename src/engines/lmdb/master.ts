// The master on LMDB: one environment in a folder of a local disk, shared by the processes of one machine. A commit is
// acknowledged after fdatasync of its pages and the write of the page that tells of it through a descriptor opened O_DSYNC (strace).
//
// Measured 2026-11-21 on two shared cores, reviews of 6 kB, beside bare transactions of LMDB that put the same bytes once:
//   one at a time   create with slug and idempotency key 900/s (0.6 of the bare 1,550/s), new version 1,150/s (0.75); p50 1 ms
//   32 at a time    create 4,800/s, new version 7,500/s; p50 6 and 4 ms, p99 14 ms
//   reads           47,000/s; feed 50,000 changes/s
import { type Clock, type RandomBytes, systemClock } from '../../kit/clock.ts'
import { type Log, silentLog } from '../../kit/log.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import { watcher } from '../../kit/watch.ts'
import type { Documents, Kind, Master, PrivateKind } from '../../ports/master.ts'
import type { ShipOptions } from '../../ports/ship.ts'
import { backup } from './backup.ts'
import { committer, counterAt, repeatAt } from './commit.ts'
import { nameMaxBytes } from './draft.ts'
import { guarded, isPanic } from './failure.ts'
import { checked, checkedId, keyOf, partsOf, seqOf, versionPart, within } from './keys.ts'
import { endOutbox } from './outbox.ts'
import { feed, history, list } from './pages.ts'
import { type Patience, patience } from './patience.ts'
import { documentOf, headOf, recentAt } from './records.ts'
import { type Shipping, type ShippingParts, startShipping } from './shipping.ts'
import { openStore, type Store } from './store.ts'
import { sweep } from './sweep.ts'

interface LmdbMasterOptions {
  /** Made when absent. Of a local disk: LMDB's locks do not work over a network. */
  folder: string
  clock: Clock
  random: RandomBytes
  log?: Log
  /** Address space, not disk; grows when it must. */
  mapSizeBytes?: number
  /** A second place. `off` ends an earlier one; null refuses a master that has one. */
  ship?: ShipOptions | 'off' | null
  metrics?: Metrics
  /** For what disks take, which no other clock knows. */
  diskClock?: Clock
}

export async function openLmdbMaster({
  folder,
  clock,
  random,
  log = silentLog,
  mapSizeBytes = 2 ** 36,
  ship = null,
  metrics,
  diskClock = systemClock,
}: LmdbMasterOptions): Promise<Master> {
  const store = await openStore({ folder, nowMs: clock.now(), random, mapSizeBytes })
  const shipping = await shipped(store, ship, { clock: diskClock, log, metrics }).catch(async (error: unknown) => {
    await store.env.close()
    throw error
  })
  log.info('master opened', { engine: 'lmdb', folder, epoch: store.epoch, seq: store.lastSeq() })
  let closing: Promise<void> | undefined
  const open = (): Store => {
    if (closing !== undefined) throw new Refusal('unavailable', 'The master is closed.')
    return store
  }
  const commit = committer(store, clock)
  const patient = patience(diskClock, () => hasGivenUp(store))
  // LMDB tells no other process that it has changed. A look is one at the last key, some 30 µs with the new snapshot.
  const newest = () => {
    open().refresh()
    return store.lastSeq()
  }
  const watch = watcher({ clock, newest, shortestMs: 1, longestMs: 50 })
  // One look at the newest snapshot: nothing between the reads of `look` can change what they see.
  const fresh = <T>(look: (nowMs: number) => T): Promise<T> =>
    guarded(folder, () => {
      open().refresh()
      return look(clock.now())
    })

  return {
    async commit(wanted) {
      open()
      shipping?.admit()
      return patient.within(async (stored) => {
        const { result: outcome, entry } = await commit(wanted)
        stored()
        // In the next turn of the loop: the answer goes before what follows the log.
        if (outcome.committed) setImmediate(watch.reached, outcome.position.seq)
        await shipping?.reached(entry)
        return outcome
      })
    },
    read: (kind, id) => fresh((nowMs) => documentIn(store, kind, id, nowMs)),
    versionOf: (kind, id) => fresh((nowMs) => headOf(store, kind, id, nowMs)?.version ?? 0),
    list: (index, partition, page) => fresh((nowMs) => list(store, index, partition, page, nowMs) as never),
    owner: (claim) => fresh(() => store.claims.get(keyOf(checked(claim, nameMaxBytes)))?.toString() ?? null),
    counter: (name) => fresh(() => counterAt(store, checked(name, nameMaxBytes))),
    async idempotency(key) {
      const { found, entry } = await fresh((nowMs) => ({
        found: repeatAt(store, checked(key, nameMaxBytes), nowMs) ?? null,
        entry: store.lastEntry(),
      }))
      // Telling it acknowledges what it records.
      if (found !== null && shipping !== null) {
        shipping.admit()
        await patient.within(async (stored) => [stored(), await shipping.reached(entry)])
      }
      return found
    },
    history: (kind, id, page) => fresh(() => history(store, kind, id, page) as never),
    change: (kind, id, version) =>
      fresh(() => {
        const seq = store.versions.get(keyOf(kind, checkedId(id), versionPart(version)))
        return seq === undefined ? null : (recentAt(store, seqOf(seq)) as never)
      }),
    head: () => fresh(() => ({ epoch: store.epoch, seq: store.lastSeq() })),
    feed: (after, limit) => fresh(() => feed(store, after, limit)),
    wait: watch.wait,
    privates: (kind) => privates(fresh, store, kind),
    lost: patient.lost,
    async backup(target) {
      const { epoch, seq } = await backup(open(), target, clock, { thorough: true })
      return { epoch, seq }
    },
    sweep: async (now) => sweep(open(), now),
    close() {
      watch.close()
      closing ??= close(store, patient, shipping, diskClock)
      return closing
    },
  }
}

async function shipped(store: Store, ship: LmdbMasterOptions['ship'], around: Omit<ShippingParts, 'store' | 'ship' | 'mode'>) {
  if (ship === 'off') await endOutbox(store)
  else if (ship) return startShipping({ ...around, store, mode: ship.mode, ship: ship.ship(store.epoch) })
  else if (store.lastEntry() > 0)
    throw new Refusal(
      'conflict',
      'This master has a second place. Set RCR_SHIP as it was; to go on without, stop every process and start one with RCR_SHIP=off.',
      {
        code: 'ship-needed',
      },
    )
  return null
}

function hasGivenUp(store: Store): boolean {
  try {
    store.refresh()
    return false
  } catch (thrown) {
    return isPanic(thrown)
  }
}

/** After the commits that are under way. What never ends is not waited for. */
async function close(store: Store, patient: Patience, shipping: Shipping | null, clock: Clock): Promise<void> {
  await patient.quiet()
  await shipping?.close()
  if (patient.isLost()) return
  const enough = new AbortController()
  await Promise.race([store.env.close(), clock.sleep(closeMaxMs, enough.signal)])
  enough.abort()
}
const closeMaxMs = 5000

function documentIn<K extends Kind>(store: Store, kind: K, id: string, nowMs: number): Documents[K] | null {
  const head = headOf(store, kind, id, nowMs)
  return head === undefined ? null : (documentOf(store, id, head) as Documents[K] | null)
}

/** In steps, so that no snapshot is held (its pages could not be used again) while the caller takes its time. */
async function* privates<K extends PrivateKind>(
  fresh: <T>(look: (nowMs: number) => T) => Promise<T>,
  store: Store,
  kind: K,
): AsyncIterable<Documents[K]> {
  const atOnce = 200
  let { start, end } = within(kind)
  while (true) {
    const step = await fresh((nowMs) => {
      const keys = [...store.documents.getKeys({ start, end, limit: atOnce, exclusiveStart: true })]
      return { keys, documents: keys.map((key) => documentIn(store, kind, partsOf(key)[1] ?? '', nowMs)) }
    })
    for (const document of step.documents) if (document !== null) yield document
    const last = step.keys[atOnce - 1]
    if (last === undefined) return
    start = last
  }
}
