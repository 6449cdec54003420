// Empties the unused parts of the pages of a copy: what was removed from a page still lies in them, and erased is erased.
import { open } from 'node:fs/promises'
import { metaOf } from './structure.ts'

// See `inspection.ts`: the list of a page ends at 20, its nodes begin at 22, both counted from its 24th byte. Big data has the length
// of its run there instead, and no unused part but zeros.
const headBytes = 24
const node = 1 | 2
const bigData = 4
const pagesAtOnce = 256

/** Of a compact copy, in which nobody writes: every page is in use. */
export async function scrub(path: string): Promise<void> {
  const pageBytes = metaOf(path)?.pageBytes ?? 4096
  const file = await open(path, 'r+')
  try {
    const chunk = Buffer.alloc(pagesAtOnce * pageBytes)
    let skip = 2 // the pages that tell of commits
    for (let first = 0; ; first += pagesAtOnce) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, first * pageBytes)
      let changed = false
      for (let n = 0; (n + 1) * pageBytes <= bytesRead; n++) {
        if (skip > 0) {
          skip -= 1
          continue
        }
        const page = chunk.subarray(n * pageBytes, (n + 1) * pageBytes)
        const flags = page.readUInt16LE(18)
        if (flags & bigData) skip = page.readUInt32LE(20) - 1
        if ((flags & node) === 0) continue
        page.fill(0, headBytes + page.readUInt16LE(20), headBytes + page.readUInt16LE(22))
        changed = true
      }
      if (changed) await file.write(chunk, 0, bytesRead, first * pageBytes)
      if (bytesRead < chunk.length) return
    }
  } finally {
    await file.close()
  }
}
