// One batch into one build, inside a transaction that holds the build's `applied` row.
import { inTurns } from '../../kit/turns.ts'
import type { Build, LogEnd } from '../../ports/projection.ts'
import type { Queryable, Statement } from './connect.ts'
import { facetDeltas, type Move, type Worded, wordCounter } from './counts.ts'
import { fold, showsOtherwise, type Writes } from './fold.ts'
import { type AnyCatalogue, type AnyReview, type Mapped, type Standing, uuid } from './rows.ts'
import { sqlText } from './sql.ts'
import type { Words } from './vocabulary.ts'

// Planned once for each connection, when the tables may still be empty: the pool's settings keep every plan on the indexes.
const statement = (name: string): Statement => ({ name, text: sqlText(name), timeoutMs: 65_000 })
const before = statement('before')
const referring = statement('referring')
const putReviews = statement('put-reviews')
const putCatalogue = statement('put-catalogue')
const putShop = statement('put-shop')
const deriveBrands = statement('derive-brands')
const countFacets = statement('count-facets')
const countWords = statement('count-words')
const logChanges = statement('log-changes')
const indexes = sqlText('indexes')
const nextWorded: Statement = {
  name: 'next-worded',
  text: 'select id, language, title, summary, verdict, body, keywords from review where id > $1 order by id limit 1000',
  timeoutMs: 65_000,
}
const longMs = 3_600_000

/** For the opening of the transaction: the server gives up before we do, on another projector sooner than on its own work. */
export const batchTimeouts = [`set local statement_timeout = '60s'`, `set local lock_timeout = '8s'`]

/** More reviews than one transaction should write anew because cameras have other names. */
const widest = 2000

/** The batch would write too many reviews; smaller ones may not. */
export class TooWide extends Error {}

export interface Batch {
  entries: readonly Mapped[]
  /** The position that the batch leads to. */
  seq: number
  end: LogEnd | null
  /** Older changes are not worth a row in `change`. RFC 3339. */
  keptSince: string
  /** The build has parked changes, which may be settled now. */
  hasParked: boolean
  /** It never held the whole log, and lacks the vocabulary and the indexes of readers. */
  isNew: boolean
  /** Of a new one, where they are known: those before the batch, and afterwards those after it. */
  counted: Words | null
}

export async function writeBatch(
  connection: Queryable,
  { entries, seq, end, keptSince, hasParked, isNew, counted }: Batch,
): Promise<Pick<Build, 'caughtUpAt' | 'parked'>> {
  const on = mayBeWide(entries) ? await unhurried(connection) : connection
  const writes = fold(await standing(on, entries), entries)
  const facets = facetDeltas(writes.changed)
  const words = isNew ? [] : (await count(wordCounter(), writes.changed)).counts()
  const logged = JSON.stringify(writes.logged.filter(({ at }) => at >= keptSince))
  const written = [
    ...writeRows(on, writes),
    ...(facets.length > 0 ? [() => on.query(countFacets, [JSON.stringify(facets)])] : []),
    ...(words.length > 0 ? [() => on.query(countWords, [JSON.stringify(words)])] : []),
    ...(hasParked ? [() => settle(on, entries)] : []),
    ...park(on, entries),
  ]
  const writing = inOrder(written)
  if (counted !== null) await Promise.all([writing, count(counted, writes.changed)])
  await writing
  if (isNew && end !== null && seq >= end.seq) await complete(on, counted ?? (await countRows(on)))
  const [row] = await on.query<{ caught_up_at: Date | null; parked: number }>(logChanges, [logged, seq, end?.seq ?? null, end?.at ?? null])
  return { caughtUpAt: row?.caught_up_at?.toISOString() ?? null, parked: row?.parked ?? 0 }
}

/** One change alone cannot be made smaller, and a camera takes all of its reviews along, however many. */
const mayBeWide = (entries: readonly Mapped[]): boolean => entries.length === 1 && ['camera', 'lens'].includes(entries[0]?.kind ?? '')

async function unhurried(on: Queryable): Promise<Queryable> {
  await on.query('set local statement_timeout = 0')
  return {
    query: (statement, values) =>
      on.query({ ...(typeof statement === 'string' ? { text: statement } : statement), timeoutMs: longMs }, values),
  }
}

/** The documents of the batch, what they refer to, and, where cameras or lenses look different now, the reviews of these. */
async function standing(on: Queryable, entries: readonly Mapped[]): Promise<Standing> {
  const found = ofEachKind(() => new Map()) as Standing
  const wanted: Wanted = ofEachKind(() => new Set<string>())
  for (const { kind, change, row } of entries) {
    if (uuid.test(change.id)) wanted[kind].add(change.id)
    if (kind !== 'review' || row === null) continue
    wanted.camera.add(row.camera_id)
    if (row.lens_id !== null) wanted.lens.add(row.lens_id)
  }
  await load(on, wanted, found)
  const cameras = looksOtherwise(entries, 'camera', found.camera)
  const lenses = looksOtherwise(entries, 'lens', found.lens)
  if (cameras.length + lenses.length === 0) return found
  const most = mayBeWide(entries) ? null : widest + 1
  const reviews = await on.query<Pick<AnyReview, 'id' | 'camera_id' | 'lens_id'>>(referring, [cameras, lenses, most])
  if (most !== null && reviews.length === most) throw new TooWide()
  for (const { id, camera_id, lens_id } of reviews) {
    wanted.review.add(id)
    wanted.camera.add(camera_id)
    if (lens_id !== null) wanted.lens.add(lens_id)
  }
  await load(on, wanted, found)
  return found
}

