// The log: where it ends, what others have put there, and the one way to put something: item n + 1, if it is not there yet.
//
// That condition is the whole of the agreement between processes. Whoever judged by an older state finds n + 1 taken, reads what
// is new and judges again. There is no lease: one would only spare contention, which `turns.ts` does, and would cost a clock that all
// agree on, a time in which nobody writes after a leader died, and a rule for a leader that was paused, which this condition is.
import type { Clock } from '../../kit/clock.ts'
import { commitDeadlineMs } from '../../ports/master.ts'
import { type Call, DynamoError } from './client.ts'
import { damaged, late } from './failure.ts'
import { bucketOf, highest, type Key, logKey, logPartition, redoKey, redoOf, redoPartition } from './keys.ts'
import type { Pending } from './pending.ts'
import { type Deed, deedOf, logItem, redoItem, redoKeyOf } from './records.ts'
import type { Table } from './table.ts'
import type { Item } from './wire.ts'

export interface Log {
  /** The newest item and the last seq in it, as this process knows. */
  head(): Readonly<Head>
  /** The newest item that was found to be there, rather than put there by this process. */
  lastForeign(): number
  /** From here on this process knows every commit that any process was acknowledged before the call. */
  refresh(): Promise<void>
  /** True when it is committed, and owed from then on; false when another was there first. */
  append(deed: Deed): Promise<boolean>
  /** Finds whatever is still owed, by whomever, and removes what belongs to no item: both only after somebody died. */
  tidy(): Promise<void>
  /** The number of the item that holds this seq, which must be there. */
  find(seq: number): Promise<number>
}

interface Head {
  n: number
  seq: number
}

export function openLog(table: Table, pending: Pending, clock: Clock, pause: Call['pause']): Log {
  const known: Head = { n: 0, seq: 0 }
  let lastForeign = 0

  const advance = ({ n, seq }: Head) => {
    if (n > known.n) Object.assign(known, { n, seq })
  }

  async function look(): Promise<void> {
    const newest = await newestFrom(table, bucketOf(known.n + 1))
    if (newest === undefined || newest.n <= known.n) return
    for (const deed of await undone(table, known.n, newest.n)) if (deed.n > known.n) pending.add(deed, false)
    advance(newest)
    lastForeign = newest.n
  }

  async function tidy(): Promise<void> {
    for (const deed of await undone(table, 0, known.n)) pending.add(deed, false)
  }

  /** Whoever asks while one look is under way waits for the next, which he shares with others. */
  const refresh = shared(look)

  async function append(deed: Deed): Promise<boolean> {
    const startedMs = clock.monotonic()
    await table.write({ puts: [redoItem(deed)] })
    for (let tries = 1; !(await added(deed)); tries++) {
      const [there] = await table.get([logKey(deed.n)], ['nonce'])
      if (there !== undefined && there.nonce !== deed.nonce) {
        await table.write({ removals: [redoKeyOf(deed)] })
        return false
      }
      if (there !== undefined) break
      // Not there, and yet it may still arrive: only the very same may be tried again.
      if (clock.monotonic() - startedMs > commitDeadlineMs) throw late()
      await pause(tries)
    }
    pending.add(deed, true)
    advance({ n: deed.n, seq: deed.seq + deed.changes.length })
    return true
  }

  /** False when it is there already, by whomever, or when nobody knows. */
  async function added(deed: Deed): Promise<boolean> {
    try {
      return await table.add(logItem(deed))
    } catch (thrown) {
      if (thrown instanceof DynamoError && thrown.status < 500) throw thrown
      return false
    }
  }

  return { head: () => ({ ...known }), lastForeign: () => lastForeign, refresh, append, tidy, find: (seq) => find(table, known.n, seq) }
}

const ends = ['n', 'seq', 'count']

async function first(table: Table, range: { pk: string; attributes?: readonly string[]; descending: boolean }): Promise<Item | undefined> {
  for await (const [item] of table.pages({ ...range, from: logKey(0).sk, to: highest, limit: 1 })) return item
  return undefined
}

const headOf = (item: Item): Head => ({ n: Number(item.n), seq: Number(item.seq) + Number(item.count) })

/** The end of the log, when it is in this partition or in a later one. Whoever was away for long leaps. */
async function newestFrom(table: Table, bucket: number): Promise<Head | undefined> {
  const newestIn = (some: number) => first(table, { pk: logPartition(some), attributes: ends, descending: true })
  let newest = await newestIn(bucket)
  for (let step = 1; newest !== undefined && bucketOf(Number(newest.n) + 1) > bucketOf(Number(newest.n)); ) {
    const next = await newestIn(bucketOf(Number(newest.n)) + step)
    if (next === undefined && step === 1) break
    step = next === undefined ? 1 : step * 2
    newest = next ?? newest
  }
  return newest && headOf(newest)
}

/** What items after `from`, up to `to`, have left to be done. What belongs to none of them was put there by somebody who came too late. */
async function undone(table: Table, from: number, to: number): Promise<Deed[]> {
  const redos: Item[] = []
  for await (const page of table.pages({ pk: redoPartition, from: redoKey(from + 1, '').sk, to: redoKey(to + 1, '').sk }))
    redos.push(...page)
  const logs = await table.get(redos.map(({ sk }) => logKey(redoOf(sk).n)))
  const deeds: Deed[] = []
  const stray: Key[] = []
  for (const [i, redo] of redos.entries()) {
    const log = logs[i]
    if (log?.nonce === redoOf(redo.sk).nonce) deeds.push(deedOf(log, redo))
    else stray.push({ pk: redo.pk, sk: redo.sk })
  }
  await table.write({ removals: stray })
  return deeds
}

/** By halves: the item with the smallest n that reaches this far. */
async function find(table: Table, newest: number, seq: number): Promise<number> {
  let [low, high] = [1, newest]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [item] = await table.get([logKey(middle)], ends)
    if (item === undefined) throw damaged(new Error(`item ${middle} of the log is missing`))
    if (headOf(item).seq >= seq) high = middle
    else low = middle + 1
  }
  return low
}

function shared(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    next = undefined
    const run = work().finally(() => {
      if (running === run) running = undefined
    })
    running = run
    return run
  }
  return () => {
    if (running === undefined) return start()
    next ??= running.then(start, start)
    return next
  }
}
