// Keys: the partition is text, the sort key bytes, so that the order of places is that of their parts whatever these hold.
import { Refusal } from '../../kit/refusal.ts'

export interface Key {
  pk: string
  sk: Buffer
}

/** Numbers as six bytes, largest first: good for 281 billion items in their order. */
function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(6)
  bytes.writeUIntBE(value, 0, 6)
  return bytes
}
export const numberOf = (sk: Buffer): number => sk.readUIntBE(0, 6)

/** The log in partitions of so many items: a partition takes 1,000 write units a second, and a feed reads them one after another. */
const bucketSize = 1000
export const bucketOf = (n: number): number => Math.floor(n / bucketSize)
export const logKey = (n: number): Key => ({ pk: logPartition(bucketOf(n)), sk: number(n) })
export const logPartition = (bucket: number): string => `log#${bucket}`

export const redoPartition = 'redo'
/** Several processes may want the same n: each has its own nonce. */
export const redoKey = (n: number, nonce: string): Key => ({
  pk: redoPartition,
  sk: Buffer.concat([number(n), Buffer.from(nonce, 'hex')]),
})
export const redoOf = (sk: Buffer): { n: number; nonce: string } => ({ n: numberOf(sk), nonce: sk.subarray(6).toString('hex') })

const alone = Buffer.from([0])
export const metaKey: Key = { pk: 'meta', sk: alone }
/** A claim, a counter, an idempotency record, a private document: one item that is written again and again. */
export const cellKey = (pk: string): Key => ({ pk, sk: alone })

/** Where a process that lost a race leaves its note. */
export const askPartition = 'ask'

export const documentPartition = (kind: string, id: string): string => `doc#${kind}#${checkedId(id)}`
/** More than anything will ever have; keys hold no more. */
export const mostVersion = 2 ** 40
export const versionKey = (pk: string, version: number): Key => ({ pk, sk: number(version) })
export const claimPartition = (name: string): string => `claim#${checked(name, nameMaxBytes)}`
export const counterPartition = (name: string): string => `counter#${checked(name, nameMaxBytes)}`
export const repeatPartition = (key: string): string => `repeat#${checked(key, nameMaxBytes)}`

/** Where a document stands in an index, and the log item since which it does. That makes each place one that is never put twice. */
export type Placed = readonly [index: string, partition: string, sort: string, since: number]

export const placePartition = (index: string, partition: string): string => `place#${index}#${partition}`
export const placeKey = ([index, partition, sort, since]: Placed, id: string): Key => ({
  pk: placePartition(index, partition),
  sk: Buffer.concat([parts(sort, id), number(since)]),
})
export function placeOf(sk: Buffer): { sort: string; id: string; since: number } {
  const [sort = '', id = ''] = sk.subarray(0, -6).toString().split('\0')
  return { sort, id, since: sk.readUIntBE(sk.length - 6, 6) }
}

/** Text parts, each ended by 0x00, so that byte order is the order of the parts and no part runs into the next. */
export const parts = (...texts: readonly string[]): Buffer => Buffer.from(`${texts.join('\0')}\0`)

/** After every key that begins with these parts, before every other that is greater. */
export function justAfter(...texts: readonly string[]): Buffer {
  const key = parts(...texts)
  key[key.length - 1] = 1
  return key
}

/** Bounds of a whole partition: no key is outside of them. */
export const lowest = Buffer.from([0])
export const highest = Buffer.from([0xff])

export const nameMaxBytes = 400

/**
 * Refuses what keys could not tell apart: U+0000 ends a part, and lone surrogates all become the same three bytes.
 * Everything that comes from outside passes here once.
 */
export function checked(text: string, maxBytes: number): string {
  if (text === '' || text.includes('\0') || !text.isWellFormed() || Buffer.byteLength(text) > maxBytes)
    throw new Refusal('invalid', `A name must be well-formed text of 1 to ${maxBytes} bytes without U+0000.`)
  return text
}

// A UUID or any text up to 200 characters, of at most three bytes each. With a sort key it stays below DynamoDB's 1,024 bytes.
const idMaxBytes = 600
export const checkedId = (id: string): string => checked(id, idMaxBytes)

/** The last key of a page as the `next` of it. */
export const cursorOf = (list: Buffer, key: Buffer): string => Buffer.concat([list, key]).toString('base64url')

/** And back. `list` is that of the cursor's list: another list's cursor, and any other text, is refused. */
export function keyOfCursor(cursor: string, list: Buffer): Buffer {
  const key = Buffer.from(cursor, 'base64url')
  const ours = key.toString('base64url') === cursor && key.length > list.length && key.subarray(0, list.length).equals(list)
  if (!ours || key.length > 2000) throw badCursor()
  return key.subarray(list.length)
}

export const badCursor = (): Refusal =>
  new Refusal('invalid', 'This cursor does not belong to this list.', {
    code: 'bad-cursor',
    faults: [{ pointer: '?cursor', code: 'bad_cursor', detail: 'Use the cursor as the page before gave it.' }],
  })
