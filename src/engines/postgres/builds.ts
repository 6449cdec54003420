// The builds of the read model: made, listed, switched between, dropped. Each is a schema of its own.
import type { Clock } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build } from '../../ports/projection.ts'
import type { Database, Queryable } from './connect.ts'
import { fingerprint } from './fingerprint.ts'
import type { InUse } from './in-use.ts'
import { sqlText } from './sql.ts'
import { isGone } from './translate.ts'

const tables = sqlText('tables')
const schemaName = /^content_[0-9a-f]{8}_[0-9a-z]+$/

/** Schema names go into statements as they are: nothing else may. */
export function demandSchema(schema: string): string {
  if (schemaName.test(schema)) return schema
  throw new Refusal('missing', `There is no build ${schema}.`)
}

// Whoever makes, switches or drops a build does it alone. Projecting goes on meanwhile.
const alone = 'select pg_advisory_xact_lock(7274372)'
const noTimeout = 'set local statement_timeout = 0'
/** A large build takes its time to go. */
const dropBuild = (on: Queryable, schema: string) => on.query({ text: `drop schema if exists "${schema}" cascade`, timeoutMs: 300_000 })

export function openBuilds(db: Database, clock: Clock, inUse: () => Promise<InUse>) {
  const exclusively = <T>(run: (on: Queryable) => Promise<T>) => db.transaction(run, [alone, noTimeout])
  return {
    open: (epoch: string): Promise<Build> =>
      exclusively(async (on) => {
        const all = await list(on)
        const live = all.find((build) => build.live)
        if (live === undefined) {
          const made = await create(on, epoch, clock)
          await setLive(on, made)
          return { ...made, live: true }
        }
        demandEpoch(live, epoch)
        return live
      }),
    successor: (of: string, epoch: string): Promise<Build> =>
      exclusively(async (on) => {
        const all = await list(on)
        const live = all.find((build) => build.live)
        if (live) demandEpoch(live, epoch)
        if (live && live.schema !== of && live.position.epoch === epoch) return live
        const there = all.find((build) => build.successor)
        if (there) demandEpoch(there, epoch)
        // One that was whole has its indexes to keep: it is of use only where it has more.
        const isOfUse = there?.caughtUpAt === null || live?.position.epoch !== epoch || (there?.position.seq ?? 0) >= live.position.seq
        if (there?.position.epoch === epoch && isOfUse) return there
        const made = await create(on, epoch, clock)
        await on.query('update content.live set successor = $2 where fingerprint = $1', [fingerprint, made.schema])
        return { ...made, successor: true }
      }),
    builds: (): Promise<Build[]> => exclusively(list),
    create: (epoch: string): Promise<Build> => exclusively((on) => create(on, epoch, clock)),
    switch: (schema: string): Promise<void> =>
      exclusively(async (on) => {
        const all = await list(on)
        const next = all.find((build) => build.schema === schema)
        if (next === undefined) throw new Refusal('missing', `There is no build ${schema}.`)
        const live = all.find((build) => build.live)
        if (live) {
          demandEpoch(live, next.position.epoch)
          await demandNoStepBack(on, live, next)
        }
        await setLive(on, next)
      }),
    drop: (schema: string): Promise<void> =>
      exclusively(async (on) => {
        const live = await on.query('select from content.live where schema = $1', [schema])
        if (live.length > 0) throw new Refusal('conflict', `Readers use the build ${schema}.`, { code: 'live' })
        await dropBuild(on, demandSchema(schema))
      }),
    prune: (graceMs: number): Promise<string[]> => prune(db, graceMs, inUse),
  }
}

interface BuildRow {
  epoch: string
  seq: number
  live: boolean
  successor: boolean
  parked: number
  caught_up_at: Date | null
}

/** What readers of its fingerprint use, or will. */
export const placeOf = (schema: string): string =>
  `exists (select from content.live where schema = '${schema}') as live, exists (select from content.live where successor = '${schema}') as successor`

async function list(on: Queryable): Promise<Build[]> {
  const names = await schemas(on, `content_${fingerprint}_`)
  const builds: Build[] = []
  for (const schema of names) {
    const [row] = await on.query<BuildRow>(
      `select epoch, seq, caught_up_at, (select count(*) from "${schema}".parked) as parked, ${placeOf(schema)} from "${schema}".applied`,
    )
    if (row === undefined) continue
    const { epoch, seq, live, successor, parked, caught_up_at } = row
    builds.push({ schema, position: { epoch, seq }, live, successor, parked, caughtUpAt: caught_up_at?.toISOString() ?? null })
  }
  return builds
}

