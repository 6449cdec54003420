// The simulation's engine on a real PostgreSQL, with connections that are ended at any moment.
import { type Database, openPool } from '../../src/engines/postgres/connect.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { isGone } from '../../src/engines/postgres/translate.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import { testPostgres } from '../postgres.ts'
import { demandSame } from './comparable.ts'
import { expected } from './oracle.ts'
import type { Engine } from './simulate.ts'

type Row = Record<string, unknown>

/** They have no stem, so nobody can search for them. */
const stopWords = new Set(['es la', 'es una', 'en the', 'en with'])
const times = ['published_at', 'created_at', 'updated_at']

export async function inPostgres(stack: AsyncDisposableStack): Promise<Engine> {
  const database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  await prepareDatabase(database.url, log)
  const admin = openPool({ url: database.url, role: null, max: 2, log })
  stack.defer(() => admin.close())
  const projections = Array.from({ length: 4 }, () => openProjection({ url: database.url, clock: systemClock, log }))
  stack.defer(async () => void (await Promise.all(projections.map((one) => one.close()))))
  const [judge] = projections
  let given = 0
  return {
    projection(world, actor) {
      const real = projections[++given % projections.length] ?? judge
      if (real === undefined) throw new Error('no projection')
      return actor === '' ? real : world.projection(actor, real)
    },
    // Replaced and dropped between two questions: asked again at the next step.
    read: () => look(admin).catch((error) => (isGone(error) ? null : Promise.reject(error))),
    async check(schema, logOf) {
      await admin.transaction(
        async (on) => {
          const [applied] = await on.query<{ epoch: string; seq: number; caught_up_at: Date | null }>(`select * from "${schema}".applied`)
          if (applied === undefined) throw new Error('no position')
          const wanted = expected(logOf(applied.epoch).slice(0, applied.seq))
          for (const [table, rows] of Object.entries(wanted)) {
            if (table === 'word' && applied.caught_up_at === null) continue
            const found = await on.query<{ row: Row }>(`select to_jsonb(t) as row from "${schema}"."${table}" t`)
            const kept = rows.filter(({ language, word }) => !stopWords.has(`${language} ${word}`))
            demandSame(
              `${schema}.${table} at ${applied.seq}`,
              found.map(({ row }) => plain(row, Object.keys(rows[0] ?? row))),
              kept,
            )
          }
        },
        ['set transaction isolation level repeatable read'],
      )
    },
    async hurt(chance) {
      if (chance() < 0.2) return judge?.prune(0).catch(expectRefusal)
      return endOne(admin, chance)
    },
  }
}

async function look(admin: Database) {
  const [live] = await admin.query<{ schema: string }>('select schema from content.live')
  if (live === undefined) return null
  const [row] = await admin.query<{ epoch: string; seq: number; caught_up_at: Date | null; still: boolean }>(
    `select epoch, seq, caught_up_at, exists (select from content.live where schema = '${live.schema}') as still from "${live.schema}".applied`,
  )
  if (row === undefined || !row.still) return null
  return { position: { epoch: row.epoch, seq: row.seq }, caughtUpAt: row.caught_up_at?.toISOString() ?? null }
}

/** The columns that the log decides; the server makes others of them. */
const plain = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(columns.map((name) => [name, times.includes(name) ? new Date(String(row[name])).toISOString() : row[name]]))

/** One of the projectors' connections, whatever it is doing. */
async function endOne(admin: Database, chance: () => number): Promise<void> {
  const connections = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'rcr_project' order by pid`,
  )
  const one = connections[Math.floor(chance() * connections.length)]
  if (one) await admin.query('select pg_terminate_backend($1)', [one.pid])
}

function expectRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error
}
