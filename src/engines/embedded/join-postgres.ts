// For a command beside a running system: the embedded PostgreSQL that another process has started and watches.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../kit/refusal.ts'
import { owner } from './cluster.ts'

/** The URL of the server in this folder. To be asked when `startPostgres` says that the folder is taken. */
export async function joinPostgres(folder: string, host = '127.0.0.1'): Promise<string> {
  try {
    const [secret, port] = await Promise.all(['secret', 'port'].map((name) => readFile(join(folder, name), 'utf8')))
    return `postgres://${owner}:${secret?.trim()}@${host}:${port?.trim()}/postgres`
  } catch (error) {
    throw new Refusal('unavailable', `${folder} is in use, and its server cannot be found.`, { cause: error })
  }
}
