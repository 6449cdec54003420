// Into which build to project: the one that readers use, or one that is to take its place.
import type { Position } from '../../domain/change.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build, Projection } from '../../ports/projection.ts'

/**
 * The last 100,000 of 110,000 reviews took 368 s into a build that is searched, whose indexes and counts of words are kept with each
 * batch, and reads beside it had a p99 of 160 ms; all 110,000 took 157 s into a new one, which makes these once, and reads 22 ms (two
 * shared cores, 2026-11-28). What is worked off within a minute is not worth a second build.
 */
const farBehindDefault = 10_000

/** It lacks so many changes, and half of a log that ends at `end`. One that was never whole has no indexes to keep yet. */
export const isFarBehind = ({ position: { seq }, caughtUpAt }: Build, end: number, least = farBehindDefault): boolean =>
  caughtUpAt !== null && end - seq >= least && end - seq >= seq

export interface Choice {
  /** What readers use. It may be of an earlier epoch. */
  live: Build
  /** Into which to project. */
  into: Build
}

export function openChooser({ projection, log, farBehind }: { projection: Projection; log: Log; farBehind?: number }) {
  let hasRoom = true
  /** A build that is made for speed alone. */
  let spare: string | null = null
  const isBetterAnew = (live: Build, end: number) => hasRoom && isFarBehind(live, end, farBehind)
  return {
    isBetterAnew,
    /** The live build, unless it is of another log, or a new one holds all of the log sooner. */
    async choose({ epoch, seq }: Position): Promise<Choice> {
      spare = null
      const live = await projection.open(epoch)
      const isOfLog = live.position.epoch === epoch
      if (isOfLog && !isBetterAnew(live, seq)) return { live, into: live }
      const into = await projection.successor(live.schema, epoch)
      if (into.live) return { live: into, into }
      if (isOfLog) spare = into.schema
      log.info('building anew beside what readers use', { schema: into.schema, from: into.position.seq, to: seq, live })
      return { live, into }
    },
    /** Where there is no room for two builds, the live one is brought on, slowly, for as long as this process lives. */
    async failed(error: unknown): Promise<void> {
      if (spare === null || !(error instanceof Refusal) || error.reason !== 'full') return
      hasRoom = false
      log.warn('no room to build anew: going on with what readers use', { schema: spare, error })
      await projection.drop(spare).catch((failure) => log.warn('a build that nobody uses is left', { schema: spare, error: failure }))
    },
  }
}
