// What a database of the ring does next, judged once a second by what it sees of itself and of the others.
//
//   standby, streaming ─────────────▶ nothing; now and then a look at the others, for a later primary
//   standby, another primary ───────▶ follows that one
//   standby, no step for 10 s ──────▶ is copied anew, if the primary answers
//   standby, stopped for settings ──▶ starts again with the primary's
//   primary, a later one is there ──▶ steps down and follows it
import type { Clock } from '../../kit/clock.ts'
import type { Peer, Seen, Sighting } from './peer.ts'

export interface Watched {
  /** Itself; null while it does not answer: its supervisor starts it again. */
  look(): Promise<Seen | null>
  /** The primary among the others. */
  around(): Promise<Sighting | null>
  follows(): Peer | null
  follow(primary: Peer): Promise<void>
  copyAnew(primary: Peer): Promise<void>
  raise(): Promise<void>
  stepDown(primary: Peer): Promise<void>
}

/** Standing still for so long while the primary answers means that what comes next is not to be had. */
const stuckMs = 10_000
const lookAroundEvery = 5
const copyPauseMs = { first: 10_000, most: 300_000 }

/** Returns what is to be called once a second. */
export function watchOver(one: Watched, clock: Clock): () => Promise<void> {
  let ticks = 0
  let movedMs = clock.monotonic()
  let lsn = -1
  let notBeforeMs = Number.NEGATIVE_INFINITY
  let pauseMs = copyPauseMs.first
  const moved = () => {
    movedMs = clock.monotonic()
  }

  const follow = async (own: Seen, primary: Peer) => {
    if (primary !== one.follows()) {
      moved()
      return one.follow(primary)
    }
    const nowMs = clock.monotonic()
    if (own.streaming || nowMs - movedMs < stuckMs || nowMs < notBeforeMs) return
    notBeforeMs = nowMs + pauseMs
    pauseMs = Math.min(copyPauseMs.most, pauseMs * 2)
    await one.copyAnew(primary)
    moved()
  }

  return async () => {
    const own = await one.look()
    if (own === null) return
    const isTime = ticks++ % lookAroundEvery === 0
    if (own.streaming || own.lsn > lsn || !own.standby) moved()
    if (own.streaming) pauseMs = copyPauseMs.first
    lsn = own.lsn
    if (own.paused) {
      await one.raise()
      moved()
    }
    if (!isTime && (own.streaming || !own.standby)) return
    const primary = await one.around()
    if (primary === null) return moved() // nobody to follow: that is not its fault
    if (own.standby) return follow(own, primary.peer)
    if (primary.seen.timeline > own.timeline) await one.stepDown(primary.peer)
  }
}
