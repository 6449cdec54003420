// Removes what has expired: private documents and idempotency records. DynamoDB's TTL does the same, at leisure; whoever is first.
import { expiryOf } from './draft.ts'
import { hasExpired } from './judge.ts'
import {
  cellKey,
  documentPartition,
  justAfter,
  type Key,
  lowest,
  type Placed,
  placeKey,
  placeOf,
  placePartition,
  repeatPartition,
} from './keys.ts'
import { type CellValues, cellItem, cellValue, type Head, markUntil } from './records.ts'
import { inTurns, type Table } from './table.ts'
import type { Item } from './wire.ts'

const kinds = ['account', 'session', 'key', 'note', 'repeat'] as const

/** Everything that is committed must have been written behind the log. */
export async function sweep(table: Table, now: string): Promise<number> {
  const until = new Date(now).toISOString()
  let removed = 0
  for (const kind of kinds)
    for await (const due of table.pages({ pk: placePartition(expiryOf, kind), from: lowest, to: justAfter(until) }))
      removed += await remove(table, kind, due, until)
  return removed
}

async function remove(table: Table, kind: (typeof kinds)[number], due: readonly Item[], until: string): Promise<number> {
  const ids = due.map(({ sk }) => placeOf(sk).id)
  const pks = ids.map((id) => (kind === 'repeat' ? repeatPartition(id) : documentPartition(kind, id)))
  const cells = await table.get(pks.map(cellKey))
  const left: Key[] = due.map(({ pk, sk }) => ({ pk, sk }))
  let removed = 0
  const nowMs = Date.parse(until)
  await inTurns([...cells.entries()], async ([i, cell]) => {
    const id = ids[i] ?? ''
    const end = endOf(kind, cell)
    // Whoever has written it anew has given it another n.
    if (cell === undefined || end === undefined || !hasExpired(end.at, nowMs)) return
    const mark = cellItem(Number(cell.n), { pk: cell.pk, ttl: markUntil(nowMs) })
    if (!(await table.replace(mark))) return
    removed += 1
    left.push(...end.places.map((place) => placeKey(place, id)))
  })
  await table.write({ removals: [...new Map(left.map((key) => [`${key.pk} ${key.sk.toString('hex')}`, key])).values()] })
  return removed
}

function endOf(kind: string, cell: Item | undefined): { at: string | undefined; places: readonly Placed[] } | undefined {
  const value = cellValue(cell)
  if (value === undefined) return undefined
  if (kind === 'repeat') return { at: (value as CellValues['repeat']).until, places: [] }
  const { expiresAt, places } = value as Head
  return { at: expiresAt, places }
}
