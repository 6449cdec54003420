// Reads what was shipped, to bring a master back.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../kit/refusal.ts'
import type { Entry, Shipped } from '../../ports/ship.ts'
import { isSegment, namesIn, newestBase } from './folder.ts'
import { decode } from './segment.ts'

/** The epochs that a folder holds, oldest first. */
export async function openShipped(root: string): Promise<Shipped[]> {
  const found: Shipped[] = []
  for (const epoch of (await namesIn(root)).toSorted()) {
    const folder = join(root, epoch)
    if (!/^\d{8}T\d{9}Z-/.test(epoch) || !(await stat(folder)).isDirectory()) continue
    const base = await newestBase(folder)
    const segments = (await namesIn(folder)).filter(isSegment).toSorted()
    found.push({ epoch, base: base && join(folder, base), entries: (after) => inOrder(folder, segments, after) })
  }
  if (found.length > 0) return found
  throw new Refusal('missing', `${root} holds nothing that was shipped.`, { code: 'ship-empty' })
}

interface Place {
  segment: string
  /** Which of the segment's records. */
  record: number
  crc: number
}

async function* inOrder(folder: string, segments: readonly string[], after: number): AsyncGenerator<Entry> {
  const places = await placesOf(folder, segments, after)
  let open: { segment: string; records: Entry[] } | undefined
  const numbers = [...places.keys()].toSorted((a, b) => a - b)
  for (const [n, number] of numbers.entries()) {
    const expected = after + 1 + n
    if (number !== expected) throw gap(expected, number)
    const { segment, record } = places.get(number) as Place
    if (open?.segment !== segment) open = { segment, records: [...decode(await readFile(join(folder, segment)))] }
    yield open.records[record] as Entry
  }
}

/** Of each number one place; later segments win, so that reading stays in one segment for long. */
async function placesOf(folder: string, segments: readonly string[], after: number): Promise<Map<number, Place>> {
  const places = new Map<number, Place>()
  for (const segment of segments) {
    let record = -1
    for (const { number, crc } of decode(await readFile(join(folder, segment)))) {
      record += 1
      if (number <= after) continue
      const before = places.get(number)
      if (before !== undefined && before.crc !== crc) throw forked(number)
      places.set(number, { segment, record, crc })
    }
  }
  return places
}

const gap = (expected: number, found: number): Refusal =>
  new Refusal('conflict', `Entry ${expected} is missing in the second place; what follows begins with ${found}.`, { code: 'ship-gap' })

const forked = (number: number): Refusal =>
  new Refusal('conflict', `Two masters have written different entries ${number}. Restore without --ship.`, { code: 'ship-forked' })
