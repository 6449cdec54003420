// A commit made ready before its transaction: checked against the port's bounds, documents encoded once.
import { type PublicKind, publicKinds } from '../../domain/change.ts'
import { Refusal } from '../../kit/refusal.ts'
import { type Commit, commitMaxBytes, documentMaxBytes, type Kind, type Write } from '../../ports/master.ts'
import { checked, checkedId } from './keys.ts'
import { envelope } from './records.ts'

export interface Draft extends Omit<Commit, 'writes'> {
  writes: readonly DraftWrite[]
}

export interface DraftWrite {
  kind: Kind
  id: string
  expected: number
  expiresAt: string | undefined
  /** Without the envelope; null deletes. */
  fields: object | null
  /** `fields` as JSON. Made outside of the transaction, while the disk still syncs the one before. */
  bytes: Buffer | null
}

export const isPublicKind = (kind: Kind): kind is PublicKind => (publicKinds as readonly string[]).includes(kind)

export const nameMaxBytes = 400

export function draft(commit: Commit): Draft {
  if (commit.writes.length > 100) throw new Refusal('too-large', 'At most 100 documents may be written at once.')
  const writes = commit.writes.map((write) => draftWrite(write, commit.at))
  if (new Set(writes.map(({ kind, id }) => `${kind} ${id}`)).size < writes.length)
    throw new Refusal('invalid', 'A document may be written only once in a commit.')
  const { require = [], claims = {}, adjust = [], idempotency } = commit
  for (const { id } of require) checkedId(id)
  for (const { name } of [...(claims.take ?? []), ...(claims.release ?? [])]) checked(name, nameMaxBytes)
  for (const { counter, by } of adjust) {
    checked(counter, nameMaxBytes)
    if (!Number.isSafeInteger(by)) throw new Refusal('invalid', 'A counter moves by whole numbers.')
  }
  if (idempotency !== undefined) checked(idempotency.key, nameMaxBytes)
  const beside = Buffer.byteLength(JSON.stringify({ require, claims, adjust, idempotency }))
  if (writes.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), beside) > commitMaxBytes)
    throw new Refusal('too-large', `What is written at once may have at most ${commitMaxBytes} bytes.`)
  return { ...commit, writes }
}

function draftWrite({ kind, id, expected, document, expiresAt }: Write, at: string): DraftWrite {
  checkedId(id)
  if (!Number.isSafeInteger(expected) || expected < 0) throw new Refusal('invalid', 'A version is a whole number from 0.')
  if (expiresAt !== undefined && isPublicKind(kind)) throw new Refusal('invalid', 'Public documents do not expire.')
  if (document === null) return { kind, id, expected, expiresAt: undefined, fields: null, bytes: null }
  const fields = withoutEnvelope(document)
  const bytes = Buffer.from(JSON.stringify(fields))
  // The size is that of the document as it will be read; all times have one length, and one brace gives way to a comma.
  const whole = bytes.length - 1 + Buffer.byteLength(JSON.stringify(envelope(id, expected + 1, at, at)))
  if (whole > documentMaxBytes) throw new Refusal('too-large', `A document may have at most ${documentMaxBytes} bytes as JSON.`)
  return { kind, id, expected, expiresAt: expiresAt && new Date(expiresAt).toISOString(), fields, bytes }
}

function withoutEnvelope(document: object): object {
  const { id: _, version: __, createdAt: ___, updatedAt: ____, ...fields } = document as Record<string, unknown>
  return fields
}
