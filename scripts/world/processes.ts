// The processes of the world: started, started again when they end, ended in order. What they say goes to a file each.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { familyOf } from '../../bench/kit/process.ts'
import { systemClock } from '../../src/kit/clock.ts'

// Whatever becomes of the world, its processes shall not stay behind (Linux; elsewhere only when it ends in order).
const setpriv = '/usr/bin/setpriv'
const leash = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', '--'] : []
const main = join(import.meta.dir, '..', '..', 'src', 'main.ts')

export interface Process {
  name: string
  pid(): number
  restarts(): number
  /** Ended as an operator ends it, SIGTERM, and started again; resolves when it can be used. Rejects when nobody starts it again. */
  restart(): Promise<void>
  /** To it and to all that it has started. */
  signal(signal: NodeJS.Signals): void
  /** Ended by force with all that it has started, and not started again before `release`. */
  hold(): Promise<void>
  release(): void
  /** For good: in order and without a drain, by force when that takes too long, or by force at once. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>
}

interface Starting {
  name: string
  command: readonly string[]
  /** Its settings; none are inherited. */
  settings?: Readonly<Record<string, string>>
  /** Answered with this status (200) when it can be used. */
  readyUrl: string
  readyStatus?: number
  /** Each line that it prints, instead of the file. */
  onLine?: (line: string) => void
}

const readyMs = 60_000
/** One that has not been ready in so many lives will not be. */
const livesAtStart = 3
const standardPatienceMs = 15_000
const pauseMs = 500

/** Of `rcr`. */
export const rcr = (...words: string[]): readonly string[] => [process.execPath, main, ...words]

/** `patienceMs`: who has not ended in order by then is ended by force. */
export function keepProcesses(folder: string, patienceMs = standardPatienceMs) {
  mkdirSync(folder, { recursive: true })
  const stopping = new AbortController()

  async function start({ name, command, settings = {}, readyUrl, readyStatus = 200, onLine }: Starting): Promise<Process> {
    const [program = '', ...words] = [...leash, ...command]
    const file = openSync(join(folder, `${name}.log`), 'a', 0o600)
    let child: ChildProcess | null = null
    let lives = 0
    let isOver = false
    let isRestarting = false
    let held: PromiseWithResolvers<void> | null = null
    const life = () =>
      new Promise<void>((resolve) => {
        // A group of its own: Ctrl-C reaches the world alone, which ends all in order.
        const born = spawn(program, words, {
          env: { ...inherited(), ...settings },
          stdio: ['ignore', onLine === undefined ? file : 'pipe', file],
          detached: true,
        })
        child = born
        lives += 1
        let rest = ''
        born.stdout?.on('data', (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) onLine?.(line)
        })
        born.once('error', () => resolve())
        born.once('exit', () => resolve())
      })
    const keep = async () => {
      while (!isOver && !stopping.signal.aborted) {
        await life()
        if (!isOver && !isRestarting) await systemClock.sleep(pauseMs, stopping.signal)
        isRestarting = false
        await Promise.race([held?.promise, aborted(stopping.signal)])
      }
    }
    const ended = keep()
    const one: Process = {
      name,
      pid: () => child?.pid ?? 0,
      restarts: () => lives - 1,
      async restart() {
        demandKept()
        const [life, leaving] = [lives, child]
        isRestarting = true
        leaving?.kill('SIGTERM')
        const late = setTimeout(() => leaving?.kill('SIGKILL'), patienceMs)
        try {
          while (lives === life && !stopping.signal.aborted) {
            await systemClock.sleep(20, stopping.signal)
            demandKept()
          }
        } finally {
          clearTimeout(late)
        }
        await untilReady()
      },
      signal(signal) {
        if (child === null || !isAlive(child)) return
        for (const pid of familyOf(child.pid ?? 0)) tell(pid, signal)
      },
      async hold() {
        held ??= Promise.withResolvers<void>()
        if (child === null || !isAlive(child)) return
        const gone = once(child, 'exit')
        one.signal('SIGKILL')
        await gone
      },
      release() {
        held?.resolve()
        held = null
      },
      async stop(signal = 'SIGINT') {
        if (isOver) return ended
        isOver = true
        one.release()
        child?.kill(signal)
        const late = setTimeout(() => child?.kill('SIGKILL'), patienceMs)
        await ended
        clearTimeout(late)
        closeSync(file)
      },
    }
    all.push(one)
    function demandKept() {
      const why = isOver ? 'stopped' : held !== null ? 'held' : null
      if (why !== null) throw new Error(`${name} is not started again: it is ${why}.`)
    }
    async function untilReady() {
      const untilMs = systemClock.monotonic() + readyMs
      const before = lives
      while ((await statusOf(readyUrl)) !== readyStatus) {
        if (stopping.signal.aborted) return
        if (lives >= before + livesAtStart || systemClock.monotonic() > untilMs)
          throw new Error(`${name} does not start: see ${join(folder, name)}.log`)
        await systemClock.sleep(50, stopping.signal)
      }
    }
    await untilReady()
    return one
  }

  const all: Process[] = []
  return {
    start,
    all: all as readonly Process[],
    /** Those who ask before those whom they ask. */
    async stop() {
      stopping.abort()
      const stage = ({ name }: Process) => stages.findIndex((prefix) => name.startsWith(prefix))
      for (const [at] of stages.entries()) await Promise.all(all.filter((one) => stage(one) === at).map((one) => one.stop()))
    },
  }
}
export type Processes = ReturnType<typeof keepProcesses>

/** Not at once: meanwhile the ways between the regions have to carry what is on them. */
export async function runToEnd([program = '', ...words]: readonly string[], settings: Readonly<Record<string, string>>): Promise<string> {
  const options = { env: { ...inherited(), ...settings }, timeout: readyMs }
  return (await promisify(execFile)(program, words, options)).stdout
}

const stages = ['gateway', 'read', 'home', 'database-', 'primary', '']

const statusOf = (url: string): Promise<number> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status,
    () => 0,
  )

const isAlive = ({ pid, exitCode, signalCode }: ChildProcess): boolean => pid !== undefined && exitCode === null && signalCode === null

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {} // has ended by itself
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const inherited = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^RCR_|^DATABASE_URL$/.test(name)))
