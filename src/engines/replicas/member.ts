// One database of the ring, run on this machine: the primary, or a standby that follows whoever is primary.
//
//   no data ─copy of the primary─▶ standby ─promoted─▶ primary ─a later primary is there─▶ standby
//                                  │    ▲
//                                  └────┘ cannot follow: a new copy beside the old one, which is read meanwhile, then in its place
import { Refusal } from '../../kit/refusal.ts'
import { type MemberOptions, openLocal } from './local.ts'
import { lookAround, openPeer, type Peer, type Place, primaryAmong, type Seen } from './peer.ts'
import { watchOver } from './watch.ts'

export interface MemberStatus {
  region: string
  role: 'primary' | 'replica' | 'away'
  /** Whom it follows. */
  follows: string | null
  streaming: boolean
  timeline: number | null
  lagS: number | null
  /** Times that it was copied anew because it could not follow. */
  copies: number
}

export interface Member {
  status(): MemberStatus
  /** Resolves when it has ended after the signal. */
  ended: Promise<void>
}

const tickMs = 1_000
const startPauseMs = { first: 1_000, most: 10_000 }

/** Resolves when it takes connections. A replica without data waits for a primary to copy, until the signal. */
export async function openMember(options: MemberOptions): Promise<Member> {
  const { region, places, peers: open, log, clock, signal } = options
  const place = demandPlace(places, region)
  const own = openPeer(place, open, log)
  const others = places.filter((other) => other !== place).map((other) => openPeer(other, open, log))
  const closePeers = () => Promise.all([own, ...others].map((peer) => peer.close()))
  const local = openLocal(options, place)
  let seen: Seen | null = null
  const look = async () => {
    seen = await own.look().catch(() => null)
    return seen
  }
  try {
    await firstStart(async () => local.start(local.hasData() ? null : await originOf(others, options)), options)
  } catch (error) {
    await closePeers()
    throw error
  }
  const keep = watchOver({ ...local, look, around: async () => primaryAmong(await lookAround(others)) }, clock)
  const live = async () => {
    while (!signal.aborted) {
      await keep().catch((error: unknown) => log.warn('the ring is in trouble, trying again', { region, error }))
      await clock.sleep(tickMs, signal)
    }
    await local.stop()
    await closePeers()
  }
  return {
    ended: live(),
    status: () => ({
      region,
      role: seen === null ? 'away' : seen.standby ? 'replica' : 'primary',
      follows: seen?.standby ? (local.follows()?.region ?? null) : null,
      streaming: seen?.streaming ?? false,
      timeline: seen?.timeline ?? null,
      lagS: seen?.lagS ?? null,
      copies: local.copies(),
    }),
  }
}

function demandPlace(places: readonly Place[], region: string): Place {
  const place = places.find((candidate) => candidate.region === region)
  if (place !== undefined) return place
  const names = places.map(({ region: name }) => name).join(', ')
  throw new Refusal('invalid', `There is no database of region ${region} among: ${names}.`)
}

/** What to copy. Null for the very first: an empty primary is made where none answers. */
async function originOf(others: readonly Peer[], { first, clock, signal, log, region }: MemberOptions): Promise<Peer | null> {
  for (let tries = 0; !signal.aborted; tries++) {
    const primary = primaryAmong(await lookAround(others))
    if (primary !== null) return primary.peer
    if (first === 'primary') return null
    if (tries === 0) log.info('no primary answers, waiting for one to copy', { region })
    await clock.sleep(tickMs, signal)
  }
  throw new Refusal('unavailable', 'Stopped before a primary was there to copy.')
}

/** A copy may break off; what is wrong with this machine is a Refusal, and stays. */
async function firstStart(start: () => Promise<void>, { clock, signal, log, region }: MemberOptions): Promise<void> {
  for (let pauseMs = startPauseMs.first; ; pauseMs = Math.min(startPauseMs.most, pauseMs * 2)) {
    try {
      return await start()
    } catch (error) {
      if (error instanceof Refusal || signal.aborted) throw error
      log.warn('the database did not start, trying again', { region, error })
    }
    await clock.sleep(pauseMs, signal)
  }
}
