// One database of the ring as the others see it: primary or standby, on which timeline, how far.
import { createHmac } from 'node:crypto'
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import type { OpenDependency } from '../../kit/resilience.ts'

/** A database of the read model: one a region. */
export interface Place {
  region: string
  url: string
}

export interface Seen {
  standby: boolean
  /** Grows by one with each promotion: of two primaries the one on the later timeline is the true one. */
  timeline: number
  /** Bytes of write-ahead log: written, or received and replayed. */
  lsn: number
  /** A standby that is sent the log just now. */
  streaming: boolean
  /** Replay waits for settings no smaller than the primary's, which take a restart. */
  paused: boolean
  /** Since what was replayed last was committed; null on a primary and before the first. */
  lagS: number | null
}

export interface Peer extends Place {
  /** Rejects when it does not answer in time. */
  look(): Promise<Seen>
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>
  close(): Promise<void>
}

/** For each place, how it is asked. */
export type OpenPeers = (region: string) => OpenDependency

// A standby that is shown nothing new has replayed all there is: its lag is none, however long ago that was.
const lookText = `select standby, streaming, lsn, paused,
  case when standby then coalesce(received_tli, (select timeline_id from pg_control_checkpoint()))
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline,
  case when standby and replayed < lsn then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8
    when standby then 0 end as "lagS"
from (select standby, received_tli, coalesce(status = 'streaming', false) as streaming,
  case when standby then pg_get_wal_replay_pause_state() = 'paused' else false end as paused,
  case when standby then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn else pg_current_wal_lsn() - '0/0'::pg_lsn end::float8 as lsn,
  case when standby then pg_last_wal_replay_lsn() - '0/0'::pg_lsn end::float8 as replayed
  from (select pg_is_in_recovery() as standby) s left join pg_stat_wal_receiver on true) seen`

export function openPeer({ region, url }: Place, open: OpenPeers, log: Log): Peer {
  const late = () => new Error(`the database of ${region} does not answer`)
  const other = open(region)({ isFailure: () => true, resting: late, late })
  const timeoutMs = other.policy.tryMs ?? 0
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'rcr ring',
    max: 1,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs, // else one that hangs would keep the only connection
    idleTimeoutMillis: 60_000,
  })
  pool.on('error', (error) => log.debug('lost sight of a database', { region, error }))
  const query = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await other.ask(() => pool.query<R>(text, values))).rows
  return {
    region,
    url,
    query,
    async look() {
      const [seen] = await query<Seen & pg.QueryResultRow>(lookText)
      if (seen === undefined) throw new Error(`${region} says nothing of itself`)
      return seen
    },
    close: () => pool.end(),
  }
}

export interface Sighting {
  peer: Peer
  seen: Seen
}

/** Those that answer. */
export async function lookAround(peers: readonly Peer[]): Promise<Sighting[]> {
  const looks = await Promise.allSettled(peers.map(async (peer) => ({ peer, seen: await peer.look() })))
  return looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []))
}

/** An earlier primary that came back believes that it still is one; the later timeline tells. */
export const primaryAmong = (sightings: readonly Sighting[]): Sighting | null =>
  sightings.filter(({ seen }) => !seen.standby).toSorted((a, b) => b.seen.timeline - a.seen.timeline)[0] ?? null

const regionRole = 'rcr_region'

/** The same server for those who replicate from it and who read: their role may neither write nor see anything else. */
export function regionUrl(ownerUrl: string): string {
  const url = new URL(ownerUrl)
  url.password = createHmac('sha256', decodeURIComponent(url.password)).update(regionRole).digest('base64url')
  url.username = regionRole
  return url.href
}

export const secretOf = (url: string): string => decodeURIComponent(new URL(url).password)

/** On the primary: the role, and a slot that keeps for this region what it has not received, up to the server's bound. */
export async function welcome(primary: Peer, region: string): Promise<'kept' | 'lost'> {
  const password = secretOf(regionUrl(primary.url))
  await primary.query(`do $$ begin
    if not exists (select from pg_roles where rolname = '${regionRole}') then create role ${regionRole} login replication password '${password}'; end if;
    if not exists (select from pg_roles where rolname = 'rcr_read') then create role rcr_read nologin; end if;
    grant rcr_read, pg_monitor to ${regionRole};
  exception when duplicate_object or unique_violation then null; end $$`)
  const slot = slotOf(region)
  const [known] = await primary.query<{ lost: boolean }>(
    `select coalesce(wal_status = 'lost', false) as lost from pg_replication_slots where slot_name = $1`,
    [slot],
  )
  if (known?.lost) await primary.query('select pg_drop_replication_slot($1)', [slot])
  if (known === undefined || known.lost) await primary.query('select pg_create_physical_replication_slot($1, true)', [slot])
  return known?.lost ? 'lost' : 'kept'
}

export const slotOf = (region: string): string => `rcr_${region.replaceAll(/[^a-z0-9]/g, '_')}`
