// The tables of a store: every value proves itself and its place, and what a transaction changes is noted as it happens.
import { crc32 } from 'node:zlib'
import type { Database } from 'lmdb'
import { damaged } from './failure.ts'
import { type Effect, type Journaled, journaled } from './journal.ts'

export interface Table extends Pick<Database<Buffer, Buffer>, 'getKeys'> {
  get(key: Buffer): Buffer | undefined
  /** Whether there is a value, proven or not. */
  has(key: Buffer): boolean
  /** In steps of the caller: nothing may be written meanwhile. */
  getRange(options: { start: Buffer; limit: number }): Iterable<{ key: Buffer; value: Buffer }>
  putSync(key: Buffer, value: Buffer): void
  removeSync(key: Buffer): void
}

// LMDB keeps no checksums, and a disk gives back other bytes now and then. Four bytes end each value: CRC-32 over table, key and value.
const proofBytes = 4

const proofOf = (tableProof: number, key: Uint8Array, value: Uint8Array): number => crc32(value, crc32(key, tableProof))

export const isProven = (table: string, key: Uint8Array, sealed: Buffer): boolean => proves(crc32(table), key, sealed)

function proves(tableProof: number, key: Uint8Array, sealed: Buffer): boolean {
  const end = sealed.length - proofBytes
  return end >= 0 && sealed.readUInt32LE(end) === proofOf(tableProof, key, sealed.subarray(0, end))
}

export function openTable(database: Database<Buffer, Buffer>, name: string): Table {
  const tableProof = crc32(name)
  const open = (key: Buffer, sealed: Buffer): Buffer => {
    if (!proves(tableProof, key, sealed)) throw damaged(new Error(`an entry of ${name} is not what was written`))
    return sealed.subarray(0, -proofBytes)
  }
  return {
    get(key) {
      const sealed = database.get(key)
      return sealed && open(key, sealed)
    },
    has: (key) => database.getBinaryFast(key) !== undefined,
    getKeys: database.getKeys.bind(database),
    *getRange(options) {
      for (const { key, value } of database.getRange(options)) yield { key, value: open(key, value) }
    },
    putSync(key, value) {
      const sealed = Buffer.allocUnsafe(value.length + proofBytes)
      sealed.set(value)
      sealed.writeUInt32LE(proofOf(tableProof, key, value), value.length)
      database.putSync(key, sealed)
    },
    removeSync: (key) => void database.removeSync(key),
  }
}

/** `keeping` runs the work of a transaction, of which a process has one at a time, and says what it has changed. */
export function noting(table: (name: string) => Table) {
  let effects: Effect[] = []
  const open = (name: Journaled): Table => {
    const plain = table(name)
    return {
      ...plain,
      putSync(key, value) {
        plain.putSync(key, value)
        effects.push({ table: name, key, value })
      },
      removeSync(key) {
        plain.removeSync(key)
        effects.push({ table: name, key, value: null })
      },
    }
  }
  return {
    noted: Object.fromEntries(journaled.map((name) => [name, open(name)])) as Record<Journaled, Table>,
    keeping<T>(work: () => T): { result: T; effects: Effect[] } {
      effects = []
      const result = work()
      return { result, effects }
    },
  }
}
