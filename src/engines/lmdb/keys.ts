// Keys as bytes: text parts, each ended by 0x00, so that byte order is the order of the parts and no part runs into the next.
import { Refusal } from '../../kit/refusal.ts'

/** LMDB's bound for pages of 4 KiB as lmdb-js sets it; one byte more throws inside the transaction. */
const keyMaxBytes = 1978

/** One key. The order of two keys is that of their parts, bytewise as UTF-8. */
export function keyOf(...parts: readonly string[]): Buffer {
  const key = Buffer.from(`${parts.join('\0')}\0`)
  if (key.length > keyMaxBytes) throw new Refusal('invalid', 'A name is too long to be stored.')
  return key
}

/**
 * Refuses what `keyOf` could not tell apart: U+0000 ends a part, and lone surrogates all become the same three bytes.
 * Everything that comes from outside passes here once.
 */
export function checked(text: string, maxBytes: number): string {
  if (text === '' || text.includes('\0') || !text.isWellFormed() || Buffer.byteLength(text) > maxBytes)
    throw new Refusal('invalid', `A name must be well-formed text of 1 to ${maxBytes} bytes without U+0000.`)
  return text
}

// A UUID or any text up to 200 characters, of at most three bytes each.
const idMaxBytes = 600

export const checkedId = (id: string): string => checked(id, idMaxBytes)

export const partsOf = (key: Uint8Array): string[] => Buffer.from(key).toString().split('\0').slice(0, -1)

/** Everything that begins with these parts: `start` inclusive, `end` exclusive. */
export function within(...parts: readonly string[]): { start: Buffer; end: Buffer } {
  return { start: keyOf(...parts), end: justAfter(...parts) }
}

/** After every key that begins with these parts, before every other that is greater. */
export function justAfter(...parts: readonly string[]): Buffer {
  const key = keyOf(...parts)
  key[key.length - 1] = 1
  return key
}

/** Sequence numbers as six bytes, largest first: good for 281 billion changes, and dense. */
export function seqKey(seq: number): Buffer {
  const key = Buffer.allocUnsafe(6)
  key.writeUIntBE(seq, 0, 6)
  return key
}

export const seqOf = (key: Uint8Array): number => Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, 6)

/** Versions as text whose order is theirs. */
export const versionPart = (version: number): string => version.toString(36).padStart(7, '0')

/** A key as the `next` of a page. */
export const cursorOf = (key: Uint8Array): string => Buffer.from(key).toString('base64url')

/** And back. `prefix` is that of the list: another list's cursor, and any other text, is refused. */
export function keyOfCursor(cursor: string, prefix: Buffer): Buffer {
  const key = Buffer.from(cursor, 'base64url')
  const ours = key.toString('base64url') === cursor && key.length > prefix.length && key.subarray(0, prefix.length).equals(prefix)
  if (!ours || key.length > keyMaxBytes || key[key.length - 1] !== 0)
    throw new Refusal('invalid', 'This cursor does not belong to this list.', {
      code: 'bad-cursor',
      faults: [{ pointer: '?cursor', code: 'bad_cursor', detail: 'Use the cursor as the page before gave it.' }],
    })
  return key
}
