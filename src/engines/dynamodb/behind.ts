// Writes behind the log: what log items have left to be done, by this process and by those that died or were stopped meanwhile.
//
// Every write is one that may come twice, late, or from several processes at once: versions and places are never put twice with
// different content, cells are guarded by n, what is removed has a key that is never used again. So a process that was paused in
// the middle and goes on an hour later does no harm.
import type { Clock } from '../../kit/clock.ts'
import { within } from '../../kit/deadline.ts'
import type { Log } from '../../kit/log.ts'
import { commitDeadlineMs } from '../../ports/master.ts'
import { unreachable } from './failure.ts'
import { type Key, placeKey } from './keys.ts'
import type { Owed, Pending } from './pending.ts'
import { type Cell, cellItem, placeItem, redoKeyOf, versionItems } from './records.ts'
import { type Table, text } from './table.ts'
import type { Item } from './wire.ts'

export interface Behind {
  /** There is something to do. */
  wake(): void
  /** Everything that this process knows of is in the table. */
  settled(): Promise<void>
  /** Resolves when this process does not owe too much to owe more. */
  room(): Promise<void>
  /** Ends when what is its own is done, or after a while: whoever opens the master next does the rest. */
  close(): Promise<void>
}

/** Others are left so long to do their own. */
const graceMs = 500
/** A list waits so long for what was committed before it. */
const settleMs = 5000
/** More would make commits wait longer in the end (p99 of 16 writers 0.5 s rather than 1.5 s on a slow DynamoDB Local). */
const mostOwed = 4
const mostAtOnce = 4
const sleptMs = 3_600_000
const longestPauseMs = 1000

export function openBehind(table: Table, pending: Pending, clock: Clock, log: Log): Behind {
  const stop = new AbortController()
  let running: Promise<void> | undefined
  let hurry = new AbortController()

  const isDue = ({ own, hurried, sinceMs }: Owed) => own || hurried || clock.monotonic() - sinceMs >= graceMs

  async function run(): Promise<void> {
    for (let tries = 0; pending.owed().length > 0 && !stop.signal.aborted; ) {
      const due = pending.owed().filter(isDue).slice(0, mostAtOnce)
      try {
        if (due.length > 0) await fulfil(due)
        else await clock.sleep(graceMs, hurry.signal)
        tries = 0
      } catch (error) {
        tries += 1
        log.warn('writing behind failed', { engine: 'dynamodb', owed: pending.owed().length, error })
        await clock.sleep(Math.min(longestPauseMs, 50 * 2 ** tries), stop.signal)
      }
      hurry = new AbortController()
    }
  }

  /** What others, or we long ago, have left is done by now, mostly. */
  async function fulfil(due: readonly Owed[]): Promise<void> {
    const doubtful = due.filter(({ own, sinceMs }) => !own || clock.monotonic() - sinceMs >= graceMs)
    const still = await table.get(
      doubtful.map(({ deed }) => redoKeyOf(deed)),
      [],
    )
    const done = new Set(doubtful.filter((_, i) => still[i] === undefined))
    const startedMs = clock.now()
    for (const step of stepsOf(
      table,
      due.filter((one) => !done.has(one)),
    )) {
      // The mark of what is gone is kept for a day: whoever slept through it must look again.
      if (clock.now() - startedMs > sleptMs) throw new Error('this process stood still')
      await step()
    }
    for (const { deed } of due) pending.done(deed.n)
  }

  const wake = () => {
    hurry.abort()
    if (running !== undefined || pending.owed().length === 0) return
    running = run().finally(() => {
      running = undefined
      if (!stop.signal.aborted) wake()
    })
  }

  return {
    wake,
    async settled() {
      const owed = pending.owed()
      if (owed.length === 0) return
      for (const one of owed) one.hurried = true
      wake()
      await within(clock, settleMs, Promise.all(owed.map(({ done }) => done)), () => unreachable())
    },
    async room() {
      const [oldest, ...others] = pending.owed().filter(({ own }) => own)
      if (others.length >= mostOwed) await oldest?.done
    },
    async close() {
      const own = pending.owed().filter((one) => one.own)
      wake()
      await within(clock, commitDeadlineMs, Promise.all(own.map(({ done }) => done)), () => unreachable()).catch(() => {})
      stop.abort()
      hurry.abort()
      await running
    },
  }
}

/** In this order each document stands in one place of an index at any moment: its version says in which. */
function stepsOf(table: Table, due: readonly Owed[]): (() => Promise<unknown>)[] {
  const versions = new Map<string, Item>()
  const arrivals = new Map<string, Item>()
  const cells = new Map<string, readonly [number, Cell]>()
  const removals = new Map<string, Key>()
  for (const { deed } of due) {
    for (const item of versionItems(deed)) versions.set(text(item), item)
    for (const item of deed.arrivals.map(placeItem)) arrivals.set(text(item), item)
    for (const cell of deed.cells) if ((cells.get(cell.pk)?.[0] ?? 0) <= deed.n) cells.set(cell.pk, [deed.n, cell])
    for (const { place, id } of deed.departures) {
      const key = placeKey(place, id)
      removals.set(text(key), key)
    }
  }
  for (const key of removals.keys()) arrivals.delete(key)
  const items = [...cells.values()].map(([n, cell]) => cellItem(n, cell))
  // A record stands unchanged for a day: it needs no guard.
  const [free, guarded] = [items.filter(isRepeat), items.filter((item) => !isRepeat(item))]
  return [
    () => table.write({ puts: [...arrivals.values(), ...free] }),
    () => Promise.all([table.write({ puts: [...versions.values()] }), table.renew(guarded)]),
    () => table.write({ removals: [...removals.values()] }),
    () => table.write({ removals: due.map(({ deed }) => redoKeyOf(deed)) }),
  ]
}

const isRepeat = ({ pk }: Item): boolean => pk.startsWith('repeat#')
