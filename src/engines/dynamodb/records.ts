// What the items hold: log items, what they leave to be done, versions of public documents, cells.
//
//   meta                                     format, epoch
//   log#<bucket>      n                      seq (the last one before), count, nonce, changes: a JSON text each
//   ask                                      n, value: who lost the race for it
//   redo              n, nonce               body: everything else that log item n does, until it is done
//   doc#<kind>#<id>   version                a public document: n, seq, change, places; never put twice, never removed
//   doc#<kind>#<id>   -                      a private document: n, value, ttl
//   claim#<name>      -                      n, value: the owner
//   counter#<name>    -                      n, value
//   repeat#<key>      -                      n, value: until when, the record
//   place#<index>#<partition>   sort, id, n  where a document stands since log item n
import type { Change, Position } from '../../domain/change.ts'
import type { IdempotencyRecord, Kind } from '../../ports/master.ts'
import { envelope } from './draft.ts'
import { damaged } from './failure.ts'
import { cellKey, documentPartition, type Key, logKey, numberOf, type Placed, placeKey, redoKey, versionKey } from './keys.ts'
import type { Item } from './wire.ts'

/** What stands of a document. */
export interface Head {
  version: number
  createdAt: string
  updatedAt: string
  places: readonly Placed[]
  /** Public kinds: this version is a deletion. */
  deleted?: true
  /** Private kinds. */
  expiresAt?: string
  /** Without the envelope. Absent where it was not read. */
  document?: object
}

export type Repeat = IdempotencyRecord & { position: Position }

/** The value of a cell by the beginning of its partition. */
export interface CellValues {
  doc: Head
  claim: string
  counter: number
  repeat: { until: string; since: number; record: Repeat }
  ask: { by: string; n: number }
}
export type CellValue = CellValues[keyof CellValues]

/** One change as the log keeps it, without its seq. */
export interface Entry {
  at: string
  by: string | null
  kind: Kind
  id: string
  version: number
  createdAt: string
  document: object | null
}

/** Everything that one log item does. */
export interface Deed {
  n: number
  nonce: string
  /** The last seq before it. */
  seq: number
  /** One JSON text of an `Entry` for each seq. */
  changes: readonly string[]
  /** Where the document of each change stands after it. */
  places: readonly (readonly Placed[])[]
  /** Written again and again: guarded by n. Without a value it is gone. */
  cells: readonly Cell[]
  /** Places that are new, and those that are left. */
  arrivals: readonly { place: Placed; id: string; ttl?: number }[]
  departures: readonly { place: Placed; id: string }[]
}
export interface Cell {
  pk: string
  value?: CellValue
  /** Seconds since 1970, when DynamoDB may remove it. */
  ttl?: number
}

export const logItem = ({ n, nonce, seq, changes }: Pick<Deed, 'n' | 'nonce' | 'seq' | 'changes'>): Item => ({
  ...logKey(n),
  n,
  nonce,
  seq,
  count: changes.length,
  changes,
})

/** Whatever is not public of a deed lies here alone, and is removed when it is done. */
export function redoItem({ n, nonce, places, cells, arrivals, departures }: Deed): Item {
  return { ...redoKey(n, nonce), body: JSON.stringify({ places, cells, arrivals, departures }) }
}

export function deedOf(log: Item, redo: Item): Deed {
  const { n, nonce, seq, changes } = log as Item & Pick<Deed, 'n' | 'nonce' | 'seq' | 'changes'>
  return { n, nonce, seq, changes, ...parsed<Pick<Deed, 'places' | 'cells' | 'arrivals' | 'departures'>>(redo.body) }
}

export function versionItems({ n, seq, changes, places }: Deed): Item[] {
  return changes.map((change, i) => {
    const { kind, id, version, createdAt, at, document } = parsed<Entry>(change)
    return {
      ...versionKey(documentPartition(kind, id), version),
      n,
      seq: seq + 1 + i,
      change,
      createdAt,
      updatedAt: at,
      places: JSON.stringify(places[i]),
      ...(document === null && { deleted: 1 }),
    }
  })
}

export const cellItem = (n: number, { pk, value, ttl }: Cell): Item => ({
  ...cellKey(pk),
  n,
  ...(value !== undefined && { value: JSON.stringify(value) }),
  ...(ttl !== undefined && { ttl }),
})

/** What is gone leaves a cell without a value, so that nobody who was paused while writing it can bring it back. */
export const markUntil = (nowMs: number): number => Math.ceil(nowMs / 1000) + markKeptS
const markKeptS = 24 * 3600

export const placeItem = ({ place, id, ttl }: Deed['arrivals'][number]): Item => ({
  ...placeKey(place, id),
  ...(ttl !== undefined && { ttl }),
})

/** Enough of a version to judge by. */
export const headAttributes = ['n', 'value', 'createdAt', 'updatedAt', 'places', 'deleted']

/** `undefined` for a cell that is gone. */
export function cellValue(item: Item | undefined): CellValue | undefined {
  return item?.value === undefined ? undefined : parsed<CellValue>(item.value)
}

/** Of a version of a public document; with the document when it was read. */
export function headOf(item: Item): Head {
  const { createdAt, updatedAt, deleted, change } = item as Item & {
    createdAt: string
    updatedAt: string
    change?: string
    deleted?: number
  }
  const document = change === undefined || deleted ? undefined : parsed<Entry>(change).document
  return {
    version: numberOf(item.sk),
    createdAt,
    updatedAt,
    places: parsed<Placed[]>(item.places),
    ...(deleted && { deleted: true }),
    ...(document && { document }),
  }
}

export function headAfter(change: string, places: readonly Placed[]): { pk: string; head: Head } {
  const { kind, id, version, createdAt, at, document } = parsed<Entry>(change)
  const head: Head = { version, createdAt, updatedAt: at, places, ...(document === null ? { deleted: true } : { document }) }
  return { pk: documentPartition(kind, id), head }
}

export function documentIn(id: string, head: Head | undefined): object | null {
  if (head === undefined || head.deleted) return null
  return { ...head.document, ...envelope(id, head.version, head.createdAt, head.updatedAt) }
}

export function changeOf(seq: number, text: string): Change {
  const { createdAt, document, ...entry } = parsed<Entry>(text)
  const whole = document && { ...document, ...envelope(entry.id, entry.version, createdAt, entry.at) }
  return { seq, ...entry, document: whole } as Change
}

export function parsed<T>(value: unknown): T {
  try {
    return JSON.parse(value as string) as T
  } catch (cause) {
    throw damaged(cause)
  }
}

/** The keys of what a deed is remembered by until it is done. */
export const redoKeyOf = ({ n, nonce }: Pick<Deed, 'n' | 'nonce'>): Key => redoKey(n, nonce)
