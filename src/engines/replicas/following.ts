// The settings of a database that follows, or may have to: whom, and with no less room than the primary has.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../embedded/config.ts'
import { type Peer, regionUrl, slotOf } from './peer.ts'

/** A standby that has less of one of these than its primary does not start, or stops replaying. */
const noLess = ['max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction']

export type Limits = Readonly<Record<string, number>>

const limitsFile = (folder: string): string => join(folder, 'limits.json')

/** Kept beside the data: a replica starts while the primary is away too. */
export const readLimits = (folder: string): Limits =>
  existsSync(limitsFile(folder)) ? (JSON.parse(readFileSync(limitsFile(folder), 'utf8')) as Limits) : {}

export async function fetchLimits(primary: Peer, folder: string): Promise<Limits> {
  const rows = await primary.query<{ name: string; setting: string }>('select name, setting from pg_settings where name = any($1)', [
    noLess,
  ])
  const limits = Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)]))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(limitsFile(folder), JSON.stringify(limits))
  return limits
}

export const sameLimits = (a: Limits, b: Limits): boolean => noLess.every((name) => a[name] === b[name])

/** Those of a primary are there as well and mean nothing: which of the two it is says the data folder. */
export function settingsOf(more: Settings, limits: Limits, primary: Peer | null, region: string): Settings {
  const wanted: Settings = { wal_retrieve_retry_interval: '1s', ...more }
  const larger = Object.entries(limits).map(([name, value]) => [name, Math.max(value, Number(wanted[name] ?? 0))])
  return { ...wanted, ...Object.fromEntries(larger), ...(primary && following(primary, region)) }
}

/** As it stands in the file of the server alone, which nobody else may read. */
function following(primary: Peer, region: string): Settings {
  const { hostname, port, username, password } = new URL(regionUrl(primary.url))
  const host = hostname.replace(/^\[|\]$/g, '')
  const words = { host, port, user: username, password, application_name: slotOf(region), connect_timeout: '5' }
  return {
    primary_conninfo: Object.entries(words)
      .map(([name, value]) => `${name}='${value.replaceAll(/[\\']/g, '\\$&')}'`)
      .join(' '),
    primary_slot_name: slotOf(region),
  }
}
