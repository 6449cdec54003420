// The other processes of `rcr start --workers`: started, told what they share, started again when they end, ended with us.
//
// The channel between the two is the leash: the worker stops in order when it closes, whether we close it or are gone.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'

/** Sent to a worker as the first message: neither arguments nor environments, which others may read, hold the password. */
export interface Share {
  worker: number
  databaseUrl: string | null
  publicUrl: string
  paymentUrl: string | null
  /** The one that all listen on. */
  port: number
  workers: number
}

/** Sent to a worker when the first process is asked to stop: most supervisors tell that one alone. */
export interface Leave {
  /** The signal that asked: a worker drains as the first process does. */
  leave: string
}

/** What a worker sends once it serves. */
export interface Up {
  /** Of its own operators' page, on loopback. */
  opsUrl: string
}

export interface Workers {
  /** Resolves when each of them has served for the first time. */
  up: Promise<void>
  status(): readonly WorkerStatus[]
  /** The operators' pages of those that are up. */
  pages(): Readonly<Record<string, string>>
  /** Lets them end what they have begun, and ends them by force after `patienceMs`. */
  stop(patienceMs: number): Promise<void>
}

export interface WorkerStatus {
  worker: number
  state: 'starting' | 'up' | 'waiting'
  pid: number | null
  restarts: number
}

interface Member extends WorkerStatus {
  opsUrl: string | null
  child: ChildProcess | null
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const shortestPauseMs = 100
const longestPauseMs = 10_000
// One that lived so long is not the kind that dies at its start.
const wellMs = 10_000

/** Until `stop`; what its signal asks is passed on, and from then on none is started again. */
export function keepWorkers(
  share: Omit<Share, 'worker'>,
  { clock, log, signal }: { clock: Clock; log: Log; signal: AbortSignal },
): Workers {
  const stopped = new AbortController()
  const stopping = AbortSignal.any([signal, stopped.signal])
  const members = Array.from({ length: share.workers - 1 }, (_, at): Member => {
    return { worker: at + 1, state: 'starting', pid: null, restarts: 0, opsUrl: null, child: null }
  })
  const firstUps = members.map(() => Promise.withResolvers<void>())

  const life = (member: Member) =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [main, 'serve', '--leashed'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      Object.assign(member, { child, pid: child.pid ?? null, state: 'starting' })
      child.on('message', (message) => {
        Object.assign(member, { state: 'up', opsUrl: (message as Up).opsUrl })
        firstUps[member.worker - 1]?.resolve()
      })
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`))
      child.send({ ...share, worker: member.worker } satisfies Share)
    })

  const keep = async (member: Member) => {
    for (let failures = 0; !stopping.aborted; member.restarts += 1) {
      const startedMs = clock.monotonic()
      const ended = await life(member)
      Object.assign(member, { child: null, pid: null, opsUrl: null, state: 'waiting' })
      if (stopping.aborted) return
      failures = clock.monotonic() - startedMs > wellMs ? 1 : failures + 1
      const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (failures - 1))
      log.error('a worker ended, another one follows', { worker: member.worker, ended, pauseMs })
      await clock.sleep(pauseMs, stopping)
    }
  }
  const ended = Promise.all(members.map(keep))
  const passOn = () => {
    const message: Leave = { leave: (signal.reason as Error).message }
    // One that ends in this moment need not hear it.
    for (const { child } of members) if (child?.connected) child.send(message, () => {})
  }
  signal.addEventListener('abort', passOn, { once: true })

  return {
    up: Promise.all(firstUps.map(({ promise }) => promise)).then(() => {}),
    status: () => members.map(({ worker, state, pid, restarts }) => ({ worker, state, pid, restarts })),
    pages: () => Object.fromEntries(members.flatMap(({ worker, opsUrl }) => (opsUrl === null ? [] : [[worker, opsUrl]]))),
    async stop(patienceMs) {
      stopped.abort()
      for (const { child } of members) if (child?.connected) child.disconnect()
      const settled = new AbortController()
      const late = clock.sleep(patienceMs, settled.signal).then(() => {
        for (const { child } of members) child?.kill('SIGKILL')
      })
      await ended
      settled.abort()
      await late
    },
  }
}
