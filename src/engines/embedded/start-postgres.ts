// PostgreSQL on this machine without an installation: made, started, watched and stopped by us.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { kill } from 'node:process'
import { type Clock, type RandomBytes, secureRandom } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { type Origin, openCluster, owner } from './cluster.ts'
import { type Settings, writeConfig } from './config.ts'
import { openGuard } from './guard.ts'
import { choosePort } from './port.ts'
import { endOrphan } from './postmaster-pid.ts'
import { runServer } from './server.ts'
import { type Supervised, supervise } from './supervise.ts'
import { fileTroubleOf } from './trouble.ts'
import { chooseWay, type Way } from './way.ts'

export interface Postgres extends Supervised {
  /** As the owner of everything, with the password, on the loopback interface. */
  url: string
  port: number
  /** As whom it runs: whoever writes into its data folder meanwhile does it likewise. */
  way: Way
  /** Other settings over those of `config.ts`, of the kind that takes effect without a restart. */
  reconfigure(settings: Settings): void
}

export interface PostgresOptions {
  /** All of this cluster lies below it; made if it is not there. */
  folder: string
  /** Default: a free one, the same at the next start. */
  port?: number
  host?: string
  log: Log
  clock: Clock
  random?: RandomBytes
  /** Stops it. */
  signal?: AbortSignal
  /** Over those in `config.ts`. */
  settings?: Settings
  origin?: Origin
}

/** Resolves when it takes connections. Refuses, saying what to do, when that cannot be. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const folder = resolve(options.folder)
  const binaries = findBinaries()
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return await startIn(folder, options, binaries)
  } catch (error) {
    throw fileTroubleOf(error, folder)
  }
}

async function startIn(folder: string, options: PostgresOptions, binaries: Binaries): Promise<Postgres> {
  const { host = '127.0.0.1', clock, log, settings = {}, random = secureRandom, signal, origin } = options
  const data = join(folder, 'data')
  const guard = await openGuard(folder, log)
  try {
    const way = await chooseWay(folder, binaries.postgres)
    await endOrphan(data, guard.locks, clock, log)
    const secret = await openCluster({ folder, binaries, way, guard, random, durable: settings.fsync !== false, origin })
    const port = await choosePort(folder, host, options.port, random)
    const config = writeConfig(folder, { host, port }, settings)
    const launch = () => runServer({ way, postgres: binaries.postgres, data, config, clock, log })
    const supervised = await supervise({ launch, guard, clock, log, place: { folder, host, port }, signal })
    log.info('postgres is up', { port, folder, runs: way.name })
    const address = host.includes(':') ? `[${host}]` : host
    return {
      url: `postgres://${owner}:${secret}@${address}:${port}/postgres`,
      port,
      way,
      reconfigure(more) {
        writeConfig(folder, { host, port }, more)
        const pid = supervised.pid()
        if (pid !== null) kill(pid, 'SIGHUP') // between two lives the next one reads the file
      },
      ...supervised,
    }
  } catch (error) {
    await guard.release()
    throw error
  }
}
