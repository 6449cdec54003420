// One PostgreSQL process, from spawn to exit: its output into our log, its readiness, its orderly end.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '../../kit/clock.ts'
import { bareEnvironment } from '../../kit/flock.ts'
import type { Log } from '../../kit/log.ts'
import { isReady } from './postmaster-pid.ts'
import type { Way } from './way.ts'

export interface Server {
  pid: number | null
  /** True when it takes connections, false when it ended before. */
  ready: Promise<boolean>
  exited: Promise<{ code: number | null; signal: string | null; said: string }>
  /** Fast shutdown; at once (crash recovery at the next start) when that takes too long. */
  stop(): Promise<void>
}

const readyPollMs = 10
const fastStopMs = 8_000
const keptLines = 20
const lastWordsMs = 300

export function runServer(at: { way: Way; postgres: string; data: string; config: string; clock: Clock; log: Log }): Server {
  const { way, data, clock, log } = at
  const [command = '', ...args] = [...way.prefix, at.postgres, '-D', data, '-c', `config_file=${at.config}`]
  // In a session of its own: Ctrl-C in a terminal must reach us alone, or the database would be gone before we have drained.
  const child = spawn(command, args, {
    ...way.account,
    cwd: '/',
    env: bareEnvironment,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = exitOf(child, clock, log)
  let isOver = false
  void exited.then(() => {
    isOver = true
  })
  const pid = child.pid ?? null
  return {
    pid,
    exited,
    ready: (async () => {
      while (!isOver) {
        if (pid !== null && isReady(data, pid)) return true
        await clock.sleep(readyPollMs)
      }
      return false
    })(),
    async stop() {
      if (isOver) return
      child.kill('SIGINT')
      const patience = new AbortController()
      const slow = clock.sleep(fastStopMs, patience.signal).then(() => {
        if (!isOver) child.kill('SIGQUIT')
      })
      await exited
      patience.abort()
      await slow
    },
  }
}

function exitOf(child: ChildProcess, clock: Clock, log: Log): Server['exited'] {
  const said: string[] = []
  if (child.stderr)
    createInterface(child.stderr).on('line', (line) => {
      said.push(line)
      if (said.length > keptLines) said.shift()
      tell(log, line)
    })
  return new Promise((resolve) => {
    const end = (code: number | null, signal: string | null) => resolve({ code, signal, said: said.join('\n') })
    child.once('error', (error) => {
      said.push(error.message)
      end(null, null)
    })
    child.once('close', end)
    // Children of a killed server keep its output open as long as they live.
    child.once('exit', (code, signal) => void clock.sleep(lastWordsMs).then(() => end(code, signal)))
  })
}

// What clients hear while it starts, stops or recovers: they come back by themselves.
const passing = /^(the database system is |terminating connection due to administrator command)/

/** ERROR is an answer to a client, who deals with it. LOG is news. FATAL ends one connection or the start. */
function tell(log: Log, line: string): void {
  const [, level, text = ''] = /^(LOG|WARNING|ERROR|FATAL|PANIC):\s+(.*)$/.exec(line) ?? [undefined, 'LOG', line]
  if (level === 'PANIC') log.error('postgres', { text })
  else if (level === 'WARNING' || (level === 'FATAL' && !passing.test(text))) log.warn('postgres', { text })
  else log.debug('postgres', { text })
}
