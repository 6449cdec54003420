// One real PostgreSQL for all tests of a process: started at the first call, gone with the process.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../src/engines/embedded/start-postgres.ts'
import { systemClock } from '../src/kit/clock.ts'
import { silentLog } from '../src/kit/log.ts'

export interface TestDatabase {
  url: string
  drop(): Promise<void>
}

export interface TestPostgres {
  url: string
  /** A fresh, empty database. */
  database(name?: string): Promise<TestDatabase>
}

const prefix = 'rcr-test-postgres-'
let started: Promise<TestPostgres> | undefined

export function testPostgres(): Promise<TestPostgres> {
  started ??= start()
  return started
}

async function start(): Promise<TestPostgres> {
  removeLeftovers()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  tidyAfterwards(folder)
  const { url } = await startPostgres({
    folder,
    log: silentLog,
    clock: systemClock,
    settings: { fsync: false, full_page_writes: false, synchronous_commit: false, max_connections: 200, shared_buffers: '128MB' },
  })
  return {
    url,
    async database(name = `test_${randomBytes(6).toString('hex')}`) {
      await ask(url, `create database "${name}"`)
      const own = new URL(url)
      own.pathname = `/${name}`
      return { url: own.href, drop: () => ask(url, `drop database if exists "${name}" with (force)`) }
    },
  }
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

/**
 * `bun test` ends without an exit event and may be killed: a shell waits for the end of its standard input, a pipe from us, then
 * ends the server and removes the folder.
 */
function tidyAfterwards(folder: string): void {
  const script = `cat >/dev/null
    kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")"
    for _ in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" && exit; sleep 0.2; done`
  spawn('sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true }).unref()
}

/** Of a machine that went down meanwhile. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0
    if (pid > 0 && !isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true, maxRetries: 10 })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
