// The projector (S3): follows the log into the read model, rebuilds it, checks it, clears away what nobody uses.
import type { Master } from '../../ports/master.ts'
import type { Replica } from '../../ports/projection.ts'
import { isFarBehind } from './choose.ts'
import { type Follower, type FollowOptions, openFollower } from './follow.ts'
import { type RebuildReport, rebuild } from './rebuild.ts'
import { catchUp, type Watching } from './replay.ts'
import { type VerifyReport, verify } from './verify.ts'

export interface Project extends Follower {
  /**
   * Brings the build that readers of this code use to the end of the log. False when there is none for this log, or a new one would be
   * there sooner.
   */
  bringUp(watching: Watching): Promise<boolean>
  rebuild(watching: Watching): Promise<RebuildReport>
  verify(watching: Watching, replicas?: readonly Replica[]): Promise<VerifyReport>
}

/** A deployment rolls through all regions, or back, in less. */
const graceMs = 24 * 3_600_000
const pruneEveryMs = 3_600_000

export function openProject(options: FollowOptions & { master: Master }): Project {
  const { master, projection, clock, log } = options
  const follower = openFollower(options)
  const pruneOnAndOn = async (signal: AbortSignal) => {
    for (;;) {
      await clock.sleep(pruneEveryMs, signal)
      if (signal.aborted) return
      try {
        const dropped = await projection.prune(graceMs)
        if (dropped.length > 0) log.info('old builds dropped', { dropped })
      } catch (error) {
        log.warn('old builds could not be dropped', { error })
      }
    }
  }
  return {
    ...follower,
    run: async (signal) => {
      await Promise.all([follower.run(signal), pruneOnAndOn(signal)])
    },
    async bringUp(watching) {
      const { epoch, seq } = await master.head()
      const live = (await projection.builds()).find((build) => build.live && build.position.epoch === epoch)
      if (live === undefined || isFarBehind(live, seq, options.farBehind)) return false
      await catchUp(options, live, watching)
      return true
    },
    rebuild: (watching) => rebuild(options, watching),
    verify: (watching, replicas) => verify(options, watching, replicas),
  }
}