/** In order of making: the names end in a time of equal length. */
async function schemas(on: Queryable, prefix: string): Promise<string[]> {
  const rows = await on.query<{ name: string }>(
    `select nspname as name from pg_catalog.pg_namespace where starts_with(nspname, $1) order by nspname collate "C"`,
    [prefix],
  )
  return rows.map(({ name }) => name).filter((name) => schemaName.test(name))
}

async function create(on: Queryable, epoch: string, clock: Clock): Promise<Build> {
  // Never a name that was there before: a reader that has not noticed yet must miss its tables, not find others.
  const [latest] = (await schemas(on, `content_${fingerprint}_`)).slice(-1)
  const ms = Math.max(clock.now(), latest === undefined ? 0 : Number.parseInt(latest.split('_').at(-1) ?? '', 36) + 1)
  const schema = `content_${fingerprint}_${ms.toString(36)}`
  await on.query(`create schema "${schema}"; set local search_path = "${schema}"; ${tables}`)
  await on.query('insert into applied (epoch, seq) values ($1, 0)', [epoch])
  await on.query(`do $$ begin
    if exists (select from pg_roles where rolname = 'rcr_read') then
      grant usage on schema "${schema}" to rcr_read;
      grant select on all tables in schema "${schema}" to rcr_read;
    end if;
  end $$`)
  return { schema, position: { epoch, seq: 0 }, live: false, successor: false, parked: 0, caughtUpAt: null }
}

async function setLive(on: Queryable, { schema, position }: Build): Promise<void> {
  await on.query(
    `insert into content.live (fingerprint, schema, epoch, switched_at) values ($1, $2, $3, now())
     on conflict (fingerprint) do update set schema = excluded.schema, epoch = excluded.epoch, switched_at = now(), successor = null`,
    [fingerprint, schema, position.epoch],
  )
}

function demandEpoch(build: Build, epoch: string): void {
  if (build.position.epoch > epoch)
    throw new Refusal('conflict', 'The read model has followed a later master than this one; start this one as a restored one.', {
      code: 'epoch',
      facts: { epoch, schema: build.schema, schemaEpoch: build.position.epoch },
    })
}

/** Whoever projects into the live build waits until the switch is done, and then sees it. */
async function demandNoStepBack(on: Queryable, live: Build, next: Build): Promise<void> {
  if (live.position.epoch !== next.position.epoch || live.schema === next.schema) return
  const [from] = await on.query<{ seq: number }>(`select seq from "${live.schema}".applied for update`)
  const [to] = await on.query<{ seq: number }>(`select seq from "${next.schema}".applied`)
  if (from !== undefined && to !== undefined && to.seq < from.seq)
    throw new Refusal('conflict', `Readers stand at ${from.seq}, the build ${next.schema} at ${to.seq}.`, { code: 'behind' })
}

/** A region that nobody has reached for so long keeps nothing any more: its database will be copied anew. */
const lostMs = 7 * 86_400_000

/**
 * Each build by itself, after a look of its own, since the ones before may have taken minutes: one that a reader still holds waits for
 * the next time. To be read counts as being projected into: no single look decides, which may fall between two connections of a reader.
 */
async function prune(db: Database, graceMs: number, inUse: () => Promise<InUse>): Promise<string[]> {
  const dropped: string[] = []
  for (const schema of await schemas(db, 'content_')) {
    const { schemas: used, unknown } = await inUse()
    const idleMs = unknown === 0 ? graceMs : Math.max(graceMs, lostMs)
    const isDropped = await db
      .transaction(
        async (on) => {
          if (used.has(schema)) await touch(on, schema)
          else if (await isIdle(on, schema, idleMs)) {
            await on.query('delete from content.live where schema = $1', [schema])
            await dropBuild(on, schema)
            return true
          }
          return false
        },
        [alone, noTimeout, `set local lock_timeout = '2s'`],
      )
      .catch((error) => {
        if (isGone(error) || (error instanceof Refusal && ['unavailable', 'late'].includes(error.reason))) return false
        throw error
      })
    if (isDropped) dropped.push(schema)
  }
  return dropped
}

const touch = (on: Queryable, schema: string) => on.query(`update "${schema}".applied set touched_at = clock_timestamp()`)

async function isIdle(on: Queryable, schema: string, graceMs: number): Promise<boolean> {
  const [row] = await on.query<{ idle: boolean }>(
    `select touched_at <= clock_timestamp() - $1 * interval '1 millisecond'
       and not exists (select from content.live where schema = $2 and fingerprint = $3) as idle
     from "${schema}".applied`,
    [graceMs, schema, fingerprint],
  )
  return row?.idle ?? false
}
