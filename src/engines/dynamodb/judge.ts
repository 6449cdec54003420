// One commit judged by what stands before it: every condition first, then its effects on those that follow in the same log item.
import type { Position } from '../../domain/change.ts'
import type { Commit, Outcome } from '../../ports/master.ts'
import { type Draft, type DraftWrite, expiryOf, isPublicKind } from './draft.ts'
import { claimPartition, counterPartition, documentPartition, type Key, type Placed, placeKey, repeatPartition } from './keys.ts'
import { type Cell, type CellValue, type CellValues, type Deed, type Head, markUntil, type Repeat } from './records.ts'
import { text } from './table.ts'

/** A log item in the making. */
export interface Trial {
  n: number
  epoch: string
  /** The last seq before it. */
  seq: number
  nowMs: number
  /** What stands, by partition; kept up to date. Everything that the commits name has been looked for. */
  values: Map<string, CellValue | undefined>
  changes: string[]
  places: (readonly Placed[])[]
  cells: Map<string, Cell>
  arrivals: Map<string, Deed['arrivals'][number]>
  departures: Map<string, Deed['departures'][number]>
}

export const newTrial = (start: Pick<Trial, 'n' | 'epoch' | 'seq' | 'nowMs' | 'values'>): Trial => ({
  ...start,
  changes: [],
  places: [],
  cells: new Map(),
  arrivals: new Map(),
  departures: new Map(),
})

export const isEmpty = ({ changes, cells }: Trial): boolean => changes.length === 0 && cells.size === 0

export function deedOf({ n, seq, changes, places, cells, arrivals, departures }: Trial, nonce: string): Deed {
  const all = { cells: [...cells.values()], arrivals: [...arrivals.values()], departures: [...departures.values()] }
  return { n, nonce, seq, changes, places, ...all }
}

const repeatKeptMs = 24 * 3_600_000
// DynamoDB's clock is not ours: nothing is removed by it that somebody may still see.
const marginS = 3600

/** Writes nothing, and changes the trial only when it is committed. */
export function judge(trial: Trial, commit: Draft): Outcome {
  const failed = failing(trial, commit)
  if (failed !== null) return failed
  const { writes, claims: { take = [], release = [] } = {}, adjust = [], idempotency } = commit
  for (const write of writes) put(trial, commit, write)
  for (const { name, owner } of release) if (valueIn(trial, 'claim', claimPartition(name)) === owner) setCell(trial, claimPartition(name))
  for (const { name, owner } of take)
    if (valueIn(trial, 'claim', claimPartition(name)) !== owner) setCell(trial, claimPartition(name), owner)
  for (const { counter, by } of adjust) {
    const pk = counterPartition(counter)
    setCell(trial, pk, (valueIn(trial, 'counter', pk) ?? 0) + by)
  }
  const position: Position = { epoch: trial.epoch, seq: trial.seq + trial.changes.length }
  if (idempotency !== undefined) remember(trial, commit.at, { ...idempotency, position })
  return { committed: true, position, versions: writes.map(({ expected }) => expected + 1) }
}

function failing(trial: Trial, { idempotency, writes, require = [], claims = {}, adjust = [] }: Draft): Outcome | null {
  const before = idempotency && repeatIn(trial, idempotency.key)
  if (before !== undefined) return { committed: false, because: 'repeat', record: before }
  for (const { kind, id, expected, fields } of writes) {
    const head = standing(trial, documentPartition(kind, id))
    const current = head?.version ?? 0
    if (current !== expected) return { committed: false, because: 'version', kind, id, current }
    if (fields === null && !exists(head)) return { committed: false, because: 'required', kind, id }
  }
  for (const { kind, id } of require)
    if (!exists(standing(trial, documentPartition(kind, id)))) return { committed: false, because: 'required', kind, id }
  return claimed(trial, claims) ?? beyond(trial, adjust)
}

function claimed(trial: Trial, { take = [], release = [] }: NonNullable<Commit['claims']>): Outcome | null {
  const owners = new Map<string, string | undefined>()
  const ownerOf = (name: string) => (owners.has(name) ? owners.get(name) : valueIn(trial, 'claim', claimPartition(name)))
  for (const { name, owner } of release) if (ownerOf(name) === owner) owners.set(name, undefined)
  for (const { name, owner } of take) {
    const holder = ownerOf(name) ?? owner
    if (holder !== owner) return { committed: false, because: 'claimed', name, owner: holder }
    owners.set(name, owner)
  }
  return null
}

