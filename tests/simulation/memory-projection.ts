// The projection's contract over tables in memory: the mapping and the folding are the real ones, each call is one instant. What it
// promises is checked by the suite that PostgreSQL passes; with it services can be driven through 100,000 steps in seconds.
import { createHash } from 'node:crypto'
import type { Change } from '../../src/domain/change.ts'
import { facetDeltas, wordCounter, wordDeltas } from '../../src/engines/postgres/counts.ts'
import { fold, type Writes } from '../../src/engines/postgres/fold.ts'
import { type Mapped, mapped, type PutReview, parkedAs, type Standing } from '../../src/engines/postgres/rows.ts'
import type { Clock } from '../../src/kit/clock.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Build, Difference, LogEnd, ParkedChange, Projection, Range, Slice } from '../../src/ports/projection.ts'

type Row = Record<string, unknown>

export interface MemoryBuild {
  schema: string
  epoch: string
  seq: number
  caughtUpAt: string | null
  touchedMs: number
  review: Map<string, PutReview>
  camera: Map<string, Row & { id: string; brand: string; document: { brand: string } }>
  lens: Map<string, Row & { id: string; brand: string; document: { brand: string } }>
  editor: Map<string, Row & { id: string }>
  brand: Map<string, Row>
  facet: Map<string, Row & { reviews: number }>
  word: Map<string, Row & { reviews: number }>
  change: Map<number, Row>
  parked: Map<number, ParkedChange>
}

/** What all projectors share: one database. */
export interface MemoryDatabase {
  builds: Map<string, MemoryBuild>
  live: string | null
  successor: string | null
  /** A name is given once: whoever still holds that of a dropped build must miss it, not find another. */
  named: number
}

export const memoryDatabase = (): MemoryDatabase => ({ builds: new Map(), live: null, successor: null, named: 0 })

const keptMs = 7 * 86_400_000
/** What is modelled here; other kinds are passed. */
const kinds: readonly string[] = ['review', 'camera', 'lens', 'editor']
const keys: Record<string, string[]> = {
  brand: ['slug'],
  camera: ['id'],
  lens: ['id'],
  editor: ['id'],
  review: ['id'],
  review_tag: ['review_id', 'tag'],
  former_slug: ['review_id', 'slug'],
  facet: ['dimension', 'value'],
  word: ['language', 'word'],
}

export function memoryProjection(db: MemoryDatabase, clock: Clock): Projection {
  const demand = (schema: string): MemoryBuild => {
    const build = db.builds.get(schema)
    if (build === undefined) throw new Refusal('missing', `There is no build ${schema}.`)
    return build
  }
  const told = ({ schema, epoch, seq, parked, caughtUpAt }: MemoryBuild): Build => ({
    schema,
    position: { epoch, seq },
    live: db.live === schema,
    successor: db.successor === schema,
    parked: parked.size,
    caughtUpAt,
  })
  const demandEpoch = (epoch: string) => {
    const live = db.live === null ? null : demand(db.live)
    if (live && live.epoch > epoch) throw new Refusal('conflict', 'A later master was followed.', { code: 'epoch' })
    return live
  }
  const create = (epoch: string) => {
    const schema = `content_memory_${String(++db.named).padStart(8, '0')}`
    const build = emptyBuild(schema, epoch, clock.now())
    db.builds.set(schema, build)
    return build
  }
  return {
    async open(epoch) {
      const build = demandEpoch(epoch) ?? create(epoch)
      db.live = build.schema
      return told(build)
    },
    async successor(of, epoch) {
      const live = demandEpoch(epoch)
      if (live && live.schema !== of && live.epoch === epoch) return told(live)
      const there = db.builds.get(db.successor ?? '')
      if (there && there.epoch > epoch) throw new Refusal('conflict', 'A later master is followed.', { code: 'epoch' })
      const isOfUse = there?.caughtUpAt === null || live?.epoch !== epoch || (there?.seq ?? 0) >= live.seq
      const build = there?.epoch === epoch && isOfUse ? there : create(epoch)
      db.successor = build.schema
      return told(build)
    },
    builds: async () => [...db.builds.values()].map(told),
    create: async (epoch) => told(create(epoch)),
    async apply(schema, changes, end) {
      const build = demand(schema)
      apply(build, changes, end, clock)
      return told(build)
    },
    async switch(schema) {
      const next = demand(schema)
      const live = demandEpoch(next.epoch)
      if (live?.epoch === next.epoch && live.seq > next.seq) throw new Refusal('conflict', 'Readers are further.', { code: 'behind' })
      db.live = schema
      db.successor = null
    },
    async drop(schema) {
      if (db.live === schema) throw new Refusal('conflict', 'Readers use it.', { code: 'live' })
      db.builds.delete(schema)
    },
    async prune(graceMs) {
      const idle = [...db.builds.values()].filter((one) => one.schema !== db.live && one.touchedMs <= clock.now() - graceMs)
      for (const { schema } of idle) db.builds.delete(schema)
      return idle.map(({ schema }) => schema)
    },
    parked: async (schema) => [...demand(schema).parked.values()],
    async checksums(schema) {
      const build = demand(schema)
      return {
        position: { epoch: build.epoch, seq: build.seq },
        tables: Object.fromEntries(Object.keys(keys).map((table) => [table, sum(build, table)])),
      }
    },
    slice: async (schema, range) => slice(demand(schema), range),
    differences: async (first, second, limit) => differences(demand(first), demand(second), limit),
    close: async () => {},
  }
}

