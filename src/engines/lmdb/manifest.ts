// What a backup says of itself: written last, so that a copy without it is no backup.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../kit/refusal.ts'
import type { Backup } from '../../ports/ship.ts'
import { isNoRoom } from './failure.ts'

export interface Manifest {
  /** Of the manifest; the file of LMDB has one of its own. */
  format: 1
  engine: 'lmdb'
  epoch: string
  seq: number
  /** The entry of the outbox up to which the copy reaches; 0 when the master was not shipped. */
  number: number
  /** RFC 3339. */
  at: string
  files: { name: string; bytes: number; sha256: string }[]
}

export const manifestName = 'manifest.json'
export const dataName = 'data.mdb'

export async function writeManifest(folder: string, about: Omit<Manifest, 'format' | 'engine' | 'files'>): Promise<Manifest> {
  const manifest: Manifest = {
    format: 1,
    engine: 'lmdb',
    ...about,
    files: [{ name: dataName, ...(await sumOf(join(folder, dataName))) }],
  }
  const file = await open(join(folder, manifestName), 'wx', 0o600)
  await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
  await file.sync()
  await file.close()
  return manifest
}

/** Brings the manifest of a backup into a folder, and refuses one that is not whole. */
export async function fetchManifest(backup: Backup, folder: string): Promise<Manifest> {
  const path = join(folder, manifestName)
  try {
    await backup.copyOut(manifestName, path)
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest
    if (manifest.format === 1 && manifest.engine === 'lmdb') return manifest
  } catch (cause) {
    throw noBackup(backup, `has no ${manifestName} that can be read: it is no backup, or one that was not finished.`, cause)
  }
  throw noBackup(backup, 'was made by another program, or by a newer one.')
}

/** Brings the data, and refuses what is not as it was written. */
export async function fetchData(backup: Backup, { files }: Manifest, folder: string): Promise<void> {
  const path = join(folder, dataName)
  await backup.copyOut(dataName, path).catch((cause: unknown) => {
    throw noBackup(backup, `has no ${dataName} that can be read.`, cause)
  })
  const [written, found] = [files.find(({ name }) => name === dataName), await sumOf(path)]
  if (found.bytes !== written?.bytes || found.sha256 !== written.sha256)
    throw noBackup(
      backup,
      `is damaged: ${dataName} is not as it was written (${found.bytes} bytes of ${written?.bytes}). Use another backup.`,
    )
}

/** That the place cannot be reached, or that there is no room here, tells nothing of the backup. */
const noBackup = ({ place }: Backup, what: string, cause?: unknown): unknown =>
  cause instanceof Refusal || isNoRoom(cause) ? cause : new Refusal('invalid', `${place} ${what}`, { code: 'backup-unusable', cause })

async function sumOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
