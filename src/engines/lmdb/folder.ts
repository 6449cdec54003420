// The folder of a master before LMDB sees it: a file that is damaged or of another program makes lmdb-js crash the process.
import { statSync } from 'node:fs'
import { access, constants, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../../kit/refusal.ts'
import { hasRoom, noRoomLeft } from './failure.ts'
import { endsWithFree, faultIn } from './inspection.ts'
import { metaOf } from './structure.ts'
import { isProven } from './tables.ts'

const fileOf = (folder: string) => join(folder, 'data.mdb')

/** Makes the folder when it is absent, for its owner only. Refuses, in words, what cannot be a master of this process. */
export async function inspect(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const names = (await readdir(folder)).filter((name) => name !== 'room.probe')
    if ((!names.includes('lock.mdb') || !names.includes('data.mdb')) && !(await hasRoom(folder))) throw noRoomLeft()
    if (names.every((name) => name === 'lock.mdb')) return
    if (!names.includes('data.mdb')) throw unusable(folder, 'is not empty and holds no master. Name an empty folder.')
    await access(fileOf(folder), constants.R_OK | constants.W_OK)
    await inspectFile(folder)
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw unusable(
      folder,
      `cannot be read and written by this user (${code}). Start it as the owner, or give it the files (chown -R).`,
      cause,
    )
  }
}

async function inspectFile(folder: string): Promise<void> {
  const { uid } = await stat(fileOf(folder))
  const ours = process.getuid?.() ?? uid
  // Root could open it, but would leave files that the owner cannot.
  if (uid !== ours)
    throw unusable(
      folder,
      `belongs to user id ${uid}, and this process runs as ${ours}. Start it as that user, or give it the files (chown -R).`,
    )
  // Another process may be making it at this very moment: it is empty for some microseconds.
  for (let tries = 0; tries < 20 && (await stat(fileOf(folder))).size === 0; tries++) await sleep(50)
  if (metaOf(fileOf(folder)) === null)
    throw unusable(folder, 'is damaged, or holds the data of another program. Restore a backup into an empty folder, or name another one.')
}

/**
 * Refuses a file of which anything was lost or changed. Beyond 256 MiB only its end is looked at, to bound the start: what is damaged
 * there is refused when it is read, and each backup looks at all.
 */
export function inspectPages(folder: string, format: number): void {
  const meta = metaOf(fileOf(folder))
  const { size } = statSync(fileOf(folder))
  const isLarge = size > 256 * 1024 * 1024 && meta !== null
  if (isLarge && (size >= meta.pages * meta.pageBytes || endsWithFree(fileOf(folder)))) return
  refuseDamaged(folder, format)
}

/** Looks at everything, 200 MB a second. */
export function refuseDamaged(folder: string, format: number): void {
  // Twice, since the first look may meet another process that is just writing the page which tells of its commit.
  const fault = damageIn(folder, format) && damageIn(folder, format)
  if (fault !== null) throw unusable(folder, `is damaged: ${fault}. Restore a backup into an empty folder.`)
}

/** Values of another format prove themselves otherwise or not at all. */
function damageIn(folder: string, format: number): string | null {
  let unproven: string | null = null
  let found: number | null = null // another program's file has none
  const fault = faultIn(fileOf(folder), (table, key, value) => {
    if (table === 'meta' && key.toString() === 'format') found = Number(value)
    else if (!isProven(table, key, value)) unproven ??= `an entry of ${table} is not what was written`
  })
  return fault ?? (found === format ? unproven : null)
}

export const unusable = (folder: string, what: string, cause?: unknown): Refusal =>
  new Refusal('unavailable', `The master's folder ${folder} ${what}`, { code: 'master-unusable', cause })
