// The settings PostgreSQL runs with, written anew at each start: the file is ours, nothing is edited in place.
import { writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'

export type Settings = Readonly<Record<string, string | number | boolean>>

const longestSocketPath = 103 // of sun_path on macOS, which is shorter than Linux' 107

const base: Settings = {
  max_connections: 60,
  // Memory: two processes less (io workers, logical launcher), no compiler, nothing parallel on small machines.
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '1GB',
  huge_pages: 'off',
  jit: false,
  io_method: 'sync',
  max_logical_replication_workers: 0,
  max_parallel_workers_per_gather: 0,
  max_worker_processes: 4,
  autovacuum_max_workers: 2,
  autovacuum_naptime: '30s',
  random_page_cost: 1.1,
  // What the projector has written is on its way to the disk before a reader needs the room.
  bgwriter_delay: '50ms',
  bgwriter_lru_maxpages: 1000,
  bgwriter_lru_multiplier: 4,
  // Durability, and replicas that may come and go: one that stays away must not fill the disk.
  fsync: true,
  synchronous_commit: true,
  wal_level: 'replica',
  max_wal_senders: 10,
  max_replication_slots: 10,
  max_slot_wal_keep_size: '512MB',
  max_wal_size: '512MB',
  wal_keep_size: '64MB',
  hot_standby: true,
  // No statement of a reader takes a second, so replay waits for it at most so long and ends none. The other way, feedback, would let
  // a region that is away keep the primary from clearing up.
  hot_standby_feedback: false,
  max_standby_streaming_delay: '1s',
  max_standby_archive_delay: '1s',
  wal_sender_timeout: '10s',
  wal_receiver_timeout: '10s',
  // Logs go to the supervisor, without statements and details, which hold people's data.
  log_destination: 'stderr',
  logging_collector: false,
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_line_prefix: '',
  log_checkpoints: false,
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
  allow_alter_system: false,
}

/**
 * A sixteenth of the memory that this process may use: a database for each region may live on one machine beside all that it serves.
 * With less than the projector and readers touch, these have to write out pages for it, and wait for its log to be on the disk.
 */
export function sharedBuffers(memoryBytes: number): string {
  const mib = Math.floor(memoryBytes / 16 / 2 ** 20)
  return `${Math.min(1024, Math.max(64, mib))}MB`
}

const memory = (): number => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)

const rules = `# TYPE  DATABASE     USER  ADDRESS       METHOD
local   all          all                 scram-sha-256
host    all          all   127.0.0.0/8   scram-sha-256
host    all          all   ::1/128       scram-sha-256
host    replication  all   127.0.0.0/8   scram-sha-256
host    replication  all   ::1/128       scram-sha-256
`

/** Returns the path of the file. */
export function writeConfig(folder: string, place: { host: string; port: number }, more: Settings): string {
  const rulesFile = join(folder, 'pg_hba.conf')
  const socketFits = Buffer.byteLength(join(folder, `.s.PGSQL.${place.port}`)) <= longestSocketPath
  const settings: Settings = {
    ...base,
    shared_buffers: sharedBuffers(memory()),
    listen_addresses: place.host,
    port: place.port,
    unix_socket_directories: socketFits ? folder : '',
    unix_socket_permissions: '0700',
    hba_file: rulesFile,
    ident_file: join(folder, 'data', 'pg_ident.conf'),
    ...more,
  }
  writeFileSync(rulesFile, rules)
  const file = join(folder, 'postgresql.conf')
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`)
  writeFileSync(file, `# Written at each start; changes here are lost.\n${lines.join('')}`)
  return file
}

const quoted = (value: string | number | boolean): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
