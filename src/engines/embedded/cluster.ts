// The data folder of one PostgreSQL: made once, whole or not at all, and checked before each start.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RandomBytes } from '../../kit/clock.ts'
import { bareEnvironment } from '../../kit/flock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Binaries } from './binaries.ts'
import type { Guard } from './guard.ts'
import { troubleOf } from './trouble.ts'
import type { Way } from './way.ts'

export const owner = 'rcr'
const unfinished = 'data.new-'

interface Site {
  folder: string
  binaries: Binaries
  way: Way
  guard: Guard
  random: RandomBytes
  /** False only for clusters that nobody will miss. */
  durable: boolean
  origin: Origin | undefined
}

/** Where a folder without a cluster gets one from, instead of an empty one with a password of its own. */
export interface Origin {
  /** The owner's password. */
  secret: string
  /** Fills a data folder that does not exist yet; absent: an empty cluster is made. */
  copy?: (data: string, way: Way) => Promise<void>
}

/** Makes the cluster if there is none. Returns the owner's password. No server runs in it. */
export async function openCluster(site: Site): Promise<string> {
  const { folder, binaries, random, durable } = site
  const data = join(folder, 'data')
  if (existsSync(data)) {
    refuseOtherVersion(data, binaries.major)
    return readSecret(folder) ?? (await renewSecret(site, data))
  }
  await removeUnfinished(folder)
  const made = unfinishedIn(folder, random)
  const secret = site.origin?.secret ?? newSecret(random)
  await writeSecret(site, secret)
  await (site.origin?.copy?.(made, site.way) ?? initdb(site, made))
  renameSync(made, data)
  if (durable) await syncFile(folder)
  return secret
}

/** A name for what is not whole yet: what bears one is removed when a cluster is made next. */
export const unfinishedIn = (folder: string, random: RandomBytes): string =>
  join(folder, `${unfinished}${Buffer.from(random(4)).toString('hex')}`)

/** Of an initdb that was cut off. A child of it may still write there: hence a new name each time, and no insisting here. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(unfinished)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
}

function refuseOtherVersion(data: string, major: string): void {
  const file = join(data, 'PG_VERSION')
  const version = existsSync(file) ? readFileSync(file, 'utf8').trim() : '(unknown)'
  if (version === major) return
  throw new Refusal(
    'conflict',
    `${data} was made by PostgreSQL ${version}, this is ${major}. Move it aside to begin with an empty one, or run PostgreSQL ${version} and set DATABASE_URL.`,
    { code: 'other-version' },
  )
}

/**
 * The built-in C.UTF-8 orders text alike on every host and in every later library; the systems' locales do not.
 * initdb syncs what it wrote before it ends (70 ms, Nov 2026), so the name `data` never stands for less than a whole cluster.
 */
async function initdb(site: Site, data: string): Promise<void> {
  const ended = await run(site, [
    site.binaries.initdb,
    `--pgdata=${data}`,
    `--username=${owner}`,
    `--pwfile=${secretFile(site.folder)}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(site.durable ? [] : ['--no-sync']),
  ])
  if (ended.code !== 0) throw troubleOf(ended.said, site)
}

const secretFile = (folder: string): string => join(folder, 'secret')
const newSecret = (random: RandomBytes): string => Buffer.from(random(24)).toString('base64url')

function readSecret(folder: string): string | null {
  const file = secretFile(folder)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || null : null
}

/** Synced before the cluster counts: it would be a lock without a key. */
async function writeSecret({ folder, way, durable }: Site, secret: string): Promise<void> {
  const handle = await open(secretFile(folder), 'w', 0o600)
  try {
    await handle.writeFile(`${secret}\n`)
    if (way.account) await handle.chown(way.account.uid, way.account.gid) // initdb reads it
    if (durable) await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A data folder that was restored without it. Whoever owns the files may set the password: in single-user mode. */
async function renewSecret(site: Site, data: string): Promise<string> {
  const secret = newSecret(site.random)
  const { code, said } = await run(
    site,
    [site.binaries.postgres, '--single', '-D', data, 'postgres'],
    `alter role ${owner} password '${secret}'\n`,
  )
  if (code !== 0 || said.includes('ERROR')) throw troubleOf(said, site)
  await writeSecret(site, secret)
  return secret
}

async function run({ way, folder, guard }: Site, wanted: readonly string[], input = ''): Promise<{ code: number | null; said: string }> {
  const [command = '', ...args] = [...way.prefix, ...wanted]
  const child = spawn(command, args, {
    ...way.account,
    cwd: folder,
    env: bareEnvironment,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stdin.on('error', () => {}) // it ended without reading: the exit code tells
  child.stdin.end(input)
  guard.watch(child.pid ?? null)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  guard.watch(null)
  return { code, said }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
