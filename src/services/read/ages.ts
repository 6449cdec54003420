// How long a copy may be sent: fresh, stale while asking, stale in trouble.
import { comparePositions, type Position } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Copy } from './copy.ts'
import type { Follower } from './tail.ts'

const confirmedForMs = 5000
const freshMs = 60_000
// Of a slug that nobody has. The publication that takes it purges it, but a flood of made-up ones must not stay.
const missingMs = 3000
// Purges follow this region's replica, and say nothing of what another one has shown.
const borrowedMs = 1000
const revalidateMs = 30_000
const rescueMs = 600_000

export type Ages = ReturnType<typeof agesOf>

export function agesOf(tail: Pick<Follower, 'position' | 'confirmedMs'>, clock: Clock) {
  const confirmedMs = (copy: Copy) => Math.max(copy.filledMs, tail.confirmedMs())
  const freshUntil = (copy: Copy) =>
    copy.borrowed
      ? copy.filledMs + borrowedMs
      : Math.min(confirmedMs(copy) + confirmedForMs, copy.filledMs + (copy.status === 404 ? missingMs : freshMs))
  return {
    isFresh: (copy: Copy) => copy.state === 'good' && clock.monotonic() < freshUntil(copy),
    mayServeWhileAsking: (copy: Copy) =>
      copy.state === 'good' && !copy.borrowed && copy.status !== 404 && clock.monotonic() < freshUntil(copy) + revalidateMs,
    mayRescue: (copy: Copy) => copy.state !== 'out' && copy.status !== 404 && clock.monotonic() < freshUntil(copy) + rescueMs,
    /** A newer epoch holds nothing of an older token's; purges were seen up to the tail's position. */
    covers(copy: Copy, wanted: Position) {
      const seen = tail.position()
      return (
        comparePositions(copy.position, wanted) >= 0 ||
        (seen !== null && seen.epoch === copy.position.epoch && comparePositions(seen, wanted) >= 0)
      )
    },
    /** Age counts from the last moment at which the replica was known to say the same; RFC 9211 says the rest. */
    staleness(copy: Copy, detail: string, forwarded = 'hit') {
      const since = copy.state === 'good' ? confirmedMs(copy) : copy.filledMs
      const overMs = clock.monotonic() - freshUntil(copy)
      const ageS = Math.floor((clock.monotonic() - since) / 1000)
      return { ageS, cacheStatus: `rcr; ${forwarded}; ttl=${-Math.max(0, Math.ceil(overMs / 1000))}; detail=${detail}` }
    },
  }
}
