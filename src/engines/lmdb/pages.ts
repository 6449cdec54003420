// Reading by pages: the places of an index, the history of a document, the feed.
import type { Change } from '../../domain/change.ts'
import { type IndexName, indexes } from '../../domain/indexes.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Page } from '../../ports/master.ts'
import { checked, checkedId, cursorOf, justAfter, keyOf, keyOfCursor, partsOf, seqKey, seqOf, within } from './keys.ts'
import { changeAt, changeOf, documentOf, headOf, placeMaxBytes, readOf } from './records.ts'
import type { Store } from './store.ts'
import type { Table } from './tables.ts'

const pageMax = 200
const feedMax = 5000
const feedMaxBytes = 4 * 1024 * 1024
const fewMax = 16

export function list(store: Store, index: IndexName, partition: string, page: Page & { upTo?: string }, nowMs: number) {
  const { kind, descending } = indexes[index]
  const range = within(index, checked(partition, placeMaxBytes))
  if (page.upTo !== undefined) range.end = justAfter(index, partition, checked(page.upTo, placeMaxBytes))
  const { items, next } = paged(store.places, range, descending, keyOf(index, partition), page, (key) => {
    const id = partsOf(key)[3] ?? ''
    const head = headOf(store, kind, id, nowMs)
    return head && documentOf(store, id, head)
  })
  return { documents: items, next }
}

export function history(store: Store, kind: string, id: string, page: Page): { changes: Change[]; next: string | null } {
  const { items, next } = paged(store.versions, within(kind, checkedId(id)), true, keyOf(kind, id), page, (key) => {
    const seq = store.versions.get(key)
    return seq && changeAt(store, seqOf(seq))
  })
  return { changes: items, next }
}

export function feed(store: Store, after: number, limit: number): Change[] {
  bounded(limit, feedMax)
  if (!Number.isSafeInteger(after) || after < 0) throw new Refusal('invalid', 'A position is a whole number from 0.')
  const changes: Change[] = []
  // One by one at first: most feeds are of what was just committed, of which others have read much already, and end there.
  let bytes = 0
  for (let seq = after + 1, few = 0; changes.length < limit && few < fewMax; seq++) {
    let read = store.recent.get(seq)
    if (read === undefined) {
      const value = store.log.get(seqKey(seq))
      if (value === undefined) return changes
      read = store.recent.keep(readOf(seq, value))
      few += 1
    }
    bytes += read.sizeBytes
    if (bytes > feedMaxBytes && changes.length > 0) return changes
    changes.push(read.change)
  }
  for (const { key, value } of store.log.getRange({ start: seqKey(after + changes.length + 1), limit: limit - changes.length })) {
    bytes += value.length
    if (bytes > feedMaxBytes && changes.length > 0) break
    changes.push(changeOf(seqOf(key), value))
  }
  return changes
}

/** One item more than asked for is looked for, so that `next` is null exactly when nothing visible follows. */
function paged<T>(
  table: Table,
  { start, end }: { start: Buffer; end: Buffer },
  descending: boolean,
  prefix: Buffer,
  { limit, after }: Page,
  look: (key: Buffer) => T | null | undefined,
): { items: T[]; next: string | null } {
  bounded(limit, pageMax)
  const from = after === undefined ? undefined : keyOfCursor(after, prefix)
  const begin = from ?? (descending ? end : start)
  const items: T[] = []
  let last: Buffer | undefined
  for (const key of table.getKeys({
    start: begin,
    end: descending ? start : end,
    reverse: descending,
    exclusiveStart: from !== undefined,
  })) {
    const item = look(key)
    if (item === null || item === undefined) continue
    if (items.length === limit) return { items, next: last ? cursorOf(last) : null }
    items.push(item)
    last = key
  }
  return { items, next: null }
}

function bounded(limit: number, max: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > max) throw new Refusal('invalid', `A limit is a whole number from 1 to ${max}.`)
}
