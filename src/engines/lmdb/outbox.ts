// Entries that wait for a second place. The newest one stays when it has arrived, so that numbers go on from it.
//
// Numbers are dense while the master is shipped. Where shipping had ended one is left out, so that nobody takes the entries before
// and after for a whole.

import { Refusal } from '../../kit/refusal.ts'
import type { Entry } from '../../ports/ship.ts'
import { decodeEffects, encodeEffects } from './journal.ts'
import { seqKey, seqOf } from './keys.ts'
import { type Store, shippedSince } from './store.ts'

const upTo = Buffer.from('shipped up to')
const shippedTo = Buffer.from('shipped to')

/** What a process ships, from when it has begun with it. */
export interface Shipment {
  /** From this entry on this master is shipped without a gap. */
  since: number
  place: string
}

/**
 * Begins with an empty entry when this master was not shipped until now. Refuses another place than before: what processes of two places had
 * shipped would be taken out of the outbox of both.
 */
export async function beginOutbox(store: Store, place: string): Promise<Shipment> {
  return store.env.transactionSync(() => {
    if (store.lastEntry() === 0) {
      const first = Number(store.meta.get(upTo) ?? 0) + 2
      store.outbox.putSync(seqKey(first), Buffer.alloc(0))
      store.meta.putSync(shippedSince, Buffer.from(String(first)))
    }
    const since = Number(store.meta.get(shippedSince))
    if (placeIn(store) === null) store.meta.putSync(shippedTo, Buffer.from(`${since} ${place}`))
    refuseOther(store, { since, place })
    return { since, place }
  })
}

/** With the entry since when: a version that does not know of it may have ended and begun in between. */
function placeIn(store: Store): string | null {
  const [, since, place] = /^(\d+) (.*)$/s.exec(store.meta.get(shippedTo)?.toString() ?? '') ?? []
  return place !== undefined && since === store.meta.get(shippedSince)?.toString() ? place : null
}

/** Another process may have ended it, and begun anew: there or elsewhere, what it shipped until now is another row of entries. */
export function refuseOther(store: Store, { since, place }: Shipment): void {
  const standing = placeIn(store)
  if (standing === place && Number(store.meta.get(shippedSince)) === since) return
  const now =
    standing === null || standing === place
      ? 'is no longer shipped as it was, which another process has said'
      : `is shipped to ${standing}, not to ${place}`
  throw new Refusal('conflict', `This master ${now}. To change that stop every process, and start one with RCR_SHIP=off.`, {
    code: 'ship-elsewhere',
  })
}

/** From now on nothing is kept for a second place. */
export async function endOutbox(store: Store): Promise<void> {
  store.env.transactionSync(() => {
    const last = store.lastEntry()
    if (last === 0) return
    store.meta.putSync(upTo, Buffer.from(String(last)))
    for (const key of [shippedSince, shippedTo]) store.meta.removeSync(key)
    for (const key of [...store.outbox.getKeys({})]) store.outbox.removeSync(key)
  })
}

const batchMax = 500
const batchMaxBytes = 8 * 1024 * 1024

/** What follows after a number, whole; `upTo`: nothing up to there waits any more when these have arrived. Refuses as `refuseOther` does. */
export function waitingEntries(store: Store, shipment: Shipment, after: number): { entries: Entry[]; upTo: number } {
  store.refresh()
  refuseOther(store, shipment)
  const newest = store.lastEntry()
  const entries: Entry[] = []
  let bytes = 0
  for (const { key, value } of store.outbox.getRange({ start: seqKey(after + 1), limit: batchMax })) {
    const whole = encodeEffects(
      decodeEffects(value, (seq) => store.log.get(seqKey(seq))),
      { inOutbox: false },
    )
    entries.push({ number: seqOf(key), bytes: whole })
    bytes += whole.length
    if (bytes > batchMaxBytes) break
  }
  const last = entries.at(-1)
  return { entries, upTo: last === undefined ? newest : last.number }
}

const trimMax = 1000

/** Removes what has arrived, except the newest. */
export async function trimOutbox(store: Store, arrived: number): Promise<void> {
  const due = (): Buffer[] => {
    const end = Math.min(arrived, store.lastEntry() - 1)
    return end < 1 ? [] : [...store.outbox.getKeys({ end: seqKey(end + 1), limit: trimMax })]
  }
  while (due().length > 0) {
    await store.env.childTransaction(() => {
      for (const key of due()) store.outbox.removeSync(key)
    })
    store.refresh()
  }
}
