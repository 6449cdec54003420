// Waiting for the next change: woken at once by commits of this process, by polling for those of others.
import type { Clock } from '../../kit/clock.ts'

export interface Watch {
  wait(seq: number, timeoutMs: number, signal: AbortSignal): Promise<void>
  /** A commit of this process ended here. */
  reached(seq: number): void
  close(): void
}

// A poll is a query that finds nothing: one read unit. One follower that waits all day costs 430,000 to 3,500,000 of them. A
// stream of the table could wake instead, but would be one more thing to set up, to pay for and to read, and no faster than this.
const shortestMs = 25
const longestMs = 200

/** `look` gives the newest seq that any process was acknowledged. */
export function watcher(clock: Clock, look: () => Promise<number>): Watch {
  const waiting = new Set<{ seq: number; wake: () => void }>()
  const closing = new AbortController()
  let polling = false

  const reached = (seq: number) => {
    for (const one of waiting) if (seq > one.seq) one.wake()
  }
  // A master that cannot be reached shows itself to whoever reads next; a wait never rejects.
  const newest = () => look().catch(() => 0)

  const poll = async () => {
    polling = true
    let gapMs = shortestMs
    let seen = 0
    while (waiting.size > 0 && !closing.signal.aborted) {
      await clock.sleep(gapMs, closing.signal)
      const seq = await newest()
      gapMs = seq > seen ? shortestMs : Math.min(longestMs, gapMs * 1.25)
      seen = Math.max(seen, seq)
      reached(seq)
    }
    polling = false
  }

  return {
    async wait(seq, timeoutMs, signal) {
      if (signal.aborted || closing.signal.aborted) return
      const woken = new AbortController()
      const one = { seq, wake: () => woken.abort() }
      waiting.add(one)
      void newest().then(reached)
      signal.addEventListener('abort', one.wake)
      if (!polling) void poll()
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
