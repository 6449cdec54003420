// A consistent copy of a master while writers go on, with its manifest.
import { chmod, mkdir, open as openFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'lmdb'
import { type Clock, instant } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import { guarded } from './failure.ts'
import { refuseDamaged } from './folder.ts'
import { seqOf } from './keys.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import { scrub } from './scrub.ts'
import { binary, format, type Store } from './store.ts'

/**
 * LMDB copies one snapshot; which one, only the copy knows. It holds password hashes: its folder is for its owner only.
 * `thorough`: every entry of the copy is looked at before it is called a backup, which keeps this process busy meanwhile.
 */
export async function backup(store: Store, folder: string, clock: Clock, { thorough = false } = {}): Promise<Manifest> {
  return guarded(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0) throw new Refusal('conflict', `The folder ${folder} is not empty.`)
    try {
      const at = instant(clock)
      await store.env.backup(folder, true)
      await chmod(join(folder, 'data.mdb'), 0o600)
      await scrub(join(folder, 'data.mdb'))
      await sync(join(folder, 'data.mdb'))
      if (thorough) refuseDamaged(folder, format)
      const manifest = await writeManifest(folder, { epoch: store.epoch, ...(await ends(folder)), at })
      await sync(folder)
      return manifest
    } catch (cause) {
      for (const name of ['data.mdb', 'manifest.json']) await rm(join(folder, name), { force: true })
      throw cause
    }
  })
}

async function sync(path: string): Promise<void> {
  const file = await openFile(path, 'r')
  await file.sync()
  await file.close()
}

async function ends(folder: string): Promise<{ seq: number; number: number }> {
  const copy = open<Buffer, Buffer>({ ...binary, path: folder, noSubdir: false, readOnly: true })
  const last = (name: string): number => {
    for (const key of copy.openDB<Buffer, Buffer>({ ...binary, name }).getKeys({ reverse: true, limit: 1 })) return seqOf(key)
    return 0
  }
  try {
    return { seq: last('log'), number: last('outbox') }
  } finally {
    await copy.close()
    await rm(join(folder, 'lock.mdb'), { force: true })
  }
}
