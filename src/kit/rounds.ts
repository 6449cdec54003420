// A loop that does something now and then until a signal.
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

const firstPauseMs = 1_000
const pauseMaxMs = 30_000

/** Rounds until the signal, each after the wait that the one before asked for; after a failure with growing pauses. */
export async function rounds(
  { what, round, clock, log }: { what: string; round: () => Promise<number>; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    let waitMs: number
    try {
      waitMs = await round()
      failures = 0
    } catch (error) {
      waitMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** failures++)
      log.error('round failed', { what, failures, waitMs, error })
    }
    await clock.sleep(waitMs, signal)
  }
}
