// Whether a master agrees with itself: every commit of `lmdb-writer.ts` is there as a whole or not at all.
import { expect } from 'bun:test'
import type { Change } from '../src/domain/change.ts'
import type { Master } from '../src/ports/master.ts'
import { wholeLog } from './whole-log.ts'

/** Log, documents, history, claims, counter and records say the same. Each commit: a review with its claim and record, then a camera. */
export async function expectAgreement(master: Master): Promise<Change[]> {
  const changes = await wholeLog(master)
  expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: changes.length }, (_, n) => n + 1))
  expect((await master.head()).seq).toBe(changes.length)
  const versions = new Map<string, number>()
  for (const { seq, kind, id, version } of changes) {
    expect(version).toBe((versions.get(id) ?? 0) + 1)
    versions.set(id, version)
    expect(await master.change(kind, id, version)).toMatchObject({ seq })
    if (kind !== 'review') continue
    expect(await master.owner(`slug:${id}`)).toBe(id)
    expect(await master.idempotency(id)).toMatchObject({ position: { seq: seq + 1 } })
  }
  for (const { kind, id } of changes) expect(await master.read(kind, id)).toMatchObject({ id, version: versions.get(id) ?? 0 })
  expect(await master.counter('acknowledged')).toBe(changes.length / 2)
  return changes
}
