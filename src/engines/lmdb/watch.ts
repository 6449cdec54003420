// Waiting for the next change: woken at once by commits of this process, by polling for those of others.
import type { Clock } from '../../kit/clock.ts'

export interface Watch {
  wait(seq: number, timeoutMs: number, signal: AbortSignal): Promise<void>
  /** A commit of this process ended here. */
  reached(seq: number): void
  close(): void
}

// LMDB tells no other process that it has changed. A poll is one look at the last key (some 30 µs with the new snapshot), made only
// while somebody waits: after 1 ms while others' changes keep coming, less and less often up to 50 ms. Commits of this process wake
// whoever waits and are no reason to look more often.
const shortestMs = 1
const longestMs = 50

/** `lastSeq` must see the commits of every process. */
export function watcher(clock: Clock, lastSeq: () => number): Watch {
  const waiting = new Set<{ seq: number; wake: () => void }>()
  const closing = new AbortController()
  let polling = false
  /** The last change that anybody here has heard of. */
  let known = 0

  const reached = (seq: number) => {
    known = Math.max(known, seq)
    for (const one of waiting) if (seq > one.seq) one.wake()
  }

  const poll = async () => {
    polling = true
    let gapMs = shortestMs
    while (waiting.size > 0 && !closing.signal.aborted) {
      const seq = look(lastSeq)
      gapMs = seq > known ? shortestMs : Math.min(longestMs, gapMs * 1.25)
      reached(seq)
      await clock.sleep(gapMs, closing.signal)
    }
    polling = false
  }

  return {
    async wait(seq, timeoutMs, signal) {
      if (signal.aborted || closing.signal.aborted || look(lastSeq) > seq) return
      const woken = new AbortController()
      const one = { seq, wake: () => woken.abort() }
      waiting.add(one)
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

// An engine that cannot be read shows itself to whoever reads next; a wait never rejects.
function look(lastSeq: () => number): number {
  try {
    return lastSeq()
  } catch {
    return 0
  }
}
