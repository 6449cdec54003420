// Whether the pages of an LMDB file hang together: LMDB trusts them, and ends the process over one that is lost.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

// A page begins with its number 8, transaction 8, unused 2, flags 2, end of its list 2. After these 24 bytes, from which all
// offsets are counted, comes the list of its nodes, 2 each. A node: size of the data 4 (in branches the number of the child 6),
// flags 2, size of the key 2, key, data. Big data lies in a run of pages of its own; the node has the number of the first.
const headBytes = 24
const branch = 1
const leaf = 2
const bigData = 1
const subTree = 2

// The first two pages tell of the last two commits: magic 4, version 4, address 8, map size 8, two trees (the free pages, whose
// first field is the page size; the names), last page 8, transaction 8. A tree has 48 bytes, the last 8 of them its root.
const treeBytes = 48
const metaBytes = headBytes + 24 + 2 * treeBytes + 16
const magic = 0xbeefc0de
const version = 2
const none = 2n ** 64n - 1n

interface Meta {
  pageBytes: number
  pages: number
  roots: number[]
  transaction: bigint
}

/** What the newest commit says of the file; null when this is none of LMDB's, or not even this is left of it. */
export const metaOf = (path: string): Meta | null => reading(path, newestMeta)

/**
 * Walks the trees of the newest commit: null when every branch and leaf is there and all big data within the file, else what is
 * wrong. Pages in use must not be given away meanwhile: hold a read transaction.
 */
export function faultIn(path: string): string | null {
  return reading(path, (file) => {
    const meta = newestMeta(file)
    return meta === null ? 'it does not begin as it must' : walk(file, meta, Math.floor(fstatSync(file).size / meta.pageBytes))
  })
}

function reading<T>(path: string, look: (file: number) => T): T {
  const file = openSync(path, 'r')
  try {
    return look(file)
  } finally {
    closeSync(file)
  }
}

function newestMeta(file: number): Meta | null {
  const page = Buffer.alloc(metaBytes)
  const metaAt = (position: number): Meta | null => {
    if (readSync(file, page, 0, metaBytes, position) < metaBytes) return null
    if (page.readUInt32LE(headBytes) !== magic || page.readUInt32LE(headBytes + 4) !== version) return null
    const trees = headBytes + 24
    return {
      pageBytes: page.readUInt32LE(trees),
      pages: page.readUIntLE(trees + 2 * treeBytes, 6) + 1,
      roots: [1, 2].flatMap((n) => pageNumber(page, trees + n * treeBytes - 8)),
      transaction: page.readBigUInt64LE(trees + 2 * treeBytes + 8),
    }
  }
  const first = metaAt(0)
  const second = first && metaAt(first.pageBytes)
  return second && (first.transaction > second.transaction ? first : second)
}

/** An empty tree has no root. */
const pageNumber = (page: Buffer, at: number): number[] => (page.readBigUInt64LE(at) === none ? [] : [page.readUIntLE(at, 6)])

function walk(file: number, { pageBytes, roots }: Meta, count: number): string | null {
  const page = Buffer.alloc(pageBytes)
  const todo = [...roots]
  for (let number = todo.pop(); number !== undefined; number = todo.pop()) {
    const found = number < count && readSync(file, page, 0, pageBytes, number * pageBytes) === pageBytes
    const flags = page.readUInt16LE(18)
    if (!found || page.readUIntLE(0, 6) !== number || (flags & (branch | leaf)) === 0) return `page ${number} of ${count} is lost`
    const nodes = page.readUInt16LE(20) / 2
    for (let n = 0; n < nodes; n++) {
      const at = headBytes + page.readUInt16LE(headBytes + 2 * n)
      if (at + 8 > pageBytes) return `page ${number} points outside of itself`
      if (flags & branch) {
        todo.push(page.readUIntLE(at, 6))
        continue
      }
      const sizeBytes = page.readUInt32LE(at)
      const of = page.readUInt16LE(at + 4)
      const data = at + 8 + page.readUInt16LE(at + 6)
      if (data + (of & bigData ? 8 : sizeBytes) > pageBytes) return `page ${number} points outside of itself`
      if (of & bigData) {
        const end = page.readUIntLE(data, 6) + Math.ceil((sizeBytes + headBytes) / pageBytes)
        if (end > count) return `page ${end - 1} of ${count} is lost`
      } else if (of & subTree) todo.push(...pageNumber(page, data + treeBytes - 8))
    }
  }
  return null
}
