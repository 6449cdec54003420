// The entries of many segments as one row: whoever wrote them, each number once.
import { Refusal } from '../../kit/refusal.ts'
import type { Entry } from '../../ports/ship.ts'
import { decode } from './segment.ts'

export interface Segment {
  /** None of its entries has a smaller number. */
  first: number
  read: () => Promise<Buffer>
}

/**
 * After this number. Throws `ship-gap` where one is missing before others, and `ship-forked` where two of one number differ.
 * So many segments are read ahead; held is what they have beyond the next number, which is little: each is written in order.
 */
export async function* inOrder(segments: readonly Segment[], after: number, ahead: number): AsyncGenerator<Entry> {
  const proofs = new Map<number, number>()
  const waiting = new Map<number, Entry>()
  let next = after + 1
  for await (const { first, bytes } of readAhead(segments, ahead)) {
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
  }
  if (waiting.size > 0) throw gap(next, waiting)
}

/** In the order of their first numbers. */
async function* readAhead(segments: readonly Segment[], ahead: number): AsyncGenerator<{ first: number; bytes: Buffer }> {
  const sorted = segments.toSorted((a, b) => a.first - b.first)
  const reading: Promise<Buffer>[] = []
  let begun = 0
  for (const { first } of sorted) {
    for (const segment of sorted.slice(begun, begun + 1 + ahead - reading.length)) {
      const read = segment.read()
      read.catch(() => {}) // it is awaited in its turn, or not any more
      reading.push(read)
      begun += 1
    }
    yield { first, bytes: (await reading.shift()) as Buffer }
  }
}

const gap = (expected: number, waiting: ReadonlyMap<number, Entry>): Refusal => {
  const found = Math.min(...waiting.keys())
  return new Refusal('conflict', `Entry ${expected} is missing in the second place; what follows begins with ${found}.`, {
    code: 'ship-gap',
  })
}

const forked = (number: number): Refusal =>
  new Refusal('conflict', `Two masters have written different entries ${number}. Restore without --ship.`, { code: 'ship-forked' })
