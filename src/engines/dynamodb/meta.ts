// What the table says of itself: the format it is written in, and the epoch of its log.
import type { RandomBytes } from '../../kit/clock.ts'
import { unusable } from './failure.ts'
import { metaKey } from './keys.ts'
import type { Table } from './table.ts'

/** What the table holds is written in this format. A change that older code cannot read or must not write raises it. */
export const format = 1

/** Reads the epoch; a new table is given one. Two processes that open it at once agree here. */
export async function settleEpoch(table: Table, nowMs: number, random: RandomBytes): Promise<string> {
  const [known] = await table.get([metaKey])
  if (known === undefined) await table.add({ ...metaKey, format, epoch: newEpoch(nowMs, random) })
  const [found] = known === undefined ? await table.get([metaKey]) : [known]
  if (found === undefined || found.format !== format)
    throw unusable(table.name, `is written in format ${found?.format}, and this program knows format ${format}. Start the newer program.`)
  return String(found.epoch)
}

/** Ordered as text by time, unique by chance: `20261121T100000000Z-5f0c3a9b17e2`. */
export function newEpoch(nowMs: number, random: RandomBytes): string {
  return `${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}-${Buffer.from(random(6)).toString('hex')}`
}
