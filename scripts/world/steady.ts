// Steady readers of every region, and what they were answered: for whatever is done to the world meanwhile.
import { systemClock } from '../../src/kit/clock.ts'
import type { World } from './open-world.ts'
import { type Region, regions } from './plan.ts'

export interface Read {
  answered: number
  /** What was answered instead, each with how often. */
  failed: Map<string, number>
  slowestMs: number
}

const everyMs = 50
const path = (n: number) => `/${['content', 'cameras', 'lenses'][n % 3]}?limit=${1 + (n % 100)}`

/** Two readers in each region, twenty questions a second each, no two alike for a while. */
export async function readingSteadily(world: World, what: () => Promise<void>): Promise<Map<Region, Read>> {
  const reads = new Map<Region, Read>(regions.map((region) => [region, { answered: 0, failed: new Map(), slowestMs: 0 }]))
  const over = new AbortController()
  const readers = [...reads].flatMap(([region, read]) =>
    // The second one comes over a connection each time: on one that was used before, the client would itself ask once more, unseen.
    [true, false].map(async (keepalive) => {
      for (let n = 0; !over.signal.aborted; n++) {
        const sinceMs = systemClock.monotonic()
        const outcome = await ask(`${world.urls[region]}/api/v1${path(n)}`, keepalive)
        const tookMs = systemClock.monotonic() - sinceMs
        read.slowestMs = Math.max(read.slowestMs, tookMs)
        if (outcome === '200') read.answered += 1
        else read.failed.set(outcome, (read.failed.get(outcome) ?? 0) + 1)
        await systemClock.sleep(Math.max(0, everyMs - tookMs), over.signal)
      }
    }),
  )
  try {
    await what()
  } finally {
    over.abort()
    await Promise.all(readers)
  }
  return reads
}

const ask = (url: string, keepalive: boolean): Promise<string> =>
  fetch(url, { keepalive, signal: AbortSignal.timeout(10_000) }).then(
    async (response) => {
      const text = await response.text()
      return response.status === 200 ? '200' : `${response.status} ${text.slice(0, 200)}`
    },
    (error: Error) => error.message,
  )
