// As whom PostgreSQL runs: it refuses root, so root needs another way; the first that reaches the folder is taken.
import { spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { getuid } from 'node:process'
import { bareEnvironment } from '../../kit/flock.ts'
import { Refusal } from '../../kit/refusal.ts'

export interface Way {
  /** For the log: how it runs. */
  name: string
  /** What to put before a command. */
  prefix: readonly string[]
  /** Set where the process changes its account; it then owns what it writes. */
  account?: { uid: number; gid: number }
}

/** `folder` exists. Refuses (`forbidden`) with what to do when there is none. */
export async function chooseWay(folder: string, postgres: string): Promise<Way> {
  const failures: string[] = []
  for (const way of candidates(folder)) {
    if (way.account) lend(folder, way.account)
    const failure = await probe(way, folder, postgres)
    if (failure === null) return way
    failures.push(`${way.name}: ${failure}`)
  }
  throw new Refusal(
    'forbidden',
    `PostgreSQL cannot run in ${folder} (${failures.join('; ')}). Start as an ordinary user that owns the folder, or run a PostgreSQL 18 elsewhere and set DATABASE_URL.`,
  )
}

function candidates(folder: string): Way[] {
  const uid = getuid?.() ?? 0
  const owner = ownerOf(join(folder, 'data'))
  if (uid !== 0) {
    if (owner !== null && owner.uid !== uid)
      throw new Refusal(
        'forbidden',
        `${join(folder, 'data')} belongs to user ${owner.uid}; this process is user ${uid}. Start as its owner.`,
      )
    return hasName() ? [{ name: `as user ${uid}`, prefix: [] }] : mapped()
  }
  if (owner !== null) return owner.uid === 0 ? mapped() : [asAccount(owner)]
  const neighbour = firstOwnerAbove(folder)
  const others = [...(neighbour ? [neighbour] : []), ...accounts()]
  return [...mapped(), ...others.map(asAccount)]
}

/**
 * A user namespace in which we are an ordinary account: PostgreSQL is content, while to the system the process and its files stay
 * ours, so a folder that only we may enter will do and no account is needed. initdb wants a name for it, hence a known account.
 */
function mapped(): Way[] {
  const { uid, gid } = accounts()[0] ?? { uid: 65534, gid: 65534 }
  return [{ name: `in a user namespace as user ${uid}`, prefix: ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`] }]
}

const asAccount = (account: { uid: number; gid: number }): Way => ({ name: `as user ${account.uid}`, prefix: [], account })

function accounts(): { uid: number; gid: number }[] {
  const known = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : []
  return ['postgres', '_postgres', 'nobody'].flatMap((wanted) =>
    known.flatMap((line) => {
      const [name, , uid, gid] = line.split(':')
      return name === wanted && Number(uid) > 0 ? [{ uid: Number(uid), gid: Number(gid) }] : []
    }),
  )
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

function ownerOf(path: string): { uid: number; gid: number } | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? { uid: stat.uid, gid: stat.gid } : null
}

/** With `sudo` inside somebody's home, only that somebody gets in besides the real root. */
function firstOwnerAbove(folder: string): { uid: number; gid: number } | null {
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) {
    const owner = ownerOf(path)
    if (owner && owner.uid !== 0) return owner
  }
  return null
}

/** Only a folder without a cluster changes hands. */
function lend(folder: string, { uid, gid }: { uid: number; gid: number }): void {
  if (!readdirSync(folder).includes('data')) chownSync(folder, uid, gid)
}

/** Null, or why not: enters the folder, may write there, has a name, and finds the libraries. */
function probe(way: Way, folder: string, postgres: string): Promise<string | null> {
  const [command = '', ...args] = [...way.prefix, 'sh', '-c', 'cd "$0" && test -w . && id -un && exec "$1" --version', folder, postgres]
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...way.account, env: bareEnvironment, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code) => resolve(code === 0 ? null : said.trim().split('\n').at(-1) || `not writable (${code})`))
  })
}
