// How an LMDB file is laid out, and what its first two pages say.
import { closeSync, openSync, readSync } from 'node:fs'

// The first two pages tell of the last two commits: magic 4, version 4, address 8, map size 8, two trees (the free pages, whose
// first field is the page size; the names), last page 8, transaction 8. A commit writes the page of its transaction's parity.
// A tree: unused 4, flags 2, depth 2, counts of pages 3 × 8, entries 8, root 8.
const headBytes = 24
const treeBytes = 48
const metaBytes = headBytes + 24 + 2 * treeBytes + 16
const magic = 0xbeefc0de
const version = 2
const none = 2n ** 64n - 1n

export interface Tree {
  depth: number
  entries: number
  root: number | null
}

export interface Meta {
  pageBytes: number
  pages: number
  free: Tree
  names: Tree
  transaction: bigint
}

/** What the newest commit says of the file; null when this is none of LMDB's, or not even this is left of it. */
export const metaOf = (path: string): Meta | null => reading(path, newestMeta)

export function reading<T>(path: string, look: (file: number) => T): T {
  const file = openSync(path, 'r')
  try {
    return look(file)
  } finally {
    closeSync(file)
  }
}

export function newestMeta(file: number): Meta | null {
  const metaAt = (position: number): Meta | null => {
    const page = Buffer.alloc(metaBytes)
    if (readSync(file, page, 0, metaBytes, position) < metaBytes) return null
    if (page.readUInt32LE(headBytes) !== magic || page.readUInt32LE(headBytes + 4) !== version) return null
    const trees = headBytes + 24
    const pages = page.readBigUInt64LE(trees + 2 * treeBytes) + 1n
    const pageBytes = page.readUInt32LE(trees)
    if (pageBytes < 512 || pageBytes > 65_536 || pages > 2n ** 40n) return null
    const [free, names] = [treeAt(page, trees), treeAt(page, trees + treeBytes)]
    return { pageBytes, pages: Number(pages), free, names, transaction: page.readBigUInt64LE(trees + 2 * treeBytes + 8) }
  }
  const first = metaAt(0)
  const second = first && metaAt(first.pageBytes)
  if (!first || !second || first.pageBytes !== second.pageBytes) return null
  // A new file, and a compact copy, tell of one commit at most.
  const [even, odd] = [first.transaction, second.transaction]
  const isParity = even % 2n === 0n && (odd % 2n === 1n || odd === 0n)
  if (!isParity || (even !== 0n && odd !== 0n && even - odd !== 1n && odd - even !== 1n)) return null
  return even > odd ? first : second
}

export function treeAt(page: Buffer, at: number): Tree {
  const root = page.readBigUInt64LE(at + 40)
  return { depth: page.readUInt16LE(at + 6), entries: Number(page.readBigUInt64LE(at + 32)), root: root === none ? null : Number(root) }
}
