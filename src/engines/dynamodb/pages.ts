// Reading by pages: the places of an index, the history of a document, the feed, all private documents of a kind.
import type { Change } from '../../domain/change.ts'
import { type IndexName, indexes } from '../../domain/indexes.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Kind, Page } from '../../ports/master.ts'
import { everyOf, isPublicKind, placeMaxBytes } from './draft.ts'
import { hasExpired } from './judge.ts'
import {
  badCursor,
  bucketOf,
  cellKey,
  checked,
  cursorOf,
  documentPartition,
  highest,
  justAfter,
  keyOfCursor,
  logKey,
  logPartition,
  lowest,
  mostVersion,
  numberOf,
  parts,
  placeOf,
  placePartition,
  versionKey,
} from './keys.ts'
import { newest } from './load.ts'
import type { Log } from './log.ts'
import { cellValue, changeOf, documentIn, type Head, headOf } from './records.ts'
import { inTurns, type Table } from './table.ts'
import type { Item } from './wire.ts'

const pageMax = 200
const feedMax = 5000
const feedMaxBytes = 4 * 1024 * 1024

/** Everything that is committed must have been written behind the log. */
export async function list(table: Table, index: IndexName, partition: string, page: Page & { upTo?: string }, nowMs: number) {
  bounded(page.limit, pageMax)
  const { kind, descending } = indexes[index]
  const whole = parts(index, checked(partition, placeMaxBytes))
  let from: Buffer = lowest
  let to: Buffer = page.upTo === undefined ? highest : justAfter(checked(page.upTo, placeMaxBytes))
  if (page.after !== undefined) {
    const last = keyOfCursor(page.after, whole)
    if (descending) to = Buffer.compare(last, to) < 0 ? last : to
    else from = afterAll(last)
  }
  const range = { pk: placePartition(index, partition), from, to, descending, limit: page.limit + 1 }
  const found: { document: object; key: Buffer }[] = []
  for await (const items of table.pages(range)) {
    for (const { document, sort, id } of await standing(table, items, kind, index, partition, nowMs))
      found.push({ document, key: parts(sort, id) })
    if (found.length > page.limit) break
  }
  const last = found[page.limit - 1]
  const next = found.length > page.limit && last !== undefined ? cursorOf(whole, last.key) : null
  return { documents: found.slice(0, page.limit).map(({ document }) => document), next }
}

/** After every place of this sort key and id, whenever it was taken. */
const afterAll = (key: Buffer): Buffer => Buffer.concat([key.subarray(0, -1), Buffer.from([1])])

/** The documents that do stand there: a place that was left, and lies there still, does not count. */
async function standing(table: Table, items: readonly Item[], kind: Kind, index: string, partition: string, nowMs: number) {
  const places = items.map(({ sk }) => placeOf(sk))
  const heads = await headsOf(
    table,
    kind,
    places.map(({ id }) => id),
  )
  return places.flatMap(({ sort, id, since }, i) => {
    const head = heads[i]
    if (head === undefined || hasExpired(head.expiresAt, nowMs)) return []
    const isThere = head.places.some(([a, b, c, d]) => a === index && b === partition && c === sort && d === since)
    const document = documentIn(id, head)
    return isThere && document !== null ? [{ document, sort, id }] : []
  })
}

async function headsOf(table: Table, kind: Kind, ids: readonly string[]): Promise<(Head | undefined)[]> {
  const pks = ids.map((id) => documentPartition(kind, id))
  if (!isPublicKind(kind)) return (await table.get(pks.map(cellKey))).map((item) => cellValue(item) as Head | undefined)
  const heads = new Map<string, Head | undefined>()
  await inTurns([...new Set(pks)], async (pk) => {
    const item = await newest(table, pk)
    heads.set(pk, item && headOf(item))
  })
  return pks.map((pk) => heads.get(pk))
}

export async function history(table: Table, kind: Kind, id: string, page: Page): Promise<{ changes: Change[]; next: string | null }> {
  bounded(page.limit, pageMax)
  const whole = parts(kind, id)
  const pk = documentPartition(kind, id)
  const before = page.after === undefined ? mostVersion : versionOfCursor(page.after, whole)
  const range = { pk, from: versionKey(pk, 1).sk, to: versionKey(pk, before - 1).sk, descending: true, limit: page.limit + 1 }
  const items: Item[] = []
  for await (const more of table.pages(range)) {
    items.push(...more)
    if (items.length > page.limit) break
  }
  const last = items[page.limit - 1]
  const next = items.length > page.limit && last !== undefined ? cursorOf(whole, last.sk) : null
  return { changes: items.slice(0, page.limit).map(changeIn), next }
}

function versionOfCursor(cursor: string, whole: Buffer): number {
  const sk = keyOfCursor(cursor, whole)
  if (sk.length !== versionKey('', 0).sk.length) throw badCursor()
  return Math.max(1, numberOf(sk))
}

export async function change(table: Table, kind: Kind, id: string, version: number): Promise<Change | null> {
  if (!Number.isSafeInteger(version) || version < 1 || version > mostVersion) return null
  const [item] = await table.get([versionKey(documentPartition(kind, id), version)])
  return item === undefined ? null : changeIn(item)
}

const changeIn = ({ seq, change: text }: Item): Change => changeOf(Number(seq), String(text))

/** Which log item holds a seq: where the feed of a follower goes on, so that it need not be looked for. */
export type Marks = Map<number, number>
const mostMarks = 1000

export async function feed(table: Table, log: Log, marks: Marks, after: number, limit: number): Promise<Change[]> {
  bounded(limit, feedMax)
  if (!Number.isSafeInteger(after) || after < 0) throw new Refusal('invalid', 'A position is a whole number from 0.')
  if (after >= log.head().seq) return []
  const from = after === 0 ? 1 : (marks.get(after) ?? (await log.find(after + 1)))
  const changes: Change[] = []
  let bytes = 0
  for await (const { n, seq, text } of changesFrom(table, from, log.head().n)) {
    if (seq <= after) continue
    bytes += Buffer.byteLength(text)
    if (changes.length === limit || (changes.length > 0 && bytes > feedMaxBytes)) break
    if (marks.size > mostMarks) marks.clear()
    if (changes.length > 0) marks.delete(seq - 1)
    marks.set(seq, n)
    changes.push(changeOf(seq, text))
  }
  return changes
}

async function* changesFrom(table: Table, from: number, to: number) {
  for (let bucket = bucketOf(from); bucket <= bucketOf(to); bucket++)
    for await (const items of table.pages({ pk: logPartition(bucket), from: logKey(from).sk, to: logKey(to).sk }))
      for (const { n, seq, changes } of items)
        for (const [i, text] of (changes as readonly string[]).entries()) yield { n: Number(n), seq: Number(seq) + 1 + i, text }
}

/** In steps, while the caller takes his time. */
export async function* privates(
  table: Table,
  kind: Kind,
  written: <T>(look: () => Promise<T>) => Promise<T>,
  nowMs: () => number,
): AsyncGenerator<object> {
  const pages = table.pages({ pk: placePartition(everyOf, kind), from: lowest, to: highest, limit: pageMax })
  while (true) {
    const documents = await written(async () => {
      const { value: items } = await pages.next()
      return items && standing(table, items, kind, everyOf, kind, nowMs())
    })
    if (!documents) return
    for (const { document } of documents) yield document
  }
}

function bounded(limit: number, max: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > max) throw new Refusal('invalid', `A limit is a whole number from 1 to ${max}.`)
}