const emptyBuild = (schema: string, epoch: string, touchedMs: number): MemoryBuild => ({
  ...{ schema, epoch, seq: 0, caughtUpAt: null, touchedMs },
  ...{ review: new Map(), camera: new Map(), lens: new Map(), editor: new Map(), brand: new Map() },
  ...{ facet: new Map(), word: new Map(), change: new Map(), parked: new Map() },
})

function apply(build: MemoryBuild, changes: readonly Change[], end: LogEnd | null, clock: Clock): void {
  let seq = build.seq
  for (const change of changes) {
    if (change.seq <= build.seq) continue
    if (change.seq !== seq + 1) throw new Refusal('conflict', `The build stands at ${seq}.`, { code: 'gap' })
    seq = change.seq
  }
  const todo = changes.filter(({ seq, kind }) => seq > build.seq && kinds.includes(kind)).map((change) => holdable(mapped(change)))
  const writes = fold(standing(build, todo), todo)
  const isNew = build.caughtUpAt === null
  const words = isNew ? [] : wordDeltas(writes.changed)
  write(build, writes)
  add(
    build.facet,
    facetDeltas(writes.changed).map(({ delta, ...facet }) => [facet, delta]),
  )
  add(
    build.word,
    words.map(({ delta, ...word }) => [word, delta]),
  )
  for (const { kind, change } of todo)
    for (const [at, parked] of build.parked) if (parked.kind === kind && parked.id === change.id) build.parked.delete(at)
  for (const { kind, change, fault } of new Map(todo.map((entry) => [`${entry.kind} ${entry.change.id}`, entry])).values())
    if (fault !== null) build.parked.set(change.seq, { seq: change.seq, kind, id: change.id, error: fault.message })
  build.seq = seq
  build.touchedMs = clock.now()
  if (end === null || seq < end.seq) return
  if (isNew) {
    const counter = wordCounter()
    for (const review of build.review.values()) counter.add(review)
    add(
      build.word,
      counter.counts().map(({ delta, ...word }) => [word, delta]),
    )
  }
  if (build.caughtUpAt === null || build.caughtUpAt < end.at) build.caughtUpAt = end.at

  function write(into: MemoryBuild, { review, camera, lens, editor, brands, logged }: Writes): void {
    for (const [rows, { put, gone }] of [
      [into.review, review],
      [into.camera, camera],
      [into.lens, lens],
      [into.editor, editor],
    ] as const) {
      for (const row of put) (rows as Map<string, object>).set(row.id, row)
      for (const id of gone) rows.delete(id)
    }
    for (const { id, ...place } of review.moved) into.review.set(id, { ...demandRow(into, id), ...place })
    for (const slug of brands) {
      const names = [...into.camera.values(), ...into.lens.values()].filter(({ brand }) => brand === slug).map((row) => row.document.brand)
      const [name] = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      if (name === undefined) into.brand.delete(slug)
      else into.brand.set(slug, { slug, name })
    }
    for (const row of logged)
      if (Date.parse(row.at) >= clock.now() - keptMs) {
        if (into.change.has(row.seq)) throw new Error(`change ${row.seq} is told twice`)
        into.change.set(row.seq, { ...row })
      }
  }
}

function demandRow(build: MemoryBuild, id: string): PutReview {
  const row = build.review.get(id)
  if (row === undefined) throw new Error(`no review ${id}`)
  return row
}

