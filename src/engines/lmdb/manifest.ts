// What a backup says of itself: written last, so that a copy without it is no backup.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../kit/refusal.ts'

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

const nameOf = 'manifest.json'

export async function writeManifest(folder: string, about: Omit<Manifest, 'format' | 'engine' | 'files'>): Promise<Manifest> {
  const manifest: Manifest = {
    format: 1,
    engine: 'lmdb',
    ...about,
    files: [{ name: 'data.mdb', ...(await sumOf(join(folder, 'data.mdb'))) }],
  }
  const file = await open(join(folder, nameOf), 'wx', 0o600)
  await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
  await file.sync()
  await file.close()
  return manifest
}

/** Refuses a folder that holds no whole backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, nameOf), 'utf8')) as Manifest
    if (manifest.format === 1 && manifest.engine === 'lmdb') return manifest
  } catch (cause) {
    throw noBackup(folder, `has no ${nameOf} that can be read: it is no backup, or one that was not finished.`, cause)
  }
  throw noBackup(folder, `was made by another program, or by a newer one.`)
}

export async function checkSums(folder: string, { files }: Manifest): Promise<void> {
  for (const { name, bytes, sha256 } of files) {
    const found = await sumOf(join(folder, name)).catch((cause: unknown) => {
      throw noBackup(folder, `has no ${name} that can be read.`, cause)
    })
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw noBackup(folder, `is damaged: ${name} is not as it was written (${found.bytes} bytes of ${bytes}). Use another backup.`)
  }
}

const noBackup = (folder: string, what: string, cause?: unknown): Refusal =>
  new Refusal('invalid', `${folder} ${what}`, { code: 'backup-unusable', cause })

async function sumOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
