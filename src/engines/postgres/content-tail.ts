// The end of the change table, as caches and event streams follow it.
import type { Seen, Tail } from '../../ports/content.ts'
import type { Asked } from './content-live.ts'
import { instantOf, type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

export interface TailRow extends SnapshotRow {
  live: string
  oldest: number | null
  changes: Seen[] | null
}

const most = 1000

export const appliedStatement: Asked = { prepared: true, values: [], text: `select ${snapshot} from build.applied a` }

/** Idle it costs two look-ups by key: it is asked up to a hundred times a second. */
export const tailStatement = (fingerprint: string, after: number | null): Asked => ({
  prepared: true,
  values: [fingerprint, after],
  text: `select ${snapshot}, l.schema as live, (select min(seq) from build.change) as oldest, (
  select json_agg(json_build_object('seq', c.seq, 'kind', c.kind, 'id', c.id, 'act', c.act, 'at', ${instantOf('c.at')}, 'tags', c.tags) order by c.seq)
  from (select * from build.change where seq > $2::bigint order by seq limit ${most}) c) as changes
from build.applied a, content.live l where l.fingerprint = $1`,
})

export function tailOf(row: TailRow, build: string, after: number | null): Tail {
  const changes = row.changes ?? []
  const upTo = changes.length < most ? row.seq : (changes.at(-1)?.seq ?? row.seq)
  // Positions without a visible change leave no row, so the oldest row says nothing less than that it is the oldest kept.
  const gap = after !== null && row.oldest !== null && after < row.oldest - 1 && row.seq > after && (changes[0]?.seq ?? 0) === row.oldest
  return { ...snapshotOf(row), build, changes, upTo, gap }
}
