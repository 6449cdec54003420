// What PostgreSQL's own words mean for whoever starts it.
import { Refusal } from '../../kit/refusal.ts'

/** Passes by itself: the process or its children that held the folder are on their way out. */
export const isPassing = (said: string): boolean =>
  said.includes('lock file "postmaster.pid" already exists') || said.includes('pre-existing shared memory block')

/** The Refusal that says what to do, or an error with its last words. */
export function troubleOf(said: string, place: { folder: string; host?: string; port?: number }): Error {
  const { folder, host, port } = place
  const cause = new Error(said.trim() || 'it said nothing')
  if (said.includes('No space left on device') || said.includes('Disk quota exceeded')) return fullDisk(folder, cause)
  if (said.includes('Address already in use'))
    return new Refusal('conflict', `Port ${port} on ${host} is in use by another program. Stop it, or choose another port.`, {
      code: 'port-taken',
      cause,
    })
  if (said.includes('could not bind')) return new Refusal('invalid', `PostgreSQL cannot listen on ${host}, port ${port}.`, { cause })
  if (said.includes('wrong ownership') || said.includes('Permission denied')) return notOurs(folder, cause)
  return new Error(`PostgreSQL does not start in ${folder}: ${lastWords(said)}`, { cause })
}

/** The same for our own attempts to write there. */
export function fileTroubleOf(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return fullDisk(folder, error)
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? notOurs(folder, error) : error
}

const fullDisk = (folder: string, cause: unknown): Refusal =>
  new Refusal('full', `PostgreSQL cannot start: the disk of ${folder} is full. Make room and start again.`, { cause })

const notOurs = (folder: string, cause: unknown): Refusal =>
  new Refusal('forbidden', `This process may not use ${folder}. Start as the user that owns it, or choose another folder.`, {
    code: 'not-ours',
    cause,
  })

const lastWords = (said: string): string => said.trim().split('\n').slice(-3).join(' · ') || 'it said nothing'
