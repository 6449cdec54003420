// What LMDB and the system report, turned into refusals once, by code. Anything else passes through as the defect it is.
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../kit/refusal.ts'

// lmdb-js gives errno values as positive numbers and LMDB's own codes as they stand in lmdb.h; where it gives no code, the
// message begins with the name. Files are also handled by node:fs, which says it in words.
const noRoom = new Set<unknown>([27, 'EFBIG', 28, 'ENOSPC', 122, 'EDQUOT', -30792, 'MDB_MAP_FULL'])
const inputOutput = 5
const damage = new Set<unknown>([-30797, 'MDB_CORRUPTED', -30796, 'MDB_PAGE_NOTFOUND', -30793, 'MDB_INVALID'])

/** Awaits what the engine does in this folder and lets only refusals and defects out. */
export async function guarded<T>(folder: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown
    const cause = await causeOf(thrown)
    const code = codeOf(cause)
    if (code === undefined) throw cause
    if (damage.has(code)) throw damaged(cause)
    if (code === 'MDB_PANIC') throw lost(cause)
    if (noRoom.has(code) || (code === inputOutput && !(await hasRoom(folder)))) throw noRoomLeft(cause)
    throw new Refusal('unavailable', 'The master cannot be reached at the moment.', { retryAfterS: 1, cause })
  }
}

export const isNoRoom = (thrown: unknown): boolean => noRoom.has(codeOf(thrown))

export const noRoomLeft = (cause?: unknown): Refusal => new Refusal('full', 'There is no room left to store this.', { cause })

/** LMDB refuses everything after it could not write the page that tells of a commit, until the process is started again. */
export const lost = (cause?: unknown): Refusal =>
  new Refusal('unavailable', 'The master starts again.', { code: 'master-lost', retryAfterS: 2, cause })

export const isPanic = (thrown: unknown): boolean => codeOf(thrown) === 'MDB_PANIC'

export const damaged = (cause: unknown): Refusal =>
  new Refusal('unavailable', 'The master is damaged and must be restored.', { code: 'master-damaged', cause })

/** The value of a text of our own making: one that cannot be read was damaged on its way. */
export function parsed<T>(bytes: Buffer): T {
  try {
    return JSON.parse(bytes.toString()) as T
  } catch (cause) {
    throw damaged(cause)
  }
}

// A failed group commit rejects each of its members with a plain error that carries a promise of the real one.
async function causeOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown
  return Promise.resolve(thrown.commitError).then(
    () => thrown,
    (cause: unknown) => cause,
  )
}

function codeOf(cause: unknown): number | string | undefined {
  if (!(cause instanceof Error)) return undefined
  if (cause.message.includes('MDB_PANIC')) return 'MDB_PANIC' // comes with several codes
  if ('code' in cause && typeof cause.code === 'number') return cause.code
  if ('syscall' in cause && 'code' in cause && typeof cause.code === 'string') return cause.code
  return /^MDB_[A-Z_]+/.exec(cause.message)?.[0]
}

// On a full disk LMDB meets a short write first and calls it EIO. Whether it is one shows in writing where the file would
// grow: that answers for the disk, for quotas and for limits of the process alike.
export async function hasRoom(folder: string): Promise<boolean> {
  const path = join(folder, 'room.probe')
  try {
    const { size } = await stat(join(folder, 'data.mdb')).catch(() => ({ size: 0 }))
    const file = await open(path, 'w', 0o600)
    try {
      await file.write(Buffer.alloc(probeBytes, 1), 0, probeBytes, size)
      await file.sync()
      return (await file.stat()).size === size + probeBytes
    } finally {
      await file.close()
    }
  } catch {
    return false
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}
const probeBytes = 512 * 1024
