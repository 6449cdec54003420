// Fills a new build of the read model, and drops it again. Asked: { data, url, by }.
// by 'projecting': from the log, as a rebuild does. by 'inserting': the same rows as they stand, in batches of the same size.
import { join } from 'node:path'
import pg from 'pg'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { sqlText } from '../../src/engines/postgres/sql.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { catchUp } from '../../src/services/project/replay.ts'
import { answer, asked } from './asked.ts'

const { data, url, by } = asked<{ data: string; url: string; by: 'projecting' | 'inserting' }>()
const batchRows = 1000

const client = new pg.Client({ connectionString: url })
await client.connect()
const { rows: live } = await client.query<{ schema: string }>('select schema from content.live order by switched_at desc limit 1')
const source = live[0]?.schema ?? ''
answer(by === 'projecting' ? await projecting() : await inserting())
await client.end()

async function projecting() {
  const around = { clock: systemClock, log: silentLog }
  const master = await openLmdbMaster({ folder: join(data, 'master'), random: secureRandom, ...around })
  const projection = openProjection({ url, ...around })
  const { epoch } = await master.head()
  const build = await projection.create(epoch)
  const watching = { signal: new AbortController().signal, progress: () => {} }
  const found = await timed(async () => void (await catchUp({ master, projection, ...around }, build, watching)))
  const rows = await rowsOf(build.schema)
  await projection.drop(build.schema)
  await projection.close()
  await master.close()
  return { ...found, ...rows }
}

async function inserting() {
  const batches: { text: string; rows: string }[] = []
  for (const { table, columns } of await tablesOf(source)) {
    const text = `insert into bare."${table}" (${columns}) select ${columns} from json_populate_recordset(null::bare."${table}", $1)`
    for (let from = 0; ; from += batchRows) {
      const { rows } = await client.query<{ rows: string | null }>(
        `select json_agg(b)::text as rows from (select ${columns} from "${source}"."${table}" order by ctid limit ${batchRows} offset ${from}) b`,
      )
      if (!rows[0]?.rows) break
      batches.push({ text, rows: rows[0].rows })
    }
  }
  await client.query('drop schema if exists bare cascade; create schema bare; set search_path = bare')
  const found = await timed(async () => {
    await client.query(sqlText('tables'))
    for (const { text, rows } of batches) await client.query(text, [rows])
    await client.query(sqlText('indexes'))
  })
  const rows = await rowsOf('bare')
  await client.query('drop schema bare cascade')
  return { ...found, ...rows }
}

async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuUs: number }> {
  const before = process.cpuUsage()
  const startedMs = performance.now()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - startedMs) / 1000, cpuUs: user + system }
}

/** What is copied: every table but the bookkeeping, and what the server does not make of the rest. */
async function tablesOf(schema: string): Promise<{ table: string; columns: string }[]> {
  const { rows } = await client.query<{ table: string; columns: string }>(
    `select table_name as table, string_agg(quote_ident(column_name), ', ' order by ordinal_position) as columns
     from information_schema.columns
     where table_schema = $1 and is_generated = 'NEVER' and table_name not in ('applied', 'parked') group by 1`,
    [schema],
  )
  return rows
}

async function rowsOf(schema: string): Promise<{ count: number; reviews: number }> {
  let count = 0
  let reviews = 0
  for (const { table } of await tablesOf(schema)) {
    const { rows } = await client.query<{ count: string }>(`select count(*) from "${schema}"."${table}"`)
    count += Number(rows[0]?.count)
    if (table === 'review') reviews = Number(rows[0]?.count)
  }
  return { count, reviews }
}
