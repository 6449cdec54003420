// What a build holds, as checksums and as differences between two builds. Bookkeeping tables aside.
import type { Checksums, Difference } from '../../ports/projection.ts'
import { demandSchema } from './builds.ts'
import type { Database } from './connect.ts'

/** In the order of the primary keys. */
export const keys: Readonly<Record<string, readonly string[]>> = {
  brand: ['slug'],
  camera: ['id'],
  lens: ['id'],
  editor: ['id'],
  category: ['id'],
  product: ['id'],
  stock: ['id'],
  review: ['id'],
  review_tag: ['review_id', 'tag'],
  former_slug: ['review_id', 'slug'],
  facet: ['dimension', 'value'],
  word: ['language', 'word'],
}

// A whole table may take minutes; the snapshot keeps all of them at one position.
const opening = ['set transaction isolation level repeatable read read only', 'set local statement_timeout = 0']
const timeoutMs = 3_600_000

export const hashOf = (row: string) => `sha256(convert_to(${row}::text, 'UTF8'))`

export const checksums = (db: Database, schema: string): Promise<Checksums> =>
  db.transaction(
    async (on, [position]: { epoch: string; seq: number }[]) => {
      if (position === undefined) throw new Error('a build without a position')
      const tables: Record<string, string> = {}
      for (const [table, key] of Object.entries(keys)) {
        const [row] = await on.query<{ sum: string }>({
          text: `select encode(sha256(coalesce(string_agg(${hashOf('t.*')}, ''::bytea order by ${key.join(', ')}), '')), 'hex') as sum from ${table} t`,
          timeoutMs,
        })
        tables[table] = row?.sum ?? ''
      }
      return { position, tables }
    },
    [...opening, `set local search_path = "${demandSchema(schema)}"`, 'select epoch, seq from applied'],
  )

export const differences = (db: Database, first: string, second: string, limit: number): Promise<Difference[]> =>
  db.transaction(async (on) => {
    const found: Difference[] = []
    for (const [table, key] of Object.entries(keys)) {
      const rows = (schema: string) =>
        `(select concat_ws(' ', ${key.join(', ')}) as key, ${hashOf('t.*')} as hash from "${demandSchema(schema)}".${table} t)`
      found.push(
        ...(await on.query<Difference>(
          {
            text: `select '${table}' as "table", key, case when b.hash is null then 'first' when a.hash is null then 'second' else 'both' end as in
              from ${rows(first)} a full join ${rows(second)} b using (key) where a.hash is distinct from b.hash order by key limit $1`,
            timeoutMs,
          },
          [limit],
        )),
      )
    }
    return found
  }, opening)
