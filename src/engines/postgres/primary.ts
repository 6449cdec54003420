// The primary among several databases: found, prepared, followed when another one has been promoted.
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import type { Projection } from '../../ports/projection.ts'
import { prepareDatabase } from './prepare.ts'
import { translate } from './translate.ts'

export interface PrimaryOptions {
  /** Of the same read model: one primary, the others its replicas. */
  urls: readonly string[]
  open: (url: string) => Projection
  /** How long each of them has to say whether it is the primary. */
  lookMs: number
  log: Log
}

/**
 * A projection into whichever is the primary. A call that fails because that one is away, or is none any more, has the next call look
 * again; its caller tries again anyway.
 */
export function openPrimaryProjection({ urls, open, lookMs, log }: PrimaryOptions): Projection {
  let current: { url: string; projection: Projection } | null = null
  let finding: Promise<Projection> | null = null

  const find = async () => {
    const url = await findPrimary(urls, lookMs)
    if (current?.url !== url) {
      await prepareDatabase(url, log)
      const before = current
      current = { url, projection: open(url) }
      if (before !== null) {
        log.warn('another database is the primary now', { host: new URL(url).host })
        void before.projection.close().catch((error: unknown) => log.warn('the former primary was not left in order', { error }))
      }
    }
    return current.projection
  }
  let isSure = false
  const found = (): Promise<Projection> => {
    if (isSure && current !== null) return Promise.resolve(current.projection)
    finding ??= find()
      .then((projection) => {
        isSure = true
        return projection
      })
      .finally(() => {
        finding = null
      })
    return finding
  }
  const on = async <T>(work: (projection: Projection) => Promise<T>): Promise<T> => {
    const projection = await found()
    try {
      return await work(projection)
    } catch (error) {
      if (isAway(error)) isSure = false
      throw error
    }
  }
  return projectionBy(on, async () => current?.projection.close())
}

/** A projection whose primary is left alone for a while when it fails again and again. */
export function openSparing(projection: Projection, dependency: OpenDependency): Projection {
  const resting = () => new Refusal('unavailable', 'The primary has not answered for a while.', { retryAfterS: 1 })
  const primary = dependency({ isFailure: isAway, resting, late: resting })
  return projectionBy((work) => primary.ask(() => work(projection)), projection.close)
}

const isAway = (error: unknown): boolean => error instanceof Refusal && error.reason === 'unavailable'

/** A projection of which each question is put by `on`. */
function projectionBy(on: <T>(work: (projection: Projection) => Promise<T>) => Promise<T>, close: () => Promise<void>): Projection {
  return {
    open: (epoch) => on((projection) => projection.open(epoch)),
    successor: (of, epoch) => on((projection) => projection.successor(of, epoch)),
    builds: () => on((projection) => projection.builds()),
    create: (epoch) => on((projection) => projection.create(epoch)),
    apply: (schema, changes, end) => on((projection) => projection.apply(schema, changes, end)),
    switch: (schema) => on((projection) => projection.switch(schema)),
    drop: (schema) => on((projection) => projection.drop(schema)),
    prune: (graceMs) => on((projection) => projection.prune(graceMs)),
    parked: (schema) => on((projection) => projection.parked(schema)),
    checksums: (schema) => on((projection) => projection.checksums(schema)),
    slice: (schema, range) => on((projection) => projection.slice(schema, range)),
    differences: (first, second, limit) => on((projection) => projection.differences(first, second, limit)),
    close,
  }
}

/** Refuses (`unavailable`) when none answers as one. A former primary that came back stands on an earlier timeline. */
export async function findPrimary(urls: readonly string[], lookMs: number): Promise<string> {
  const looks = await Promise.allSettled(urls.map(async (url) => ({ url, timeline: await timelineOf(url, lookMs) })))
  const primaries = looks.flatMap((look) => (look.status === 'fulfilled' && look.value.timeline !== null ? [look.value] : []))
  const [primary] = primaries.toSorted((a, b) => Number(b.timeline) - Number(a.timeline))
  if (primary !== undefined) return primary.url
  const cause = looks.find((look) => look.status === 'rejected')?.reason
  throw new Refusal('unavailable', 'None of the databases is the primary now.', { retryAfterS: 1, cause })
}

/** Null on a replica. A service that hides its log has one primary at a time by itself. */
async function timelineOf(url: string, lookMs: number): Promise<number | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: lookMs, query_timeout: lookMs })
  client.on('error', () => {})
  try {
    await client.connect()
    const [standby] = (await client.query<{ is: boolean }>('select pg_is_in_recovery() as is')).rows
    if (standby?.is !== false) return null
    const [at] = await client
      .query<{ timeline: number }>(`select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as timeline`)
      .then(({ rows }) => rows)
      .catch(() => [])
    return at?.timeline ?? 1
  } catch (error) {
    throw translate(error)
  } finally {
    await client.end().catch(() => {})
  }
}
