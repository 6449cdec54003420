// A commit made ready before its turn: checked against the port's bounds, documents encoded and their places found, once.
import { type PublicKind, publicKinds } from '../../domain/change.ts'
import { indexes, type Place } from '../../domain/indexes.ts'
import { Refusal } from '../../kit/refusal.ts'
import { type Commit, commitMaxBytes, documentMaxBytes, type Kind, type Write } from '../../ports/master.ts'
import { checked, checkedId, claimPartition, counterPartition, repeatPartition } from './keys.ts'

export interface Draft extends Omit<Commit, 'writes'> {
  writes: readonly DraftWrite[]
  sizeBytes: number
}

export interface DraftWrite {
  kind: Kind
  id: string
  expected: number
  expiresAt: string | undefined
  /** Without the envelope; null deletes. */
  fields: object | null
  /** `fields` as JSON. */
  text: string
  /** Where it will stand: index, partition, sort. */
  places: readonly (readonly [string, string, string])[]
}

export const isPublicKind = (kind: Kind): kind is PublicKind => (publicKinds as readonly string[]).includes(kind)

/** Indexes of the engine itself: all private documents of a kind, and what expires when. */
export const everyOf = '~every'
export const expiryOf = '~expiry'

export function draft(commit: Commit): Draft {
  if (commit.writes.length > 100) throw new Refusal('too-large', 'At most 100 documents may be written at once.')
  const writes = commit.writes.map((write) => draftWrite(write, commit.at))
  if (new Set(writes.map(({ kind, id }) => `${kind} ${id}`)).size < writes.length)
    throw new Refusal('invalid', 'A document may be written only once in a commit.')
  const { require = [], claims = {}, adjust = [], idempotency } = commit
  for (const { id } of require) checkedId(id)
  for (const { name } of [...(claims.take ?? []), ...(claims.release ?? [])]) claimPartition(name)
  for (const { counter, by } of adjust) {
    counterPartition(counter)
    if (!Number.isSafeInteger(by)) throw new Refusal('invalid', 'A counter moves by whole numbers.')
  }
  if (idempotency !== undefined) repeatPartition(idempotency.key)
  const beside = Buffer.byteLength(JSON.stringify({ require, claims, adjust, idempotency }))
  const sizeBytes = writes.reduce((sum, { text }) => sum + Buffer.byteLength(text), beside)
  if (sizeBytes > commitMaxBytes) throw new Refusal('too-large', `What is written at once may have at most ${commitMaxBytes} bytes.`)
  return { ...commit, writes, sizeBytes }
}

function draftWrite({ kind, id, expected, document, expiresAt }: Write, at: string): DraftWrite {
  checkedId(id)
  if (!Number.isSafeInteger(expected) || expected < 0) throw new Refusal('invalid', 'A version is a whole number from 0.')
  if (expiresAt !== undefined && isPublicKind(kind)) throw new Refusal('invalid', 'Public documents do not expire.')
  if (document === null) return { kind, id, expected, expiresAt: undefined, fields: null, text: '', places: [] }
  const fields = withoutEnvelope(document)
  const text = JSON.stringify(fields)
  const whole = { ...fields, ...envelope(id, expected + 1, at, at) }
  if (Buffer.byteLength(JSON.stringify(whole)) > documentMaxBytes)
    throw new Refusal('too-large', `A document may have at most ${documentMaxBytes} bytes as JSON.`)
  const until = expiresAt && new Date(expiresAt).toISOString()
  return { kind, id, expected, expiresAt: until, fields, text, places: placesOf(kind, whole, until) }
}

function withoutEnvelope(document: object): object {
  const { id: _, version: __, createdAt: ___, updatedAt: ____, ...fields } = document as Record<string, unknown>
  return fields
}

export const envelope = (id: string, version: number, createdAt: string, updatedAt: string) => ({ id, version, createdAt, updatedAt })

/** Of a partition, and of a sort key. */
export const placeMaxBytes = 200

function placesOf(kind: Kind, document: object, expiresAt: string | undefined): DraftWrite['places'] {
  const found: (readonly [string, string, string])[] = []
  for (const [name, index] of Object.entries(indexes)) {
    if (index.kind !== kind) continue
    const places = (index.places as (document: object) => readonly Place[])(document)
    for (const { partition, sort } of places) found.push([name, checked(partition, placeMaxBytes), checked(sort, placeMaxBytes)])
  }
  if (!isPublicKind(kind)) found.push([everyOf, kind, '-'])
  if (expiresAt !== undefined) found.push([expiryOf, kind, expiresAt])
  return found
}
