// The entries of many segments as one row: whoever wrote them, each number once.
import { Refusal } from '../../kit/refusal.ts'
import type { Entry } from '../../ports/ship.ts'
import { decode } from './segment.ts'

export interface Segment {
  /** None of its entries has a smaller number. */
  first: number
  /** Its size, or the most that it can be. */
  bytes: number
  read: () => Promise<Buffer>
}

/**
 * After this number. Throws `ship-gap` where one is missing before others, and `ship-forked` where two of one number differ. Held is what
 * segments have beyond the next number, which is little: each is written in order.
 */
export async function* inOrder(segments: readonly Segment[], after: number): AsyncGenerator<Entry> {
  const proofs = new Map<number, number>()
  const waiting = new Map<number, Entry>()
  let next = after + 1
  for await (const { first, bytes } of readAhead(segments)) {
    if (waiting.size > 0 && first > next) throw gap(next, waiting)
    for (const { crc, ...entry } of decode(bytes)) {
      const { number } = entry
      if (number <= after) continue
      if ((proofs.get(number) ?? crc) !== crc) throw forked(number)
      proofs.set(number, crc)
      if (number >= next) waiting.set(number, entry)
    }
    for (let entry = waiting.get(next); entry !== undefined; entry = waiting.get(next)) {
      waiting.delete(next)
      next += 1
      yield entry
    }
    // Those that come have none of these any more.
    for (const number of proofs.keys()) if (number < first) proofs.delete(number)
  }
  if (waiting.size > 0) throw gap(next, waiting)
}

/** Small ones lie far away and come together; of large ones the next is asked for when the one before is there. */
const aheadBytes = 4 * 1024 * 1024
const aheadMost = 16

/** In the order of their first numbers. */
async function* readAhead(segments: readonly Segment[]): AsyncGenerator<{ first: number; bytes: Buffer }> {
  const sorted = segments.toSorted((a, b) => a.first - b.first)
  const reading: { bytes: number; read: Promise<Buffer> }[] = []
  let begun = 0
  const isRoom = () =>
    reading.length === 0 || (reading.length < aheadMost && reading.reduce((sum, { bytes }) => sum + bytes, 0) < aheadBytes)
  for (const { first } of sorted) {
    for (let segment = sorted[begun]; segment !== undefined && isRoom(); segment = sorted[begun]) {
      const read = segment.read()
      read.catch(() => {}) // it is awaited in its turn, or not any more
      reading.push({ bytes: segment.bytes, read })
      begun += 1
    }
    const bytes = await (reading[0]?.read as Promise<Buffer>)
    reading.shift()
    yield { first, bytes }
  }
}

/** Whoever reads a place that is in use may find that something has just been taken away, since a newer base holds it. */
export const pruned = (cause: unknown): Refusal =>
  new Refusal('unavailable', 'The second place was pruned meanwhile: look at it again.', { code: 'ship-pruned', retryAfterS: 1, cause })

const gap = (expected: number, waiting: ReadonlyMap<number, Entry>): Refusal => {
  const found = Math.min(...waiting.keys())
  return new Refusal('conflict', `Entry ${expected} is missing in the second place; what follows begins with ${found}.`, {
    code: 'ship-gap',
  })
}

const forked = (number: number): Refusal =>
  new Refusal('conflict', `Two masters have written different entries ${number}. Restore without --ship.`, { code: 'ship-forked' })
