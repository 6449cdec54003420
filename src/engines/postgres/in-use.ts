// Which builds somebody reads, in any region. A replica is asked itself: only there it is known which build its readers follow, and
// whether readers of an earlier version of this code are left.
import type { Log } from '../../kit/log.ts'
import { openPool } from './connect.ts'

/** How a connection of a reader is named, so that others see whose build it reads. */
export const readerOf = (fingerprint: string): string => `of ${fingerprint}`

export interface InUse {
  schemas: ReadonlySet<string>
  /** Databases that did not answer: who reads there is not known. */
  unknown: number
}

const timeoutMs = 5_000

/** A reader holds a connection as long as it lives: it looks for changes several times a second. */
export async function buildsInUse(urls: readonly string[], log: Log): Promise<InUse> {
  const looks = await Promise.allSettled(urls.map((url) => readIn(url, log)))
  const read = looks.flatMap((look) => (look.status === 'fulfilled' ? look.value : []))
  return { schemas: new Set(read), unknown: looks.filter(({ status }) => status === 'rejected').length }
}

async function readIn(url: string, log: Log): Promise<string[]> {
  const db = openPool({ url, role: null, max: 1, log, timeoutMs })
  try {
    const rows = await db.query<{ schema: string }>(
      `select schema from content.live where exists (select from pg_stat_activity
        where datname = current_database() and application_name = 'rcr_read ' || $1 || fingerprint)`,
      [readerOf('')],
    )
    return rows.map(({ schema }) => schema)
  } finally {
    await db.close()
  }
}
