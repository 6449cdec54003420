// One commit as one transaction: every condition judged first, then everything written, acknowledged after the sync.
import type { Position } from '../../domain/change.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Commit, IdempotencyRecord, Outcome } from '../../ports/master.ts'
import { type Draft, type DraftWrite, draft, isPublicKind } from './draft.ts'
import { guarded } from './failure.ts'
import { keyOf, seqKey, versionPart } from './keys.ts'
import { envelope, type Head, headOf, json, jsonWith, placesOf, valueAt } from './records.ts'
import type { Store } from './store.ts'

type Repeat = IdempotencyRecord & { position: Position }
const repeatKeptMs = 24 * 3_600_000

/** With the number of the entry up to which a second place must have come before the outcome may be told. */
export function committer(store: Store, clock: Clock): (commit: Commit) => Promise<{ result: Outcome; entry: number }> {
  return async (commit) => {
    const ready = draft(commit)
    return guarded(store.folder, () => store.transact(() => transact(store, ready, clock.now())))
  }
}

function transact(store: Store, commit: Draft, nowMs: number): Outcome {
  const judged = judge(store, commit, nowMs)
  if ('committed' in judged) return judged
  let seq = store.lastSeq()
  commit.writes.forEach((write, i) => {
    if (isPublicKind(write.kind)) seq += 1
    put(store, commit, write, judged.heads[i], seq)
  })
  for (const { name, owner } of judged.released)
    if (store.claims.get(keyOf(name))?.toString() === owner) store.claims.removeSync(keyOf(name))
  for (const { name, owner } of judged.taken) store.claims.putSync(keyOf(name), Buffer.from(owner))
  for (const [counter, value] of judged.counters) store.counters.putSync(keyOf(counter), json(value))
  const position = { epoch: store.epoch, seq }
  if (commit.idempotency !== undefined) remember(store, commit.at, { ...commit.idempotency, position })
  return { committed: true, position, versions: commit.writes.map(({ expected }) => expected + 1) }
}

interface Judged {
  /** What stands under each write, as it was found. */
  heads: (Head | undefined)[]
  released: readonly { name: string; owner: string }[]
  taken: readonly { name: string; owner: string }[]
  counters: Map<string, number>
}

/** The first condition that does not hold, or what the writing needs to know. Writes nothing. */
function judge(store: Store, commit: Draft, nowMs: number): Outcome | Judged {
  const { idempotency, writes, require = [], claims: { take: taken = [], release: released = [] } = {}, adjust = [] } = commit
  const before = idempotency && repeatAt(store, idempotency.key, nowMs)
  if (before !== undefined) return { committed: false, because: 'repeat', record: before }

  const heads = writes.map(({ kind, id }) => headOf(store, kind, id, nowMs))
  for (const [i, { kind, id, expected, bytes }] of writes.entries()) {
    const current = heads[i]?.version ?? 0
    if (current !== expected) return { committed: false, because: 'version', kind, id, current }
    if (bytes === null && !stands(heads[i])) return { committed: false, because: 'required', kind, id }
  }
  for (const { kind, id } of require)
    if (!stands(headOf(store, kind, id, nowMs))) return { committed: false, because: 'required', kind, id }

  const owners = new Map<string, string | undefined>()
  const ownerOf = (name: string) => (owners.has(name) ? owners.get(name) : store.claims.get(keyOf(name))?.toString())
  for (const { name, owner } of released) if (ownerOf(name) === owner) owners.set(name, undefined)
  for (const { name, owner } of taken) {
    const holder = ownerOf(name) ?? owner
    if (holder !== owner) return { committed: false, because: 'claimed', name, owner: holder }
    owners.set(name, owner)
  }

  const counters = new Map<string, number>()
  for (const { counter, by, floor = Number.MIN_SAFE_INTEGER, ceiling = Number.MAX_SAFE_INTEGER } of adjust) {
    const value = counters.get(counter) ?? counterAt(store, counter)
    if (value + by < floor || value + by > ceiling) return { committed: false, because: 'counter', counter, value }
    counters.set(counter, value + by)
  }
  return { heads, released, taken, counters }
}

const stands = (head: Head | undefined): boolean => head !== undefined && head.deleted !== true

function put(store: Store, { at, by }: Draft, write: DraftWrite, before: Head | undefined, seq: number): void {
  const { kind, id, expected, fields, bytes, expiresAt } = write
  const version = expected + 1
  const createdAt = before?.createdAt ?? at
  const key = keyOf(kind, id)
  const whole = fields && { ...fields, ...envelope(id, version, createdAt, at) }
  const places = whole === null ? [] : placesOf(kind, whole)
  // An expired document may still lie there, unswept; public ones do not expire.
  const remains = before ?? (isPublicKind(kind) ? undefined : valueAt<Head>(store.documents, key))
  move(store, kind, id, remains?.places ?? [], places)
  if (remains?.expiresAt !== undefined) store.expiry.removeSync(keyOf(remains.expiresAt, kind, id))
  if (expiresAt !== undefined) store.expiry.putSync(keyOf(expiresAt, kind, id), empty)
  const head: Head = { version, createdAt, updatedAt: at, places }
  if (isPublicKind(kind)) {
    store.log.putSync(seqKey(seq), jsonWith({ at, by, kind, id, version, createdAt }, bytes))
    store.versions.putSync(keyOf(kind, id, versionPart(version)), seqKey(seq))
    store.documents.putSync(key, json({ ...head, seq, ...(bytes === null && { deleted: true }) }))
  } else if (bytes === null) store.documents.removeSync(key)
  else store.documents.putSync(key, jsonWith(expiresAt === undefined ? head : { ...head, expiresAt }, bytes))
}

const empty = Buffer.alloc(0)

/** Most commits leave a document where it stood: only differences are written. */
export function move(store: Store, kind: string, id: string, from: Head['places'], to: Head['places']): void {
  const keys = (places: Head['places']) => places.map((place) => keyOf(...place, id))
  const [old, fresh] = [keys(from), keys(to)]
  for (const key of old) if (!fresh.some((other) => other.equals(key))) store.places.removeSync(key)
  for (const key of fresh) if (!old.some((other) => other.equals(key))) store.places.putSync(key, Buffer.from(kind))
}

export const counterAt = (store: Store, counter: string): number => valueAt<number>(store.counters, keyOf(counter)) ?? 0

export function repeatAt(store: Store, key: string, nowMs: number): Repeat | undefined {
  const found = valueAt<{ until: string; record: Repeat }>(store.repeats, keyOf(key))
  return found !== undefined && Date.parse(found.until) > nowMs ? found.record : undefined
}

function remember(store: Store, at: string, record: Repeat): void {
  const key = keyOf(record.key)
  const old = valueAt<{ until: string }>(store.repeats, key)
  if (old !== undefined) store.expiry.removeSync(keyOf(old.until, 'repeat', record.key))
  const until = new Date(Date.parse(at) + repeatKeptMs).toISOString()
  store.repeats.putSync(key, json({ until, record }))
  store.expiry.putSync(keyOf(until, 'repeat', record.key), empty)
}
