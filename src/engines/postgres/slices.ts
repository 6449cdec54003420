// A table in slices of some thousand rows, each a checksum of one short statement. On a replica nothing may take longer than replay
// waits for readers (a second), so what is compared there is compared piece by piece, and at the position that each piece has.
import { Refusal } from '../../kit/refusal.ts'
import type { Range, Slice } from '../../ports/projection.ts'
import { demandSchema } from './builds.ts'
import { hashOf, keys } from './checksums.ts'
import type { Queryable } from './connect.ts'

interface SliceRow {
  epoch: string
  seq: number
  count: number
  last: string[] | null
  sum: string
  each: [key: string, hash: string][] | null
}

/** One statement, so one snapshot. */
export async function slice(on: Queryable, schema: string, { table, after, upTo, limit, each = false }: Range): Promise<Slice> {
  const key = keys[table]
  if (key === undefined) throw new Error(`no table ${table}`)
  const build = `"${demandSchema(schema)}"`
  const columns = key.join(', ')
  // Cast by the columns themselves: a plain parameter takes the type of what it is compared with.
  const bound = (sign: string, from: number) => `(${columns}) ${sign} (${key.map((_, at) => `$${from + at}`).join(', ')})`
  const bounds = [...(after === null ? [] : [bound('>', 2)]), ...(upTo === null ? [] : [bound('<=', 2 + (after?.length ?? 0))])]
  const [row] = await on.query<SliceRow>(
    `with slice as (
      select ${columns}, array[${key.map((column) => `${column}::text`).join(', ')}] as key, ${hashOf('t.*')} as hash from ${build}.${table} t
      ${bounds.length === 0 ? '' : `where ${bounds.join(' and ')}`} order by ${columns} limit $1)
    select a.epoch, a.seq, (select count(*) from slice) as count,
      (select key from slice order by ${key.map((column) => `${column} desc`).join(', ')} limit 1) as last,
      (select encode(sha256(coalesce(string_agg(hash, ''::bytea order by ${columns}), '')), 'hex') from slice) as sum,
      ${each ? `(select json_agg(json_build_array(array_to_string(key, ' '), encode(hash, 'hex'))) from slice)` : 'null::json'} as each
    from ${build}.applied a`,
    [limit, ...(after ?? []), ...(upTo ?? [])],
  )
  if (row === undefined) throw new Refusal('missing', `The build ${schema} has no position.`)
  const { epoch, seq, count, last, sum } = row
  return { position: { epoch, seq }, count, last, sum, rows: new Map(row.each) }
}
