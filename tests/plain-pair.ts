// A primary and a standby of somebody's own, made by hand: PostgreSQL 15 of Debian where it is installed, else the embedded binaries.
// Nothing of ours starts, watches, copies or promotes them.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findBinaries } from '../src/engines/embedded/binaries.ts'
import { chooseWay } from '../src/engines/embedded/way.ts'
import { bareEnvironment } from '../src/kit/flock.ts'
import { ask, freePorts, until } from './ring.ts'

const debian = '/usr/lib/postgresql/15/bin'
const [admin, secret] = ['somebody', 'their-own-secret']

export interface PlainPair extends AsyncDisposable {
  /** Of the database's owner, who is no superuser. */
  primary: string
  standby: string
  kill(): void
  /** As `pg_ctl promote` does it. */
  promote(): void
}

export async function openPlainPair(): Promise<PlainPair> {
  const bin = existsSync(join(debian, 'postgres')) ? debian : dirname(findBinaries().postgres)
  const folder = mkdtempSync(join(tmpdir(), 'rcr-plain-'))
  const way = await chooseWay(folder, join(bin, 'postgres'))
  const asWay = { ...way.account, cwd: '/', env: bareEnvironment }
  const run = (program: string, ...words: string[]) => {
    const [command = '', ...all] = [...way.prefix, program, ...words]
    const { status, stderr } = spawnSync(command, all, { ...asWay, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
  }
  const [first = 0, second = 0] = await freePorts(2)
  const urlOf = (port: number, who = `owner:${secret}`, database = 'reviews') => `postgres://${who}@127.0.0.1:${port}/${database}`
  const serve = async (name: string, port: number, ...more: string[]) => {
    const options = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', shared_buffers: '16MB' }
    const words = Object.entries(options).flatMap(([option, value]) => ['-c', `${option}=${value}`])
    const [command = '', ...all] = [...way.prefix, join(bin, 'postgres'), '-D', join(folder, name), ...words, ...more]
    const child = spawn(command, all, { ...asWay, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await until(() => ask(urlOf(port, `${admin}:${secret}`, 'postgres'), 'select 1 as n'))
    return { child, ended }
  }

  const password = join(folder, 'password')
  writeFileSync(password, secret, { mode: 0o644 })
  run(join(bin, 'initdb'), '-D', join(folder, 'one'), '-U', admin, '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--no-sync')
  const empty = await serve('one', first)
  const byAdmin = (statement: string) => ask(urlOf(first, `${admin}:${secret}`, 'postgres'), statement)
  await byAdmin(`create role owner login createrole password '${secret}'`)
  await byAdmin('create database reviews owner owner')
  empty.child.kill('SIGINT')
  await empty.ended
  run('cp', '-a', join(folder, 'one'), join(folder, 'two'))
  run('touch', join(folder, 'two', 'standby.signal'))
  const one = await serve('one', first)
  const conninfo = `host=127.0.0.1 port=${first} user=${admin} password=${secret}`
  const two = await serve('two', second, '-c', `primary_conninfo=${conninfo}`)
  return {
    primary: urlOf(first),
    standby: urlOf(second),
    kill: () => void one.child.kill('SIGKILL'),
    promote: () => run(join(bin, 'pg_ctl'), 'promote', '-D', join(folder, 'two')),
    async [Symbol.asyncDispose]() {
      for (const { child, ended } of [two, one]) {
        child.kill('SIGQUIT')
        await ended
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}
