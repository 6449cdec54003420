// Waiting for the next change of a log: woken at once by commits of this process, by polling for those of others.
import type { Clock } from './clock.ts'

export interface Watch {
  wait(seq: number, timeoutMs: number, signal: AbortSignal): Promise<void>
  /** A commit of this process ended here. */
  reached(seq: number): void
  close(): void
}

export interface WatchOptions {
  clock: Clock
  /** The newest seq that any process was acknowledged. What it throws shows itself to whoever reads next; a wait never rejects. */
  newest: () => number | Promise<number>
  /** Looks are made only while somebody waits: after this time while others' changes keep coming, then less and less often. */
  shortestMs: number
  longestMs: number
}

export function watcher({ clock, newest, shortestMs, longestMs }: WatchOptions): Watch {
  const waiting = new Set<{ seq: number; wake: () => void }>()
  const closing = new AbortController()
  let polling = false
  /** The last change that anybody here has heard of. Commits of this process are no reason to look more often. */
  let known = 0

  const reached = (seq: number) => {
    known = Math.max(known, seq)
    for (const one of waiting) if (seq > one.seq) one.wake()
  }

  const look = async (): Promise<number> => {
    try {
      return await newest()
    } catch {
      return 0
    }
  }

  const poll = async () => {
    polling = true
    let gapMs = shortestMs
    while (waiting.size > 0 && !closing.signal.aborted) {
      const seq = await look()
      gapMs = seq > known ? shortestMs : Math.min(longestMs, gapMs * 1.25)
      reached(seq)
      await clock.sleep(gapMs, closing.signal)
    }
    polling = false
  }

  return {
    async wait(seq, timeoutMs, signal) {
      if (signal.aborted || closing.signal.aborted) return
      const woken = new AbortController()
      const one = { seq, wake: () => woken.abort() }
      waiting.add(one)
      signal.addEventListener('abort', one.wake)
      if (polling) void look().then(reached)
      else void poll()
      await clock.sleep(timeoutMs, woken.signal)
      signal.removeEventListener('abort', one.wake)
      waiting.delete(one)
    },
    reached,
    close() {
      closing.abort()
      for (const one of waiting) one.wake()
    },
  }
}
