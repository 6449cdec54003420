// A copy of the primary in a folder of its own, ready to follow it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Way } from '../embedded/way.ts'
import { baseBackup } from './base-backup.ts'
import { type Peer, regionUrl, welcome } from './peer.ts'
import { isWhole, untar } from './untar.ts'

interface Copying {
  region: string
  /** As whom the server runs that is to own it. */
  way: Way
  durable: boolean
  clock: Clock
  log: Log
}

/** `to` does not exist yet. Rejects when the copy breaks off: what is there then is worth nothing. */
export async function copyPrimary(primary: Peer, to: string, { region, way, durable, clock, log }: Copying): Promise<void> {
  log.info('copying the primary', { region, from: primary.region })
  await welcome(primary, region)
  const stream = baseBackup({ url: regionUrl(primary.url), label: `rcr ${region}`, clock })
  await untar(stream, to, { account: way.account, durable })
  if (!(await isWhole(to))) throw new Error('The copy of the primary is not whole.')
  becomeStandby(to)
}

/** The server follows as long as this file lies there; promoted, it removes it itself. */
export const becomeStandby = (data: string): void => writeFileSync(join(data, 'standby.signal'), '', { mode: 0o600 })