type Kind = keyof Standing
type Wanted = Record<Kind, Set<string>>

/** Reads what is wanted; an id that is found is not wanted again. */
async function load(on: Queryable, wanted: Wanted, into: Standing): Promise<void> {
  const ids = kinds.map((kind) => [...wanted[kind]].filter((id) => !into[kind].has(id)))
  if (ids.every((some) => some.length === 0)) return
  const [rows] = await on.query<{ [Name in Kind]: { id: string }[] | null }>(before, ids)
  for (const kind of kinds) for (const row of rows?.[kind] ?? []) (into[kind] as Map<string, object>).set(row.id, row)
}

// In the order of the parameters of `before.sql`.
const kinds = ['review', 'camera', 'lens', 'editor', 'category', 'product', 'stock'] as const
const ofEachKind = <T>(make: () => T) => Object.fromEntries(kinds.map((kind) => [kind, make()])) as Record<Kind, T>

/** Cameras or lenses that at some point of the batch differ in what their reviews show of them. */
function looksOtherwise(entries: readonly Mapped[], kind: 'camera' | 'lens', found: ReadonlyMap<string, AnyCatalogue>): string[] {
  const latest = new Map<string, AnyCatalogue | null>()
  const changed = new Set<string>()
  for (const entry of entries) {
    if (entry.kind !== kind) continue
    const { id } = entry.change
    if (showsOtherwise(latest.has(id) ? latest.get(id) : found.get(id), entry.row)) changed.add(id)
    latest.set(id, entry.row)
  }
  return [...changed].filter((id) => uuid.test(id))
}

type Write = () => Promise<unknown>

async function inOrder(writes: readonly Write[]): Promise<void> {
  for (const write of writes) await write()
}

function writeRows(on: Queryable, { review, camera, lens, editor, category, product, stock, brands }: Writes): Write[] {
  const written: Write[] = []
  for (const [into, rows] of [
    [putCatalogue, [camera, lens, editor]],
    [putShop, [category, product, stock]],
  ] as const)
    if (rows.some(({ put, gone }) => put.length + gone.length > 0))
      written.push(() =>
        on.query(
          into,
          rows.flatMap(({ put, gone }) => [JSON.stringify(put), gone]),
        ),
      )
  if (brands.length > 0) written.push(() => on.query(deriveBrands, [brands]))
  if (review.put.length + review.gone.length + review.moved.length > 0)
    written.push(() => on.query(putReviews, [JSON.stringify(review.put), review.gone, JSON.stringify(review.moved)]))
  return written
}

/** The words of a thousand reviews take a fifth of a second (corpus, 2026-11-28), in which nobody would be answered. */
const wordsAtOnce = 20

async function count(words: Words, changed: readonly Move[]): Promise<Words> {
  for await (const some of inTurns(changed, wordsAtOnce)) words.move(some)
  return words
}

async function countRows(on: Queryable): Promise<Words> {
  const words = wordCounter()
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const reviews = await on.query<Worded & { id: string }>(nextWorded, [after])
    for await (const some of inTurns(reviews, wordsAtOnce)) for (const review of some) words.add(review)
    const last = reviews.at(-1)
    if (last === undefined) return words
    after = last.id
  }
}

/** What is cheaper to make at once, when a new build holds the whole log for the first time: the vocabulary, and what only readers need. */
async function complete(on: Queryable, words: Words): Promise<void> {
  await on.query('set local statement_timeout = 0')
  await on.query({ ...countWords, timeoutMs: longMs }, [JSON.stringify(words.counts())])
  await on.query({ text: indexes, timeoutMs: longMs })
}

/** A later version of a document settles what was parked of it. */
const settle = (on: Queryable, entries: readonly Mapped[]) =>
  on.query('delete from parked p using json_to_recordset($1) as d(kind text, id text) where p.kind = d.kind and p.id = d.id', [
    JSON.stringify(entries.map(({ kind, change: { id } }) => ({ kind, id }))),
  ])

function park(on: Queryable, entries: readonly Mapped[]): Write[] {
  const latest = new Map(entries.map((entry) => [`${entry.kind} ${entry.change.id}`, entry]))
  return [...latest.values()].flatMap(({ kind, change, fault }) =>
    fault === null
      ? []
      : [
          () =>
            on.query('insert into parked (seq, kind, id, error, change, at) values ($1, $2, $3, $4, $5, clock_timestamp())', [
              change.seq,
              kind,
              holdable(String(change.id)),
              holdable(fault.message),
              JSON.stringify(change),
            ]),
        ],
  )
}

/** The fault may be in the very text that PostgreSQL cannot hold. */
const holdable = (text: string): string => text.toWellFormed().replaceAll('\0', '')
