// What the log says, in a build that nobody reads: brought from one position to the next, and sliced there.
import { instant } from '../../kit/clock.ts'
import { patiently } from '../../kit/patiently.ts'
import type { Build, Range, Slice } from '../../ports/projection.ts'
import { feedOf, type ReplayPorts, type Watching } from './replay.ts'

export interface Truth {
  /** Of the log that it follows. */
  epoch: string
  /** Where it stands. */
  reached(): number
  bringTo(seq: number): Promise<void>
  slice(range: Range): Promise<Slice>
}

const batchMax = 1000

/** At each stop it counts as whole: else it would hold no words. */
export function openTruth(ports: ReplayPorts, { schema, position: { epoch, seq } }: Build, { signal, progress }: Watching): Truth {
  const { master, projection, clock } = ports
  let reached = seq
  let isWhole = false
  return {
    epoch,
    reached: () => reached,
    async bringTo(to) {
      while (reached < to || !isWhole) {
        signal.throwIfAborted()
        const applied = await patiently({ clock, signal }, async () => {
          const changes = reached < to ? await feedOf(master, { epoch, seq: reached }, Math.min(batchMax, to - reached)) : []
          return projection.apply(schema, changes, { seq: to, at: instant(clock) })
        })
        reached = applied.position.seq
        isWhole = applied.caughtUpAt !== null
        progress({ seq: reached, of: Math.max(reached, (await master.head()).seq) })
      }
    },
    async slice(range) {
      const cut = await patiently({ clock, signal }, () => projection.slice(schema, range))
      reached = cut.position.seq
      return cut
    },
  }
}