/** What a column would refuse. */
function holdable(entry: Mapped): Mapped {
  if (entry.row === null) return entry
  const text = JSON.stringify(entry.row)
  const times = entry.kind === 'review' ? [entry.row.published_at, entry.row.created_at, entry.row.updated_at] : []
  const isFaulty =
    text.includes('\\u0000') ||
    times.some((time) => time === null || Number.isNaN(Date.parse(time))) ||
    (entry.kind === 'review' && !['es', 'pt', 'en'].includes(entry.row.language))
  return isFaulty ? parkedAs(entry.change, new Error('cannot be held')) : entry
}

/** The documents of a batch, what they refer to and what refers to them. */
function standing(build: MemoryBuild, entries: readonly Mapped[]): Standing {
  const ids = new Set(entries.map(({ change }) => change.id))
  const reviews = [...build.review.values()].filter(
    ({ id, camera_id, lens_id }) => ids.has(id) || ids.has(camera_id) || (lens_id !== null && ids.has(lens_id)),
  )
  const referring = [...reviews, ...entries.flatMap(({ kind, row }) => (kind === 'review' && row ? [row] : []))]
  for (const { camera_id, lens_id } of referring) {
    ids.add(camera_id)
    if (lens_id !== null) ids.add(lens_id)
  }
  // A row that stands there already is not whole: it has no version.
  const only = (rows: Map<string, object>) =>
    new Map([...rows].filter(([id]) => ids.has(id)).map(([id, { version, ...row }]: [string, { version?: unknown }]) => [id, row]))
  return {
    review: new Map(reviews.map(({ version, ...row }) => [row.id, row])),
    camera: only(build.camera),
    lens: only(build.lens),
    editor: only(build.editor),
    ...{ category: new Map(), product: new Map(), stock: new Map() },
  } as Standing
}

function add(to: Map<string, Row & { reviews: number }>, deltas: [Row, number][]): void {
  for (const [of, delta] of deltas) {
    const key = Object.values(of).join('\n')
    const reviews = (to.get(key)?.reviews ?? 0) + delta
    if (reviews <= 0) to.delete(key)
    else to.set(key, { ...of, reviews })
  }
}

/** The rows of a table as PostgreSQL would give them. */
export function rowsOf(build: MemoryBuild, table: string): Row[] {
  const reviews = [...build.review.values()]
  switch (table) {
    case 'review':
      return reviews.map(({ former_slugs, title_key, ...row }) => row)
    case 'review_tag':
      return reviews.flatMap(({ id, tags, published_at }) => tags.map((tag) => ({ tag, review_id: id, published_at })))
    case 'former_slug':
      return reviews.flatMap(({ id, former_slugs }) => former_slugs.map((slug) => ({ slug, review_id: id })))
    case 'applied':
      return [{ epoch: build.epoch, seq: build.seq, caught_up_at: build.caughtUpAt }]
    default:
      return [...(build[table as 'brand' | 'camera' | 'facet'] as Map<string, Row>).values()]
  }
}

const keyed = (build: MemoryBuild, table: string): Map<string, string> =>
  new Map(rowsOf(build, table).map((row) => [(keys[table] ?? []).map((key) => row[key]).join(' '), JSON.stringify(row)]))

function sum(build: MemoryBuild, table: string): string {
  const hash = createHash('sha256')
  for (const [, row] of [...keyed(build, table)].toSorted(([a], [b]) => (a < b ? -1 : 1))) hash.update(row)
  return hash.digest('hex')
}

/** Keys are compared as one text: none of ours holds what sorts before a space. */
function slice(build: MemoryBuild, { table, after, upTo, limit, each }: Range): Slice {
  const key = ([text]: readonly [string, string]) => text
  const [from, to] = [after?.join(' ') ?? '', upTo?.join(' ')]
  const all = [...keyed(build, table)].toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  const rows = all.filter((row) => key(row) > from && (to === undefined || key(row) <= to)).slice(0, limit)
  const hash = createHash('sha256')
  for (const [, row] of rows) hash.update(row)
  return {
    position: { epoch: build.epoch, seq: build.seq },
    count: rows.length,
    last: rows.at(-1)?.[0].split(' ') ?? null,
    sum: hash.digest('hex'),
    rows: new Map(each ? rows : []),
  }
}

function differences(first: MemoryBuild, second: MemoryBuild, limit: number): Difference[] {
  return Object.keys(keys).flatMap((table) => {
    const [a, b] = [keyed(first, table), keyed(second, table)]
    const differing = [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key))
    return differing.slice(0, limit).map((key): Difference => ({ table, key, in: !b.has(key) ? 'first' : !a.has(key) ? 'second' : 'both' }))
  })
}
