// Makes a replica the primary. The others, and the old primary when it comes back, see the later timeline and follow it by themselves.
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { lookAround, type OpenPeers, openPeer, type Place, primaryAmong, type Sighting } from './peer.ts'

export interface Promotion {
  places: readonly Place[]
  /** Null: the one that has received most. */
  region: string | null
  /** Even if there is a primary that answers, or another replica that has received more. */
  anyway: boolean
  peers: OpenPeers
  clock: Clock
  log: Log
}

export interface Promoted {
  region: string
  timeline: number
  /** Those that have received more, and have to be copied anew; and those that did not answer. */
  ahead: string[]
  away: string[]
}

const patienceMs = 60_000

/**
 * What the replica lacks of the old primary's rows is brought by the projector from the master's log, which is the truth: nothing that
 * was acknowledged is lost by it.
 */
export async function promote({ places, region, anyway, peers: open, clock, log }: Promotion): Promise<Promoted> {
  const peers = places.map((place) => openPeer(place, open, log))
  try {
    const sightings = await lookAround(peers)
    const primary = primaryAmong(sightings)
    if (primary !== null && !anyway)
      throw new Refusal('conflict', `The primary in ${primary.peer.region} answers. Stop it first, or add --anyway.`, {
        code: 'primary-answers',
      })
    const chosen = choose(sightings, region, anyway)
    await chosen.peer.query('select pg_promote(false)')
    const deadlineMs = clock.monotonic() + patienceMs
    for (;;) {
      const seen = await chosen.peer.look().catch(() => null)
      if (seen !== null && !seen.standby)
        return {
          region: chosen.peer.region,
          timeline: seen.timeline,
          ahead: sightings.filter((other) => other.seen.standby && isAhead(other, chosen)).map(({ peer }) => peer.region),
          away: peers.filter((peer) => !sightings.some((sighting) => sighting.peer === peer)).map((peer) => peer.region),
        }
      if (clock.monotonic() > deadlineMs)
        throw new Refusal('late', `${chosen.peer.region} has not become the primary within a minute. Look into its log.`)
      await clock.sleep(50)
    }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
  }
}

function choose(sightings: readonly Sighting[], region: string | null, anyway: boolean): Sighting {
  const standbys = sightings.filter(({ seen }) => seen.standby).toSorted((a, b) => (isAhead(a, b) ? -1 : isAhead(b, a) ? 1 : 0))
  const [best] = standbys
  if (best === undefined) throw new Refusal('unavailable', 'No replica answers.')
  if (region === null) return best
  const wanted = standbys.find(({ peer }) => peer.region === region)
  if (wanted === undefined) throw new Refusal('unavailable', `The replica in ${region} does not answer, or there is none.`)
  if (isAhead(best, wanted) && !anyway)
    throw new Refusal(
      'conflict',
      `The replica in ${best.peer.region} has received ${best.seen.lsn - wanted.seen.lsn} bytes more. Promote that one, or add --anyway.`,
      { code: 'not-the-most-advanced' },
    )
  return wanted
}

const isAhead = (a: Sighting, b: Sighting): boolean =>
  a.seen.timeline > b.seen.timeline || (a.seen.timeline === b.seen.timeline && a.seen.lsn > b.seen.lsn)
