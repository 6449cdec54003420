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
//   meta       format, epoch
import { type Database, open, type RootDatabase } from 'lmdb'
import type { RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import { guarded } from './failure.ts'
import { inspect, inspectPages, unusable } from './folder.ts'
import { seqOf } from './keys.ts'

export type Table = Database<Buffer, Buffer>

const tables = ['log', 'documents', 'versions', 'places', 'claims', 'counters', 'repeats', 'expiry', 'meta'] as const
type Tables = Record<(typeof tables)[number], Table>

export interface Store extends Tables {
  env: RootDatabase<Buffer, Buffer>
  folder: string
  epoch: string
  /** The newest seq; 0 in an empty log. Inside a transaction the transaction's own. */
  lastSeq(): number
  /** Reads from here on see every commit that any process was acknowledged. */
  refresh(): void
}

export const binary = { encoding: 'binary', keyEncoding: 'binary' } as const

// Password hashes and signing keys lie here. lmdb-js knows the option, its types do not.
const ownersOnly = { permissionsMode: 0o600 }

/** What `folder` holds is written in this format. A change that older code cannot read or must not write raises it. */
const format = 1

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
      maxDbs: tables.length + 3,
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
    inspectPages(folder)
  } finally {
    snapshot.done()
  }
  const names = [...env.getKeys({})].map((name) => Buffer.from(name).toString().replace(/\0$/, ''))
  if (names.length > 0 && !names.includes('meta')) throw unusable(folder, 'holds the data of another program. Name an empty folder.')
  const table = (name: string): Table => env.openDB({ ...binary, name })
  const meta = table('meta')
  const found = env.transactionSync(() => settle(meta, nowMs, random))
  if (found.format !== format)
    throw unusable(folder, `is written in format ${found.format}, and this program knows format ${format}. Start the newer program.`)
  const store = Object.fromEntries(tables.map((name) => [name, table(name)])) as Tables
  return {
    ...store,
    env,
    folder,
    epoch: found.epoch,
    lastSeq: () => {
      for (const key of store.log.getKeys({ reverse: true, limit: 1 })) return seqOf(key)
      return 0
    },
    refresh: () => env.resetReadTxn(),
  }
}

/** Reads what the folder says of itself; a new one is given its epoch. Two processes that create at once agree here. */
function settle(meta: Table, nowMs: number, random: RandomBytes): { format: number; epoch: string } {
  const entry = (name: string) => Buffer.from(name)
  const epoch = meta.get(entry('epoch'))
  if (epoch !== undefined) return { format: Number(meta.get(entry('format'))), epoch: epoch.toString() }
  const fresh = newEpoch(nowMs, random)
  meta.put(entry('epoch'), Buffer.from(fresh))
  meta.put(entry('format'), Buffer.from(String(format)))
  return { format, epoch: fresh }
}

/** Ordered as text by time, unique by chance: `20261121T100000000Z-5f0c3a9b17e2`. */
function newEpoch(nowMs: number, random: RandomBytes): string {
  return `${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}-${Buffer.from(random(6)).toString('hex')}`
}
