// Whether a file hangs together and holds what was put there: LMDB trusts its pages, answers from whatever a damaged one says, and
// ends the process over one that is lost.
import { fstatSync, readSync } from 'node:fs'
import { type Meta, newestMeta, reading, type Tree, treeAt } from './structure.ts'

// A page begins with its number 8, transaction 8, unused 2, flags 2, end of its list 2. After these 24 bytes, from which all
// offsets are counted, comes the list of its nodes, 2 each. A node: size of the data 4 (in branches the number of the child 6),
// flags 2, size of the key 2, key, data. Big data lies in a run of pages of its own; the node has the number of the first.
const headBytes = 24
/** At the end of a file: as many as one commit may hold (256 KiB), and a wide margin. */
const mostMissing = 4096
const branch = 1
const leaf = 2
const bigData = 1
const subTree = 2

class Fault extends Error {}

type Visit = (table: string, key: Buffer, value: Buffer) => void

/**
 * Walks the newest commit and shows every entry of every table. Null when each page in use is there once, each tree complete and in
 * order, and no page both used and free; else what is wrong. Pages in use must not be given away meanwhile: hold a read transaction.
 */
export function faultIn(path: string, visit: Visit): string | null {
  return reading(path, (file) => {
    const meta = newestMeta(file)
    if (meta === null) return 'it does not begin as it must'
    try {
      walk(file, meta, visit)
      return null
    } catch (error) {
      if (error instanceof Fault || error instanceof RangeError) return error.message
      throw error
    }
  })
}

/**
 * Whether every page that the file lacks at its end is free. LMDB does not write a page that a commit takes and gives back, so a whole
 * file may end before the last one (seen: 13 of 1,505,311 pages after 1,000,000 reviews).
 */
export function endsWithFree(path: string): boolean {
  return reading(path, (file) => {
    const meta = newestMeta(file)
    if (meta === null) return false
    const pages = openPages(file, meta)
    try {
      takeFree(pages, meta)
      return pages.areTaken(Math.floor(fstatSync(file).size / meta.pageBytes))
    } catch (error) {
      if (error instanceof Fault || error instanceof RangeError) return false
      throw error
    }
  })
}

function walk(file: number, meta: Meta, visit: Visit): void {
  const pages = openPages(file, meta)
  for (const { key: name, value, flags } of inOrder(pages, meta.names, bytewise)) {
    if ((flags & subTree) === 0) continue
    const table = name.toString().replace(/\0$/, '')
    for (const entry of inOrder(pages, treeAt(value, 0), bytewise)) visit(table, entry.key, entry.value)
  }
  takeFree(pages, meta)
}

/** Pages to be used again: under each transaction a count and so many numbers; a negative one says how long the run is that follows. */
function takeFree(pages: Pages, meta: Meta): void {
  const lists = [...inOrder(pages, meta.free, byNumber)].map(({ value }) => value)
  for (const list of lists) {
    let run = 1
    for (let at = 8; at < 8 + 8 * Number(list.readBigUInt64LE(0)); at += 8) {
      const number = Number(list.readBigInt64LE(at))
      if (number < 0) run = -number
      else if (number > 0) {
        pages.take(number, run)
        run = 1
      }
    }
  }
}

const bytewise = (a: Buffer, b: Buffer): number => a.compare(b)
const byNumber = (a: Buffer, b: Buffer): number => Number(a.readBigUInt64LE(0) - b.readBigUInt64LE(0))

type Pages = ReturnType<typeof openPages>

/** Pages of the file, each of which is given out once. Only to be read they have to be there. */
function openPages(file: number, { pageBytes, pages }: Meta) {
  // A page takes a byte here, whatever a damaged file says of their number.
  const count = Math.min(pages, Math.floor(fstatSync(file).size / pageBytes) + mostMissing)
  const taken = new Uint8Array(count)
  const take = (number: number, run: number) => {
    if (!(number >= 2 && run >= 1 && number + run <= count)) throw new Fault(`page ${number + run - 1} of ${pages} is lost`)
    if (taken.subarray(number, number + run).includes(1)) throw new Fault(`page ${number} is used twice`)
    taken.fill(1, number, number + run)
  }
  return {
    pageBytes,
    take,
    areTaken: (from: number) => count === pages && !taken.subarray(from).includes(0),
    read(number: number, bytes: number): Buffer {
      take(number, Math.ceil(bytes / pageBytes))
      const buffer = Buffer.allocUnsafe(bytes)
      const isWhole = readSync(file, buffer, 0, bytes, number * pageBytes) === bytes
      if (!isWhole || buffer.readUIntLE(0, 6) !== number) throw new Fault(`page ${number} of ${pages} is lost`)
      return buffer
    },
  }
}

interface Node {
  key: Buffer
  value: Buffer
  flags: number
}

/** The entries of a tree, which are as many as it says. */
function* inOrder(pages: Pages, { root, depth, entries }: Tree, order: typeof bytewise): Generator<Node> {
  let count = 0
  let last: Buffer | undefined
  if (root !== null)
    for (const node of below(pages, root, depth - 1, order, undefined, undefined)) {
      if (last !== undefined && order(last, node.key) >= 0) throw new Fault('a tree is not in order')
      last = node.key
      count += 1
      yield node
    }
  if (count !== entries) throw new Fault(`a tree has ${count} entries of ${entries}`)
}

/** Keys below a page are from `low` on and below `high`, or they would not be found. */
function* below(
  pages: Pages,
  number: number,
  levels: number,
  order: typeof bytewise,
  low: Buffer | undefined,
  high: Buffer | undefined,
): Generator<Node> {
  const page = pages.read(number, pages.pageBytes)
  if ((page.readUInt16LE(18) & (branch | leaf)) !== (levels === 0 ? leaf : branch))
    throw new Fault(`page ${number} is not what its tree says`)
  const nodes = nodesOf(page, number)
  const keyOf = (at: number): Buffer => page.subarray(at + 8, at + 8 + page.readUInt16LE(at + 6))
  for (const [n, at] of nodes.entries()) {
    const key = keyOf(at)
    if (levels > 0) {
      const next = nodes[n + 1]
      yield* below(pages, page.readUIntLE(at, 6), levels - 1, order, n === 0 ? low : key, next === undefined ? high : keyOf(next))
      continue
    }
    if ((low && order(key, low) < 0) || (high && order(key, high) >= 0)) throw new Fault(`page ${number} is in the wrong place`)
    yield { key, value: valueAt(pages, page, number, at), flags: page.readUInt16LE(at + 4) }
  }
}

function nodesOf(page: Buffer, number: number): number[] {
  const end = page.readUInt16LE(20)
  if (end % 2 !== 0 || headBytes + end > page.length) throw new Fault(`page ${number} points outside of itself`)
  const nodes = Array.from({ length: end / 2 }, (_, n) => headBytes + page.readUInt16LE(headBytes + 2 * n))
  if (nodes.some((at) => at + 8 > page.length || at + 8 + page.readUInt16LE(at + 6) > page.length))
    throw new Fault(`page ${number} points outside of itself`)
  return nodes
}

function valueAt(pages: Pages, page: Buffer, number: number, at: number): Buffer {
  const sizeBytes = page.readUInt32LE(at)
  const from = at + 8 + page.readUInt16LE(at + 6)
  const isBig = (page.readUInt16LE(at + 4) & bigData) !== 0
  if (from + (isBig ? 8 : sizeBytes) > page.length) throw new Fault(`page ${number} points outside of itself`)
  return isBig ? pages.read(page.readUIntLE(from, 6), headBytes + sizeBytes).subarray(headBytes) : page.subarray(from, from + sizeBytes)
}
