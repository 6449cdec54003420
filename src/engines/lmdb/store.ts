// One LMDB environment with its named databases: opened with care, refused when it is not ours, damaged or newer.
//
//   log        seq                            → entry: { at, by, kind, id, version, createdAt, document }
//   documents  kind, id                       → head: { version, createdAt, seq, … } or, for private kinds, the whole document
//   versions   kind, id, version              → seq
//   places     index, partition, sort, id     → kind
//   claims     name                           → owner
//   counters   name                           → number
//   repeats    idempotency key                → record with position
//   expiry     time, kind or `repeat`, id     → nothing: what `sweep` walks
//   outbox     number                         → entry, see `journal.ts`: what a second place does not hold yet, and the newest
//   meta       format, epoch; of a shipped master since which entry and to where, of one that was shipped up to which
import { type Database, open, type RootDatabase } from 'lmdb'
import type { RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import { guarded } from './failure.ts'
import { inspect, inspectPages, unusable } from './folder.ts'
import { encodeEffects, journaled } from './journal.ts'
import { seqKey, seqOf } from './keys.ts'
import { openRecent, type Recent } from './recent.ts'
import { noting, openTable, type Table } from './tables.ts'

const tables = [...journaled, 'outbox', 'meta'] as const

export interface Store extends Record<(typeof tables)[number], Table> {
  env: RootDatabase<Buffer, Buffer>
  /** For changes that are read in a snapshot, not in a transaction, which may come to nothing. */
  recent: Recent
  folder: string
  epoch: string
  /** The newest seq; 0 in an empty log. Inside a transaction the transaction's own. */
  lastSeq(): number
  /** The number of the newest entry; 0 when this master is not shipped. */
  lastEntry(): number
  /**
   * Reads from here on see every commit that any process was acknowledged. Once for all that is read before the next event or promise
   * gets its turn, in which nobody can have heard of another commit: each new snapshot costs lmdb-js a timer.
   */
  refresh(): void
  /**
   * All or nothing, and on stable storage when it resolves. Of a shipped master what it changes becomes an entry.
   * A throw in an asynchronous transaction of lmdb-js keeps what was already put; one in a child transaction takes it back,
   * so each is a child of the group that the library syncs together.
   */
  transact<T>(work: () => T): Promise<{ result: T; entry: number }>
}

export const binary = { encoding: 'binary', keyEncoding: 'binary' } as const

// Password hashes and signing keys lie here. lmdb-js knows the option, its types do not.
const ownersOnly = { permissionsMode: 0o600 }

/**
 * What `folder` holds is written in this format. A change that older code cannot read or must not write raises it.
 * 2: values that prove themselves, and the outbox.
 */
export const format = 2

interface StoreOptions {
  folder: string
  /** The epoch of a new master begins with this time, so that epochs are ordered. */
  nowMs: number
  random: RandomBytes
  mapSizeBytes: number
}

export async function openStore(options: StoreOptions): Promise<Store> {
  const { folder, mapSizeBytes } = options
  await inspect(folder)
  const env = await guarded(folder, () =>
    open<Buffer, Buffer>({
      ...binary,
      ...ownersOnly,
      path: folder,
      noSubdir: false,
      maxDbs: tables.length + 2,
      mapSize: mapSizeBytes,
      overlappingSync: false, // an acknowledgement comes after the sync, not before
      // With it, a group that cannot be written leaves a rejected promise of the library's own that nobody can catch.
      eventTurnBatching: false,
    }),
  )
  try {
    return await guarded(folder, () => assemble(env, options))
  } catch (cause) {
    await env.close()
    throw cause instanceof Refusal && cause.code === 'master-damaged'
      ? unusable(folder, 'is damaged. Restore a backup into an empty folder.', cause)
      : cause
  }
}

function assemble(env: RootDatabase<Buffer, Buffer>, { folder, nowMs, random }: StoreOptions): Store {
  const snapshot = env.useReadTransaction()
  try {
    inspectPages(folder, format)
  } finally {
    snapshot.done()
  }
  const names = [...env.getKeys({})].map((name) => Buffer.from(name).toString().replace(/\0$/, ''))
  if (names.length > 0 && !names.includes('meta')) throw unusable(folder, 'holds the data of another program. Name an empty folder.')
  const database = (name: string): Database<Buffer, Buffer> => env.openDB({ ...binary, name })
  const table = (name: string): Table => openTable(database(name), name)
  const rawMeta = database('meta')
  const meta = openTable(rawMeta, 'meta')
  const found = env.transactionSync(() => settle(rawMeta, meta, nowMs, random))
  if (found.format !== format)
    throw unusable(
      folder,
      `is written in format ${found.format}, and this program knows format ${format}. Start the program that wrote it.`,
    )
  const outbox = table('outbox')
  const { noted, keeping } = noting(table)
  const last = (table: Table): number => {
    for (const key of table.getKeys({ reverse: true, limit: 1 })) return seqOf(key)
    return 0
  }
  const lastSeq = endOf(noted.log, () => last(noted.log))
  const lastEntry = () => (meta.has(shippedSince) ? last(outbox) : 0)
  let isFresh = false
  const age = () => {
    isFresh = false
  }
  return {
    ...noted,
    outbox,
    meta,
    env,
    recent: openRecent(),
    folder,
    epoch: found.epoch,
    lastSeq,
    lastEntry,
    refresh: () => {
      if (isFresh) return
      env.resetReadTxn()
      // After LMDB has given up on a file, ranges come back empty, whereas this throws.
      rawMeta.getBinaryFast(formatKey)
      isFresh = true
      queueMicrotask(age)
    },
    transact: (work) =>
      env.childTransaction(() => {
        const before = lastEntry()
        const { result, effects } = keeping(work)
        if (before === 0 || effects.length === 0) return { result, entry: before }
        outbox.putSync(seqKey(before + 1), encodeEffects(effects, { inOutbox: true }))
        return { result, entry: before + 1 }
      }),
  }
}

/**
 * The end of the log, found from where it was: its numbers are dense, so where one is and the next is not, there it ends. A cursor for
 * the last key of a tree costs lmdb-js ten times as much. `search` finds it from nothing.
 */
function endOf(log: Table, search: () => number): () => number {
  let known = 0
  return () => {
    const from = known
    if (from === 0 || !log.has(seqKey(from))) known = search()
    else while (log.has(seqKey(known + 1))) if (++known - from === stepsMax) known = search()
    return known
  }
}
const stepsMax = 8

const entry = (name: string) => Buffer.from(name)
const formatKey = entry('format')
/** Of a shipped master: the entry since when. */
export const shippedSince = entry('shipped since')

/** Reads what the folder says of itself; a new one is given its epoch. Two processes that create at once agree here. */
function settle(raw: Database<Buffer, Buffer>, meta: Table, nowMs: number, random: RandomBytes): { format: number; epoch: string } {
  const found = raw.get(formatKey) // as it is, to be read whatever the format
  if (found !== undefined && Number(found) !== format) return { format: Number(found), epoch: '' }
  const standing = meta.get(entry('epoch'))?.toString()
  if (standing !== undefined) return { format, epoch: standing }
  const epoch = newEpoch(nowMs, random)
  meta.putSync(entry('epoch'), Buffer.from(epoch))
  raw.putSync(formatKey, Buffer.from(String(format)))
  return { format, epoch }
}

/** Ordered as text by time, unique by chance: `20261121T100000000Z-5f0c3a9b17e2`. */
export function newEpoch(nowMs: number, random: RandomBytes): string {
  return `${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}-${Buffer.from(random(6)).toString('hex')}`
}
