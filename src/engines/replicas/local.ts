// The server of one region on this machine: started with or without data, pointed at a primary, given other data.
import { existsSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { removeUnfinished, unfinishedIn } from '../embedded/cluster.ts'
import type { Settings } from '../embedded/config.ts'
import { type Postgres, startPostgres } from '../embedded/start-postgres.ts'
import type { Way } from '../embedded/way.ts'
import { becomeStandby, copyPrimary } from './copy.ts'
import { fetchLimits, readLimits, sameLimits, settingsOf } from './following.ts'
import { type OpenPeers, type Peer, type Place, secretOf, welcome } from './peer.ts'

export interface MemberOptions {
  /** Of its data; made if it is not there. */
  folder: string
  /** Its own name among the places. */
  region: string
  /** All databases, its own included, with the owner's credentials. It listens where its own URL says. */
  places: readonly Place[]
  peers: OpenPeers
  /** Whether an empty folder becomes an empty primary; else a copy of the present one. */
  first: 'primary' | 'replica'
  /** Over those of a small server. */
  settings?: Settings
  log: Log
  clock: Clock
  random: RandomBytes
  signal: AbortSignal
}

export interface Local {
  /** `from`: copied when there is no data yet. */
  start(from: Peer | null): Promise<void>
  stop(): Promise<void>
  hasData(): boolean
  follows(): Peer | null
  follow(primary: Peer): Promise<void>
  /** Another copy beside the old one, which is read until the new one is whole. */
  copyAnew(primary: Peer): Promise<void>
  copies(): number
  /** Starts again with the settings of the primary, if these are others. */
  raise(): Promise<void>
  stepDown(primary: Peer): Promise<void>
}

export function openLocal(options: MemberOptions, own: Place): Local {
  const { folder, region, log, random, settings = {} } = options
  const data = join(folder, 'data')
  let server: Postgres | null = null
  let follows: Peer | null = null
  let limits = readLimits(folder)
  let copies = 0
  const now = () => settingsOf(settings, limits, follows, region)

  const start = async (from: Peer | null) => {
    follows = from ?? follows // before its settings are written
    if (follows !== null) limits = await fetchLimits(follows, folder).catch(() => limits)
    server = await launch(options, own, now(), from)
  }
  const restart = async (between: () => unknown = () => {}) => {
    await server?.stop()
    await between()
    await start(null)
  }
  const copyAnew = async (primary: Peer) => {
    if (server === null) return
    await removeUnfinished(folder) // of a copy that a crash cut off
    const made = unfinishedIn(folder, random)
    try {
      await copyPrimary(primary, made, { way: server.way, ...copying(options) })
    } catch (error) {
      await rm(made, { recursive: true, force: true })
      throw error
    }
    copies += 1
    follows = primary
    const old = unfinishedIn(folder, random)
    // Only a stop between the two renames leaves no data: then the next start copies.
    await restart(() => {
      renameSync(data, old)
      renameSync(made, data)
    })
    await rm(old, { recursive: true, force: true })
    log.warn('copied anew: it could not follow', { region, primary: primary.region })
  }

  return {
    start,
    stop: async () => server?.stop(),
    hasData: () => existsSync(data),
    follows: () => follows,
    copies: () => copies,
    copyAnew,
    async follow(primary) {
      const slot = await welcome(primary, region)
      follows = primary
      server?.reconfigure(now())
      log.info('following', { region, primary: primary.region })
      if (slot === 'lost') await copyAnew(primary)
    },
    async raise() {
      const before = limits
      if (follows !== null) limits = await fetchLimits(follows, folder)
      if (sameLimits(before, limits)) return // somebody has paused it by hand
      log.warn('the primary has larger settings, starting again with them', { region })
      await restart()
    },
    async stepDown(primary) {
      log.warn('there is a later primary, following it', { region, primary: primary.region })
      await welcome(primary, region)
      follows = primary
      await restart(() => becomeStandby(data))
    },
  }
}

const copying = ({ region, settings, clock, log }: MemberOptions) => ({ region, durable: settings?.fsync !== false, clock, log })

function launch(options: MemberOptions, own: Place, settings: Settings, from: Peer | null): Promise<Postgres> {
  const { folder, log, clock, random } = options
  const { hostname, port } = new URL(own.url)
  const copy = from && { copy: (to: string, way: Way) => copyPrimary(from, to, { way, ...copying(options) }) }
  return startPostgres({
    folder,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    settings,
    origin: { secret: secretOf(own.url), ...copy },
    log,
    clock,
    random,
  })
}
