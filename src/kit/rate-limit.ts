// A rate limit for any number of keys in a fixed piece of memory: a token bucket for each, kept as the time when it is full again (GCRA).
//
// There is no table that could grow, and nothing is ever thrown out of it, so no flood of other keys lets anybody start anew. Each key
// has one cell in each of four rows, found by a keyed hash; its bucket is what the fullest of the four says. Keys that meet in a cell can
// only make a bucket look emptier than it is, and only where all four are shared: with 1,000 keys in use that happens to one in a
// million, with 10,000 to one in two hundred, and costs it what the least of the others has taken.
import { createHmac } from 'node:crypto'
import type { Clock, RandomBytes } from './clock.ts'

/** So many at once, and as many again in each window, evenly. */
export interface Quota {
  count: number
  windowS: number
}

export interface Level {
  isAllowed: boolean
  /** How many more would be allowed now. */
  remaining: number
  /** Seconds until all are there again; whole. */
  resetS: number
  /** Seconds until the next one is allowed; whole, 0 when it is. */
  retryAfterS: number
}

export interface RateLimit {
  quota: Quota
  /** Takes one, if there is one. Who is refused is not punished for having asked. */
  take(key: Key): Level
}

/** Where a key is found in all rate limits of one maker. */
export type Key = readonly number[]

const rows = 4
const columns = 2 ** 15
// Sums of fractions come out a little over; a thousandth of one request is nobody's gain.
const tolerance = 1e-3

/** Keyed, so that nobody can look for addresses that share the cells of somebody else. */
export function keyMaker(random: RandomBytes): (text: string) => Key {
  const seed = random(32)
  return (text) => {
    const hash = createHmac('sha256', seed).update(text).digest()
    return Array.from({ length: rows }, (_, row) => row * columns + (hash.readUInt32LE(row * 4) % columns))
  }
}

export function openRateLimit(quota: Quota, clock: Pick<Clock, 'monotonic'>): RateLimit {
  const windowMs = quota.windowS * 1000
  const eachMs = windowMs / quota.count
  // 1 MiB, and no more than what is touched of it.
  const fullAtMs = new Float64Array(rows * columns)
  const seconds = (ms: number) => Math.max(0, Math.ceil(ms / 1000 - tolerance))
  return {
    quota,
    take(key) {
      const nowMs = clock.monotonic()
      const owedMs = Math.max(0, Math.min(...key.map((cell) => fullAtMs[cell] ?? 0)) - nowMs)
      const roomMs = windowMs - owedMs + eachMs * tolerance
      const isAllowed = roomMs >= eachMs
      const afterMs = isAllowed ? owedMs + eachMs : owedMs
      if (isAllowed) for (const cell of key) fullAtMs[cell] = Math.max(fullAtMs[cell] ?? 0, nowMs + afterMs)
      const leftMs = windowMs - afterMs + eachMs * tolerance
      return {
        isAllowed,
        remaining: Math.max(0, Math.floor(leftMs / eachMs)),
        resetS: seconds(afterMs),
        retryAfterS: leftMs >= eachMs ? 0 : Math.max(1, seconds(eachMs - leftMs)),
      }
    },
  }
}
