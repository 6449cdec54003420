// Programs beside us: found, started on a core of their own, watched through /proc, and ended by their ids.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Tool = 'wrk' | 'nginx' | 'pgbench' | 'java'

// Where Debian puts what is not on everybody's path.
const elsewhere: Record<string, readonly string[]> = {
  nginx: ['/usr/sbin'],
  pgbench: existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').map((major) => `/usr/lib/postgresql/${major}/bin`) : [],
}

export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...(elsewhere[name] ?? [])]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

export function demandProgram(name: string): string {
  const path = findProgram(name)
  if (path === null) throw new Error(`${name} is not installed`)
  return path
}

/** The server has one core for itself, the load another: what both cost can be told apart. */
export type Core = 'server' | 'load' | 'any'

const taskset = findProgram('taskset')
export const isPinned = taskset !== null

function command(core: Core, words: readonly string[]): [string, string[]] {
  const [program = '', ...args] = core === 'any' || taskset === null ? words : [taskset, '-c', core === 'server' ? '0' : '1', ...words]
  return [program, args]
}

export interface Started {
  pid: number
  /** What the text that was waited for said. */
  said: RegExpExecArray
  /** In order, then by force. */
  stop(): Promise<void>
}

interface Starting {
  core: Core
  words: readonly string[]
  env?: Record<string, string>
  /** It is up when its standard output has this. */
  ready: RegExp
  timeoutMs?: number
}

const children = new Set<ChildProcess>()

export async function start({ core, words, env, ready, timeoutMs = 60_000 }: Starting): Promise<Started> {
  const child = spawn(...command(core, words), { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve(void children.delete(child))))
  const said = await new Promise<RegExpExecArray>((resolve, reject) => {
    let output = ''
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-20_000)
        const found = ready.exec(output)
        if (found) resolve(found)
        if (found) clearTimeout(late)
      })
    child.once('error', reject)
    void exited.then(() => reject(new Error(`${words.join(' ')} ended, or was not up in time: ${output.slice(-2000)}`)))
  })
  return {
    pid: child.pid ?? 0,
    said,
    async stop() {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await exited
      clearTimeout(force)
    },
  }
}

/** Runs to its end and gives its standard output. */
export async function run(core: Core, words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(...command(core, words), { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const [output, errors] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    return () => Buffer.concat(chunks).toString()
  }) as [() => string, () => string]
  const status = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  children.delete(child)
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${errors().slice(-2000) || output().slice(-2000)}`)
  return output()
}

/** A program of `bench/clients`, told and answering in JSON. */
export async function runClient<Found>(core: Core, name: string, asked: object): Promise<Found> {
  const file = fileURLToPath(new URL(`../clients/${name}.ts`, import.meta.url))
  return JSON.parse(await run(core, [process.execPath, file, JSON.stringify(asked)])) as Found
}

export function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  server.stop(true)
  return server.port
}

/** Ends whatever is still running. */
export function endAll(): void {
  for (const child of children) child.kill('SIGTERM')
}

const ticksPerSecond = 100 // USER_HZ, the same on every Linux architecture we know

interface Stat {
  name: string
  parent: number
  ownTicks: number
  /** Of children that have ended. */
  endedTicks: number
}

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = text.lastIndexOf(')')
    const fields = text
      .slice(end + 2)
      .split(' ')
      .map(Number)
    const at = (number: number) => fields[number - 3] ?? 0 // as `man proc_pid_stat` numbers them
    return { name: text.slice(text.indexOf('(') + 1, end), parent: at(4), ownTicks: at(14) + at(15), endedTicks: at(16) + at(17) }
  } catch {
    return null
  }
}

const pids = (): number[] => readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/** A process and all below it. */
export function familyOf(pid: number): number[] {
  const parents = new Map(pids().map((one) => [one, statOf(one)?.parent]))
  const family = [pid]
  for (const member of family) for (const [one, parent] of parents) if (parent === member) family.push(one)
  return family
}

/** The PostgreSQL that a process runs. */
export const postgresOf = (pid: number): number => {
  const found = familyOf(pid).find((one) => statOf(one)?.name === 'postgres')
  if (found === undefined) throw new Error(`process ${pid} runs no PostgreSQL`)
  return found
}

/** Time on the processor in µs: of the process alone, or with all its children, those that have ended too. */
export function cpuUs(pid: number, whose: 'own' | 'family' = 'own'): number {
  const members = whose === 'own' ? [pid] : familyOf(pid)
  const ticks = members.reduce((sum, one) => {
    const stat = statOf(one)
    return sum + (stat?.ownTicks ?? 0) + (whose === 'family' ? (stat?.endedTicks ?? 0) : 0)
  }, 0)
  return (ticks / ticksPerSecond) * 1e6
}

/** Proportional set size in bytes: memory that several share counts once among them. */
export function pssBytes(members: readonly number[]): number {
  const ofOne = (pid: number) => Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  return members.reduce((sum, pid) => sum + ofOne(pid) * 1024, 0)
}
