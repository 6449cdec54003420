// Reads what was shipped into a folder, to bring a master back.
import { copyFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backup, Shipped } from '../../ports/ship.ts'
import { namesIn, newestBase, segmentMostBytes } from './folder.ts'
import { inOrder, pruned, type Segment } from './in-order.ts'
import { isEpoch, segmentOf } from './names.ts'

/** The epochs that a folder holds, oldest first. */
export async function openShippedFolder(root: string): Promise<Shipped[]> {
  const found: Shipped[] = []
  for (const epoch of (await namesIn(root)).toSorted()) {
    const folder = join(root, epoch)
    if (!isEpoch(epoch) || !(await stat(folder)).isDirectory()) continue
    const base = await newestBase(folder)
    const segments = (await namesIn(folder)).flatMap((name) => segmentIn(folder, name))
    found.push({
      epoch,
      base: base === null ? null : baseIn(join(folder, base)),
      hasEntries: segments.length > 0,
      entries: (after) => inOrder(segments, after),
    })
  }
  return found
}

export const backupIn = (folder: string): Backup => ({
  place: folder,
  copyOut: (name, path) => copyFile(join(folder, name), path),
})

function baseIn(folder: string): Backup {
  const { place, copyOut } = backupIn(folder)
  return { place, copyOut: (name, path) => copyOut(name, path).catch(refusePruned) }
}

function segmentIn(folder: string, name: string): Segment[] {
  const segment = segmentOf(name)
  return segment === null
    ? []
    : [{ first: segment.first, bytes: segmentMostBytes, read: () => readFile(join(folder, name)).catch(refusePruned) }]
}

const refusePruned = (cause: NodeJS.ErrnoException): Promise<never> => Promise.reject(cause.code === 'ENOENT' ? pruned(cause) : cause)
