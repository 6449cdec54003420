// A consistent copy of a master while writers go on.
import { mkdir, open as openFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'lmdb'
import type { Position } from '../../domain/change.ts'
import { Refusal } from '../../kit/refusal.ts'
import { guarded } from './failure.ts'
import { seqOf } from './keys.ts'
import { binary, type Store } from './store.ts'

/** LMDB copies one snapshot; which one, only the copy knows. It holds password hashes: its folder is for its owner only. */
export async function backup(store: Store, folder: string): Promise<Position> {
  return guarded(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0) throw new Refusal('conflict', `The folder ${folder} is not empty.`)
    try {
      await store.env.backup(folder, true)
      await sync(join(folder, 'data.mdb'))
      await sync(folder)
      return { epoch: store.epoch, seq: await lastSeqIn(folder) }
    } catch (cause) {
      await rm(join(folder, 'data.mdb'), { force: true })
      throw cause
    }
  })
}

async function sync(path: string): Promise<void> {
  const file = await openFile(path, 'r')
  await file.sync()
  await file.close()
}

async function lastSeqIn(folder: string): Promise<number> {
  const copy = open<Buffer, Buffer>({ ...binary, path: folder, noSubdir: false, readOnly: true })
  try {
    const log = copy.openDB<Buffer, Buffer>({ ...binary, name: 'log' })
    for (const key of log.getKeys({ reverse: true, limit: 1 })) return seqOf(key)
    return 0
  } finally {
    await copy.close()
    await rm(join(folder, 'lock.mdb'), { force: true })
  }
}
