// A master with a second place, in a room of its own: opened, written to, brought back.
import { afterEach, beforeEach, expect } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { restoreLmdbMaster } from '../../src/engines/lmdb/restore.ts'
import { backupIn } from '../../src/engines/ship/shipped-folder.ts'
import { type Clock, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Master, Write } from '../../src/ports/master.ts'
import type { Ship, Shipped } from '../../src/ports/ship.ts'
import { sampleAccount, sampleReview, sampleTime } from '../samples.ts'
import { wholeLog } from '../whole-log.ts'

export interface SecondPlace {
  ship(epoch: string): Ship
  shipped(): Promise<Shipped[]>
  /** Of each file or object there, by its path below the folder of the epoch. What goes meanwhile may be left out. */
  contents(): Promise<Map<string, Buffer>>
  /** All segments. */
  lose(): Promise<void>
}

/** `place` is made anew for each test, given an empty folder. */
export function shipRoom(make: (folder: string) => Promise<SecondPlace>) {
  let folder: string
  let place: SecondPlace
  const masters = new Set<Master>()
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rcr-ship-'))
    place = await make(folder)
  })
  afterEach(async () => {
    for (const master of masters) await master.close()
    masters.clear()
    await rm(folder, { recursive: true })
  })

  async function opened({
    mode = 'sync' as 'async' | 'sync' | 'off' | null,
    at = join(folder, 'master'),
    clock = systemClock as Clock,
    metrics = openMetrics({ ofProcess: false }),
  } = {}): Promise<Master> {
    const ship = mode === null || mode === 'off' ? mode : { mode, ship: place.ship }
    const master = await openLmdbMaster({ folder: at, clock, diskClock: clock, random: secureRandom, ship, metrics })
    masters.add(master)
    return master
  }
  return {
    at: (name: string) => join(folder, name),
    place: () => place,
    opened,
    async close(master: Master): Promise<void> {
      masters.delete(master)
      await master.close()
    },
    async restored(from: string | null = null, clock = systemClock) {
      const to = join(folder, `restored-${(await readdir(folder)).length}`)
      const { replayed, position } = await restoreLmdbMaster({
        from: from === null ? null : backupIn(from),
        to,
        shipped: () => place.shipped(),
        clock,
        random: secureRandom,
        progress() {},
      })
      return { master: await opened({ mode: null, at: to }), replayed, position }
    },
  }
}

export const commit = (master: Master, ...writes: Write[]) =>
  master.commit({ at: sampleTime, by: null, writes, adjust: [{ counter: 'commits', by: 1 }] })
export const review = (n: number, expected = 0): Write => ({
  kind: 'review',
  id: sampleReview(n).id,
  expected,
  document: sampleReview(n),
})
const account = (n: number, expected = 0): Write => ({ kind: 'account', id: sampleAccount(n).id, expected, document: sampleAccount(n) })
export const removed = (n: number): Write => ({ ...account(n, 1), document: null }) as Write
export const put = async (master: Master, ...numbers: number[]) => {
  for (const n of numbers) expect((await commit(master, review(n), account(n))).committed).toBe(true)
}
export const refusalOf = (promise: Promise<unknown>): Promise<Refusal> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
  )
/** Commands are refused while the second place does not answer. */
export const untilShipped = async (master: Master, n = 900) => {
  for (let tries = 0; ; tries++) {
    const outcome = await commit(master, review(n, n === 900 ? 1 : 0)).catch((error: Refusal) => error.reason)
    if (outcome !== 'unavailable') return
    expect(tries).toBeLessThan(500)
    await systemClock.sleep(20)
  }
}
export const everything = async (master: Master) => ({
  log: await wholeLog(master),
  accounts: await Array.fromAsync(master.privates('account')),
  reviews: await master.list('reviews', '*', { limit: 200 }),
  commits: await master.counter('commits'),
})
