// What a transaction changes, as an entry that can be applied again: kept in the `outbox` of a shipped master until it stands in
// the second place. The newest entry always stays, so that numbers go on from it.
//
//   entry: table 1 · what 1 (0 removed, 1 put, 2 put and to be found in the log) · length of the key 2 · of the value 4 · key · value
import { damaged } from './failure.ts'
import { seqOf } from './keys.ts'

/** Their order is part of the format. */
export const journaled = ['log', 'documents', 'versions', 'places', 'claims', 'counters', 'repeats', 'expiry'] as const
export type Journaled = (typeof journaled)[number]

export interface Effect {
  table: Journaled
  key: Uint8Array
  /** Null: removed. */
  value: Uint8Array | null
}

const removed = 0
const put = 1
const inLog = 2
const headBytes = 8

/** In the outbox an entry refers to the log, whose values stand there for good; shipped, it has them in itself. */
export function encodeEffects(effects: readonly Effect[], { inOutbox }: { inOutbox: boolean }): Buffer {
  return Buffer.concat(
    effects.flatMap(({ table, key, value }) => {
      const refers = inOutbox && table === 'log'
      const head = Buffer.alloc(headBytes)
      head.writeUInt8(journaled.indexOf(table), 0)
      head.writeUInt8(value === null ? removed : refers ? inLog : put, 1)
      head.writeUInt16BE(key.length, 2)
      head.writeUInt32BE(value === null || refers ? 0 : value.length, 4)
      return value === null || refers ? [head, key] : [head, key, value]
    }),
  )
}

/** `logAt` gives the value where the entry only refers to the log. */
export function decodeEffects(entry: Uint8Array, logAt: (seq: number) => Uint8Array | undefined): Effect[] {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength)
  const effects: Effect[] = []
  for (let at = 0; at < bytes.length; ) {
    const table = journaled[bytes.readUInt8(at)]
    const what = bytes.readUInt8(at + 1)
    const keyAt = at + headBytes
    const valueAt = keyAt + bytes.readUInt16BE(at + 2)
    const end = valueAt + bytes.readUInt32BE(at + 4)
    if (table === undefined || end > bytes.length) throw damaged(new Error('an entry cannot be read'))
    const key = bytes.subarray(keyAt, valueAt)
    const value = what === removed ? null : what === inLog ? logAt(seqOf(key)) : bytes.subarray(valueAt, end)
    if (value === undefined) throw damaged(new Error(`entry ${seqOf(key)} of the log is missing`))
    effects.push({ table, key, value })
    at = end
  }
  return effects
}
