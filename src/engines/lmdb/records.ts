// What the values are: JSON texts, and how documents get their envelope back.
import type { Change } from '../../domain/change.ts'
import { indexes, type Place } from '../../domain/indexes.ts'
import type { Kind } from '../../ports/master.ts'
import { damaged, parsed } from './failure.ts'
import { checked, checkedId, keyOf, seqKey } from './keys.ts'
import type { Read } from './recent.ts'
import type { Store } from './store.ts'
import type { Table } from './tables.ts'

/** What stands under a document's name: the pointer into the log, or a private document itself. */
export interface Head {
  version: number
  createdAt: string
  updatedAt: string
  /** Its places as they were written. Kept, so that another version of the code, with other indexes, still removes them all. */
  places: [index: string, partition: string, sort: string][]
  /** Public kinds: the entry of the log that holds this version. */
  seq?: number
  /** Public kinds: this version is a deletion. */
  deleted?: true
  /** Private kinds. */
  expiresAt?: string
  document?: object
}

interface Entry {
  at: string
  by: string | null
  kind: string
  id: string
  version: number
  createdAt: string
  document: object | null
}

export function valueAt<T>(table: Table, key: Buffer): T | undefined {
  const bytes = table.get(key)
  return bytes === undefined ? undefined : parsed<T>(bytes)
}

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** The same JSON object with `document` as its last member, already encoded. */
export function jsonWith(value: object, document: Buffer | null): Buffer {
  const open = JSON.stringify(value).slice(0, -1)
  return document === null ? Buffer.from(`${open},"document":null}`) : Buffer.concat([Buffer.from(`${open},"document":`), document, brace])
}
const brace = Buffer.from('}')

/** What stands at this moment; an expired document does not. */
export function headOf(store: Store, kind: Kind, id: string, nowMs: number): Head | undefined {
  const head = valueAt<Head>(store.documents, keyOf(kind, checkedId(id)))
  return head?.expiresAt !== undefined && Date.parse(head.expiresAt) <= nowMs ? undefined : head
}

export function documentOf(store: Store, id: string, head: Head): object | null {
  if (head.seq === undefined) return { ...head.document, ...envelope(id, head.version, head.createdAt, head.updatedAt) }
  return head.deleted ? null : changeAt(store, head.seq).document
}

export const changeAt = (store: Store, seq: number): Change => changeOf(seq, entryAt(store, seq))
/** Of one that others have looked at just now, or will. */
export const recentAt = (store: Store, seq: number): Change =>
  (store.recent.get(seq) ?? store.recent.keep(readOf(seq, entryAt(store, seq)))).change

export const readOf = (seq: number, bytes: Buffer): Read => ({ change: changeOf(seq, bytes), sizeBytes: bytes.length })

/** The entry must be there: heads and versions are written with it. */
function entryAt(store: Store, seq: number): Buffer {
  const bytes = store.log.get(seqKey(seq))
  if (bytes === undefined) throw damaged(new Error(`entry ${seq} of the log is missing`))
  return bytes
}

export function changeOf(seq: number, bytes: Buffer): Change {
  const { createdAt, document, ...entry } = parsed<Entry>(bytes)
  const whole = document && { ...document, ...envelope(entry.id, entry.version, createdAt, entry.at) }
  return { seq, ...entry, document: whole } as Change
}

export const envelope = (id: string, version: number, createdAt: string, updatedAt: string) => ({ id, version, createdAt, updatedAt })

/** Where a document stands now, over all indexes of its kind. */
export function placesOf(kind: Kind, document: object): Head['places'] {
  const found: Head['places'] = []
  for (const [name, index] of Object.entries(indexes)) {
    if (index.kind !== kind) continue
    const places = (index.places as (document: object) => readonly Place[])(document)
    for (const { partition, sort } of places) found.push([name, checked(partition, placeMaxBytes), checked(sort, placeMaxBytes)])
  }
  return found
}

/** Of a partition, and of a sort key. */
export const placeMaxBytes = 200
