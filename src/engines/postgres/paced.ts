// A rebuild goes no faster than the slowest replica: what one that follows has not received yet stays within a bound.
import { type Clock, systemClock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Projection } from '../../ports/projection.ts'
import { openPool } from './connect.ts'

export interface PacedOptions {
  /** Of the primary. */
  url: string
  projection: Projection
  log: Log
  clock?: Clock
  /** Of the log, between the primary and the slowest replica that follows. An eighth of what a slot keeps. */
  behindBytes?: number
}

const pollMs = 100
/** One that stands still for longer is on its own: it will be copied anew. */
const patienceMs = 60_000

/** A build that is read is never held up: only those that nobody reads yet are written by the gigabyte, the first one of a version too. */
export function openPaced({ url, projection, log, clock = systemClock, behindBytes = 64 * 2 ** 20 }: PacedOptions): Projection {
  const db = openPool({ url, role: null, max: 1, log, timeoutMs: 5_000 })
  const behind = async (): Promise<number> => {
    const [row] = await db.query<{ bytes: number }>(
      `select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::float8 as bytes from pg_replication_slots
       where active and slot_type = 'physical'`,
    )
    return row?.bytes ?? 0
  }
  const wait = async () => {
    const untilMs = clock.monotonic() + patienceMs
    while ((await behind()) > behindBytes && clock.monotonic() < untilMs) await clock.sleep(pollMs)
  }
  return {
    ...projection,
    async apply(schema, changes, end) {
      const applied = await projection.apply(schema, changes, end)
      // A database that hides its log from us paces nobody.
      if ((!applied.live || applied.caughtUpAt === null) && changes.length > 0)
        await wait().catch((error: unknown) => log.debug('not paced by the replicas', { error }))
      return applied
    },
    async close() {
      await Promise.all([projection.close(), db.close()])
    },
  }
}
