// Projects the log into PostgreSQL: see `ports/projection.ts` for what it promises.
import { type Change, isShownKind } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build, LogEnd, ParkedChange, Projection } from '../../ports/projection.ts'
import { batchTimeouts, TooWide, writeBatch } from './batch.ts'
import { demandSchema, openBuilds, placeOf } from './builds.ts'
import { checksums, differences } from './checksums.ts'
import { type Database, openPool } from './connect.ts'
import { buildsInUse } from './in-use.ts'
import { type Mapped, mapped, parkedAs } from './rows.ts'
import { slice } from './slices.ts'
import { isDataFault, isGone } from './translate.ts'
import { openVocabulary, type Vocabulary } from './vocabulary.ts'

export interface ProjectionOptions {
  /** The primary, prepared by `prepareDatabase`. */
  url: string
  /** All databases in which it is read; only this one, if not given. */
  everywhere?: readonly string[]
  log: Log
  clock: Clock
}

/** How long `change` keeps what caches and event streams tail. */
const keptMs = 7 * 86_400_000
const pruneEveryMs = 60_000

// Every statement goes by keys: a plan made when the tables were empty must not scan them for ever after. A projector that froze in
// a transaction must not hold the others, nor one that froze before a half-read answer, which no other timeout ends (measured: the
// lock was held for as long as the process stood still). A database that went without a word is noticed in ten seconds; only batches may take longer.
const timeoutMs = 10_000
const settings = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
  idle_in_transaction_session_timeout: '10s',
  tcp_user_timeout: '30s',
}

export function openProjection({ url, everywhere = [url], log, clock }: ProjectionOptions): Projection {
  const db = openPool({ url, role: 'rcr_project', max: 3, log, timeoutMs, settings })
  const { open, successor, builds, create, switch: switchTo, drop, prune } = openBuilds(db, clock, () => buildsInUse(everywhere, log))
  const pruneChanges = openChangePruning(db, clock)
  const projector = { db, log, clock, vocabulary: openVocabulary() }
  return {
    open,
    successor,
    builds,
    create,
    apply: (schema, changes, end) =>
      unlessGone(schema, async () => {
        const applied = await apply(projector, demandSchema(schema), changes, end)
        await pruneChanges(schema)
        return applied
      }),
    switch: switchTo,
    drop,
    prune,
    parked: (schema) =>
      unlessGone(schema, () => db.query<ParkedChange>(`select seq, kind, id, error from "${demandSchema(schema)}".parked order by seq`)),
    checksums: (schema) => unlessGone(schema, () => checksums(db, schema)),
    slice: (schema, range) => unlessGone(schema, () => slice(db, schema, range)),
    differences: (first, second, limit) => unlessGone(`${first} or ${second}`, () => differences(db, first, second, limit)),
    close: () => db.close(),
  }
}

interface Projector {
  db: Database
  log: Log
  clock: Clock
  vocabulary: Vocabulary
}

/**
 * In one transaction; where a document is at fault, in halves until it stands alone and is parked. Any cut of the log into
 * transactions gives the same rows.
 */
async function apply(projector: Projector, schema: string, changes: readonly Change[], end: LogEnd | null): Promise<Build> {
  try {
    return await applyOnce(projector, schema, changes, entriesOf(changes), end)
  } catch (error) {
    if (!(error instanceof TooWide) && !isDataFault(error)) throw error
    if (changes.length > 1) {
      const middle = changes.length >> 1
      await apply(projector, schema, changes.slice(0, middle), null)
      return apply(projector, schema, changes.slice(middle), end)
    }
    const fault = error as Error
    const parked = shownIn(changes).map((change) => parkedAs(change, fault))
    return applyOnce(projector, schema, changes, parked, end)
  }
}

/** A kind that this code does not know belongs to a newer one, which has a build of its own; orders belong in none. */
const shownIn = (changes: readonly Change[]): Change[] => changes.filter(({ kind }) => isShownKind(kind))
const entriesOf = (changes: readonly Change[]): Mapped[] => shownIn(changes).map(mapped)

interface LockedRow {
  epoch: string
  seq: number
  live: boolean
  successor: boolean
  has_parked: boolean
  is_new: boolean
}

async function applyOnce(
  { db, log, clock, vocabulary }: Projector,
  schema: string,
  changes: readonly Change[],
  entries: readonly Mapped[],
  end: LogEnd | null,
): Promise<Build> {
  // Two statements: the second sees all that was committed while the first waited, `live` and `parked` too.
  const lock = 'select from applied for update'
  const look = `select epoch, seq, ${placeOf(schema)},
    exists (select from parked) as has_parked, caught_up_at is null as is_new from applied`
  const { counted, ...written } = await db.transaction(
    async (on, [build]: LockedRow[]) => {
      if (build === undefined) throw new Refusal('missing', `The build ${schema} has no position.`)
      const seq = positionAfter(build.seq, changes)
      const todo = entries.filter(({ change }) => change.seq > build.seq)
      const keptSince = new Date(clock.now() - keptMs).toISOString()
      const counted = build.is_new ? vocabulary.take(schema, build.seq) : null
      const { caughtUpAt, parked } = await writeBatch(on, {
        entries: todo,
        seq,
        end,
        keptSince,
        hasParked: build.has_parked,
        isNew: build.is_new,
        counted,
      })
      for (const { fault, change } of todo)
        if (fault !== null)
          log.error('change parked: its document is not shown', { schema, seq: change.seq, kind: change.kind, id: change.id, error: fault })
      const { epoch, live, successor } = build
      return { schema, position: { epoch, seq }, live, successor, parked, caughtUpAt, counted }
    },
    [`set local search_path = "${schema}"`, ...batchTimeouts, lock, look],
  )
  if (counted !== null && written.caughtUpAt === null) vocabulary.keep(schema, written.position.seq, counted)
  return written
}

/** The last seq; refuses a hole, before or inside. */
function positionAfter(position: number, changes: readonly Change[]): number {
  let seq = position
  for (const change of changes) {
    if (change.seq <= position) continue
    if (change.seq !== seq + 1)
      throw new Refusal('conflict', `The build stands at ${seq}, the next change is ${change.seq}.`, { code: 'gap' })
    seq = change.seq
  }
  return seq
}

/** Old rows of `change` go in small steps, about once a minute for each build. */
function openChangePruning(db: Database, clock: Clock): (schema: string) => Promise<void> {
  const doneMs = new Map<string, number>()
  return async (schema) => {
    const nowMs = clock.monotonic()
    if (nowMs - (doneMs.get(schema) ?? -pruneEveryMs) < pruneEveryMs) return
    doneMs.set(schema, nowMs)
    await db.query(
      `delete from "${schema}".change where seq <= (
         select max(seq) from (select seq, at from "${schema}".change order by seq limit 5000) oldest where at < $1)`,
      [new Date(clock.now() - keptMs).toISOString()],
    )
  }
}

async function unlessGone<T>(schema: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isGone(error)) throw new Refusal('missing', `There is no build ${schema}.`, { cause: error })
    throw error
  }
}
