// Keeps a server running: starts it again after every end that nobody asked for.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Guard } from './guard.ts'
import type { Server } from './server.ts'
import { isPassing, troubleOf } from './trouble.ts'

export interface Supervised {
  /** Null between a crash and the restart. */
  pid(): number | null
  /** Resolves when it has ended for good. */
  stopped: Promise<void>
  stop(): Promise<void>
}

const passingMs = 10_000
const passingPollMs = 100
const backoffMs = { first: 100, most: 5_000 }
const soundMs = 30_000

/** Resolves when the first server is ready; rejects when it cannot become so, or on abort. */
export async function supervise(of: {
  launch: () => Server
  guard: Guard
  clock: Clock
  log: Log
  place: { folder: string; host: string; port: number }
  signal: AbortSignal | undefined
}): Promise<Supervised> {
  const { launch, guard, clock, log, place } = of
  const stopping = new AbortController()
  let server: Server | null = null

  const ended = async (which: Server) => {
    const exit = await which.exited
    server = null
    guard.watch(null)
    return exit
  }

  /** Null when stopped meanwhile; throws what hinders it. */
  const untilReady = async (): Promise<Server | null> => {
    const deadline = clock.monotonic() + passingMs
    while (!stopping.signal.aborted) {
      const tried = launch()
      server = tried
      guard.watch(tried.pid)
      if (await tried.ready) return tried
      const { said } = await ended(tried)
      if (stopping.signal.aborted) break
      if (!isPassing(said) || clock.monotonic() > deadline) throw troubleOf(said, place)
      await clock.sleep(passingPollMs, stopping.signal)
    }
    return null
  }

  const keep = async (first: Server): Promise<void> => {
    let running: Server | null = first
    let pauseMs = backoffMs.first
    while (!stopping.signal.aborted) {
      if (running) {
        const since = clock.monotonic()
        const { code, signal } = await ended(running)
        if (stopping.signal.aborted) return
        log.warn('postgres ended, starting it again', { code, signal })
        if (clock.monotonic() - since > soundMs) pauseMs = backoffMs.first
      }
      await clock.sleep(pauseMs, stopping.signal)
      pauseMs = Math.min(pauseMs * 2, backoffMs.most)
      running = await untilReady().catch((error: unknown) => {
        log.error('postgres does not start, trying again', { error })
        return null
      })
      if (running) log.info('postgres is up again', { port: place.port })
    }
    if (running) await ended(running)
  }

  const abort = () => {
    stopping.abort()
    void server?.stop()
  }
  if (of.signal?.aborted) abort()
  of.signal?.addEventListener('abort', abort, { once: true })
  const first = await untilReady()
  if (first === null) throw of.signal?.reason
  const stopped = keep(first).finally(() => {
    of.signal?.removeEventListener('abort', abort)
    return guard.release()
  })
  return {
    pid: () => server?.pid ?? null,
    stopped,
    stop() {
      abort()
      return stopped
    },
  }
}
