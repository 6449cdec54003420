// How long a commit is waited for, and when to give this process up.
//
// After a failed write of the page that tells of a commit LMDB refuses everything (MDB_PANIC), and lmdb-js never settles the commits
// that follow (seen with injected EIO and ENOSPC, 3.5.6, 2026-11-21). Nothing but a new process helps, so that has to be said.
import type { Clock } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import { commitDeadlineMs } from '../../ports/master.ts'
import { lost } from './failure.ts'

export interface Patience {
  /**
   * What the work resolves with; refuses when it is late, at once while another is late, and when this process is lost.
   * The work calls `stored` when LMDB has done its part: whoever keeps it waiting from then on is no reason to give up.
   */
  within<T>(work: (stored: () => void) => Promise<T>): Promise<T>
  readonly lost: Promise<string>
  isLost(): boolean
  /** When nobody waits any more, and at the latest when the last one was told that it is late. */
  quiet(): Promise<void>
}

const lookEveryMs = 200
// A disk of a cloud may stand still for half a minute and come back: that is no reason to end a process that can still read.
const hopelessMs = 60_000

interface Waiting {
  sinceMs: number
  told: boolean
  stored: boolean
  answered: Promise<unknown>
  refuse(refusal: Refusal): void
}

/** `hasGivenUp`: whether LMDB has. */
export function patience(clock: Pick<Clock, 'monotonic' | 'sleep'>, hasGivenUp: () => boolean): Patience {
  const waiting = new Set<Waiting>()
  const loss = Promise.withResolvers<string>()
  let resting = new AbortController()
  let looking = false
  let isLost = false
  let isOver = false

  const giveUp = (reason: string) => {
    isLost = true
    for (const one of waiting) one.refuse(lost())
    loss.resolve(reason)
  }
  const look = () => {
    if (hasGivenUp()) giveUp('The file of the master could not be written, and LMDB answers this process no more.')
  }
  const lookOnAndOn = async () => {
    looking = true
    while (waiting.size > 0 && !isLost && !isOver) {
      resting = new AbortController()
      await clock.sleep(lookEveryMs, resting.signal)
      for (const one of waiting) {
        const ageMs = clock.monotonic() - one.sinceMs
        if (ageMs >= hopelessMs && !one.stored) giveUp(`A commit has not ended within ${hopelessMs / 1000} s.`)
        if (ageMs < commitDeadlineMs || one.told) continue
        one.told = true
        one.refuse(late('The master did not answer in time: whether this was stored is unknown. Repeat it with its Idempotency-Key.'))
        look()
      }
    }
    looking = false
  }

  return {
    lost: loss.promise,
    isLost: () => isLost,
    async quiet() {
      await Promise.allSettled([...waiting].map(({ answered }) => answered))
      isOver = true
      resting.abort()
    },
    within<T>(work: (stored: () => void) => Promise<T>) {
      if (isLost) return Promise.reject(lost())
      for (const one of waiting) if (one.told) return Promise.reject(late('The master is late. Nothing was written.'))
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const one: Waiting = { sinceMs: clock.monotonic(), told: false, stored: false, answered: promise, refuse: reject }
      waiting.add(one)
      const stored = () => {
        one.stored = true
      }
      work(stored)
        .then(resolve, (thrown: unknown) => {
          look() // what failed because LMDB has given up may yet be there after the restart
          reject(thrown)
        })
        .finally(() => waiting.delete(one))
      if (!looking) void lookOnAndOn()
      return promise
    },
  }
}

const late = (sentence: string): Refusal => new Refusal('unavailable', sentence, { code: 'master-late', retryAfterS: 2 })
