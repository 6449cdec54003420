// Brings a master back from a backup, and from the entries that were shipped after it. What comes back is a master of a new epoch.
import { mkdir, open as openFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Position } from '../../domain/change.ts'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Backup, Entry, Shipped } from '../../ports/ship.ts'
import { guarded } from './failure.ts'
import { refuseDamaged } from './folder.ts'
import { decodeEffects } from './journal.ts'
import { fetchData, fetchManifest, type Manifest, manifestName } from './manifest.ts'
import { endOutbox } from './outbox.ts'
import { format, newEpoch, openStore, type Store } from './store.ts'

export interface RestoreOptions {
  /** Null: the newest base of the newest epoch that was shipped. */
  from: Backup | null
  /** Becomes the master: absent or empty. Nothing is there until all of it is. */
  to: string
  /**
   * The second place, by epoch, oldest first: its entries are newer than the backup. Asked again when something was taken away from it
   * meanwhile (`ship-pruned`): a system may be shipping to it. Null: without it.
   */
  shipped: (() => Promise<readonly Shipped[]>) | null
  clock: Clock
  random: RandomBytes
  progress: (entries: number) => void
}

export interface Restored {
  manifest: Manifest
  /** How many entries were replayed. */
  replayed: number
  position: Position
}

/** How often a place is looked at that may be in use: where something is taken away, or comes in another segment than was listed. */
const looksMost: Record<string, number> = { 'ship-pruned': 5, 'ship-gap': 2 }

export async function restoreLmdbMaster(options: RestoreOptions): Promise<Restored> {
  await refuseOccupied(options.to)
  for (let looks = 1; ; looks++) {
    try {
      return await restoreFrom((await options.shipped?.()) ?? null, options)
    } catch (cause) {
      if (!(cause instanceof Refusal) || looks >= (looksMost[cause.code] ?? 0)) throw cause
    }
  }
}

async function restoreFrom(all: readonly Shipped[] | null, options: RestoreOptions): Promise<Restored> {
  const { to } = options
  const from = options.from ?? newestBase(all ?? [])
  const making = `${to}.restoring`
  return guarded(dirname(to), async () => {
    try {
      await rm(making, { recursive: true, force: true })
      await mkdir(making, { recursive: true, mode: 0o700 })
      const manifest = await fetchManifest(from, making)
      const shipped = entriesFor(manifest, from, all)
      await fetchData(from, manifest, making)
      const restored = await bring(making, manifest, shipped, options)
      for (const name of ['lock.mdb', manifestName]) await rm(join(making, name), { force: true })
      for (const path of [join(making, 'data.mdb'), making]) await sync(path)
      await rename(making, to)
      await sync(dirname(to))
      return { manifest, ...restored }
    } catch (cause) {
      await rm(making, { recursive: true, force: true })
      throw cause
    }
  })
}

/** Of the newest epoch: what is older is another history, and would be taken for this one. */
function newestBase(shipped: readonly Shipped[]): Backup {
  const newest = shipped.findLast(({ base, hasEntries }) => base !== null || hasEntries)
  if (newest?.base) return newest.base
  throw new Refusal('missing', `There is no whole base in the second place${newest ? ` of epoch ${newest.epoch}` : ''}: name a backup.`, {
    code: 'ship-empty',
  })
}

function entriesFor({ epoch, number }: Manifest, { place }: Backup, all: readonly Shipped[] | null): Shipped | undefined {
  if (all === null) return undefined
  const shipped = all.find((one) => one.epoch === epoch)
  if (shipped === undefined)
    throw new Refusal('conflict', `Nothing was shipped of the epoch of this backup, ${epoch}.`, { code: 'ship-gap' })
  if (number === 0)
    throw new Refusal('conflict', `${place} was made before this master was shipped, so no entries can follow it.`, { code: 'ship-gap' })
  return shipped
}

async function refuseOccupied(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)))
  if (names.length === 0) return
  throw new Refusal('conflict', `${folder} is not empty. Move the master that lies there away first: nothing is overwritten.`, {
    code: 'occupied',
  })
}

async function bring(
  folder: string,
  { epoch, number }: Manifest,
  shipped: Shipped | undefined,
  { clock, random, progress }: RestoreOptions,
) {
  refuseDamaged(folder, format)
  const store = await openStore({ folder, nowMs: clock.now(), random, mapSizeBytes: 2 ** 36 })
  try {
    // Before anything large: where nothing was freed yet, as in a compacted copy, LMDB (lmdb-js 3.5.6) reads beyond a page in a first commit
    // that frees some 250 pages or more, and the process ends.
    const fresh = epochAfter(epoch, clock.now(), random)
    store.env.transactionSync(() => store.meta.putSync(Buffer.from('epoch'), Buffer.from(fresh)))
    await endOutbox(store)
    let replayed = 0
    for await (const batch of inBatches(shipped?.entries(number) ?? [])) {
      await store.transact(() => {
        for (const entry of batch) replay(store, entry)
      })
      replayed += batch.length
      progress(replayed)
    }
    return { replayed, position: { epoch: fresh, seq: store.lastSeq() } }
  } finally {
    await store.env.close()
  }
}

const batchMaxBytes = 1024 * 1024

async function* inBatches(entries: AsyncIterable<Entry> | Iterable<Entry>): AsyncGenerator<Entry[]> {
  let batch: Entry[] = []
  let bytes = 0
  for await (const entry of entries) {
    batch.push(entry)
    bytes += entry.bytes.length
    if (bytes < batchMaxBytes) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

function replay(store: Store, { bytes }: Entry): void {
  for (const { table, key, value } of decodeEffects(bytes, () => undefined)) {
    if (value === null) store[table].removeSync(Buffer.from(key))
    else store[table].putSync(Buffer.from(key), Buffer.from(value))
  }
}

/** Later than the epoch that it follows, whatever the clock of this machine says. */
function epochAfter(old: string, nowMs: number, random: RandomBytes): string {
  const [, year, month, day, hour, minute, second, ms] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(old) ?? []
  const oldMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  return newEpoch(Number.isNaN(oldMs) ? nowMs : Math.max(nowMs, oldMs + 1), random)
}

async function sync(path: string): Promise<void> {
  const file = await openFile(path, 'r')
  await file.sync().finally(() => file.close())
}