function beyond(trial: Trial, adjust: NonNullable<Commit['adjust']>): Outcome | null {
  const counters = new Map<string, number>()
  for (const { counter, by, floor = Number.MIN_SAFE_INTEGER, ceiling = Number.MAX_SAFE_INTEGER } of adjust) {
    const value = counters.get(counter) ?? valueIn(trial, 'counter', counterPartition(counter)) ?? 0
    if (value + by < floor || value + by > ceiling) return { committed: false, because: 'counter', counter, value }
    counters.set(counter, value + by)
  }
  return null
}

/** The partition's prefix says which type its value has. */
const valueIn = <K extends keyof CellValues>(trial: Trial, _: K, pk: string) => trial.values.get(pk) as CellValues[K] | undefined

export const hasExpired = (until: string | undefined, nowMs: number): boolean => until !== undefined && Date.parse(until) <= nowMs

function standing(trial: Trial, pk: string): Head | undefined {
  const head = valueIn(trial, 'doc', pk)
  return hasExpired(head?.expiresAt, trial.nowMs) ? undefined : head
}

const exists = (head: Head | undefined): boolean => head !== undefined && head.deleted !== true

function repeatIn(trial: Trial, key: string): Repeat | undefined {
  const found = valueIn(trial, 'repeat', repeatPartition(key))
  return hasExpired(found?.until, trial.nowMs) ? undefined : found?.record
}

function setCell(trial: Trial, pk: string, value?: CellValue, expiresAt?: string): void {
  trial.values.set(pk, value)
  const ttl = value === undefined ? markUntil(trial.nowMs) : expiresAt && removableFrom(expiresAt)
  trial.cells.set(pk, { pk, ...(value !== undefined && { value }), ...(ttl && { ttl }) })
}

const removableFrom = (expiresAt: string): number => Math.ceil(Date.parse(expiresAt) / 1000) + marginS

function put(trial: Trial, { at, by }: Draft, write: DraftWrite): void {
  const { kind, id, expected, fields, expiresAt } = write
  const pk = documentPartition(kind, id)
  const before = standing(trial, pk)
  const createdAt = before?.createdAt ?? at
  const version = expected + 1
  // An expired document may still lie there, unswept.
  const places = move(trial, write, valueIn(trial, 'doc', pk))
  const head: Head = { version, createdAt, updatedAt: at, places, ...(fields && { document: fields }) }
  if (isPublicKind(kind)) {
    const opening = JSON.stringify({ at, by, kind, id, version, createdAt }).slice(0, -1)
    trial.changes.push(`${opening},"document":${fields === null ? 'null' : write.text}}`)
    trial.places.push(places)
    trial.values.set(pk, fields === null ? { ...head, deleted: true } : head)
  } else if (fields === null) setCell(trial, pk)
  else setCell(trial, pk, expiresAt === undefined ? head : { ...head, expiresAt }, expiresAt)
}

/** Most commits leave a document where it stood: only differences are written. */
function move(trial: Trial, { id, places, expiresAt }: DraftWrite, before: Head | undefined): Placed[] {
  const old = before?.places ?? []
  const stays = (place: readonly string[]) =>
    before?.expiresAt === expiresAt ? old.find((other) => [0, 1, 2].every((part) => place[part] === other[part])) : undefined
  const placed = places.map((place): Placed => stays(place) ?? [...place, trial.n])
  for (const place of old) if (!placed.includes(place)) leave(trial, place, id)
  for (const place of placed) if (!old.includes(place)) arrive(trial, place, id, expiresAt)
  return placed
}

function arrive(trial: Trial, place: Placed, id: string, expiresAt: string | undefined): void {
  const key = text(placeKey(place, id) as Key)
  trial.departures.delete(key)
  trial.arrivals.set(key, { place, id, ...(expiresAt !== undefined && { ttl: removableFrom(expiresAt) }) })
}

function leave(trial: Trial, place: Placed, id: string): void {
  const key = text(placeKey(place, id))
  trial.arrivals.delete(key)
  trial.departures.set(key, { place, id })
}

function remember(trial: Trial, at: string, record: Repeat): void {
  const pk = repeatPartition(record.key)
  const old = valueIn(trial, 'repeat', pk)
  if (old !== undefined) leave(trial, [expiryOf, 'repeat', old.until, old.since], record.key)
  const until = new Date(Date.parse(at) + repeatKeptMs).toISOString()
  setCell(trial, pk, { until, since: trial.n, record }, until)
  arrive(trial, [expiryOf, 'repeat', until, trial.n], record.key, until)
}
