// Brings many new documents in few commits, each once.
import type { PublicDocuments } from '../../domain/change.ts'
import { referenceMoves } from '../../domain/reference.ts'
import type { Review } from '../../domain/review.ts'
import { slugClaim } from '../../domain/slug.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import type { Adjustment, Master, Write } from '../../ports/master.ts'

type Kind = 'review' | 'camera' | 'lens' | 'editor'

export interface Item {
  id: string
  slug: string
  document: PublicDocuments[Kind]
}

export interface Brought {
  added: number
  /** Was there before, under this slug or another, or had been and was deleted. */
  present: number
  /** Refers to something that is not there. */
  skipped: number
}

/** Far below what one commit may hold (100 documents, 256 KiB). */
const mostItems = 50
const mostBytes = 160 * 1024
const lookAtOnce = 100

type Bring = (kind: Kind, items: readonly Item[]) => Promise<Brought & { ids: Map<string, string> }>

/** `ids` has what is there afterwards, by the slug under which it was brought. */
export function bringer(master: Master, clock: Clock): Bring {
  return async (kind, items) => {
    const brought = { added: 0, present: 0, skipped: 0, ids: new Map<string, string>() }
    for (let start = 0; start < items.length; start += lookAtOnce) {
      const looked = await Promise.all(items.slice(start, start + lookAtOnce).map(async (item) => ({ item, id: await found(kind, item) })))
      for (const { item, id } of looked) if (id) brought.ids.set(item.slug, id)
      brought.present += looked.filter(({ id }) => id !== undefined).length
      const fresh = looked.filter(({ id }) => id === undefined).map(({ item }) => item)
      for (const batch of batches(fresh)) await add(kind, batch, brought)
    }
    return brought
  }

  /** Its id; null when it is deleted; undefined when it never was. */
  async function found(kind: Kind, { id, slug }: Item): Promise<string | null | undefined> {
    const owner = await master.owner(slugClaim(kind, slug))
    if (owner !== null) return owner
    if ((await master.versionOf(kind, id)) === 0) return undefined
    return (await master.read(kind, id)) === null ? null : id
  }

  /** All in one commit; where a condition does not hold, in halves, until the one is found that it does not hold for. */
  async function add(kind: Kind, items: readonly Item[], brought: Awaited<ReturnType<Bring>>): Promise<void> {
    const outcome = await master.commit({ at: instant(clock), by: null, ...allOf(kind, items) })
    const [only] = items
    if (outcome.committed) {
      brought.added += items.length
      for (const { slug, id } of items) brought.ids.set(slug, id)
    } else if (items.length > 1) {
      const half = items.length >> 1
      await add(kind, items.slice(0, half), brought)
      await add(kind, items.slice(half), brought)
    } else if (only !== undefined) {
      const id = await found(kind, only) // another process was faster
      if (id) brought.ids.set(only.slug, id)
      brought[id === undefined ? 'skipped' : 'present'] += 1
    }
  }
}

function allOf(kind: Kind, items: readonly Item[]) {
  const reviews = kind === 'review' ? items.map(({ document }) => document as Review) : []
  const required = new Map<string, { kind: Kind; id: string }>()
  for (const { cameraId, lensId, editorId } of reviews) {
    required.set(cameraId, { kind: 'camera', id: cameraId })
    if (lensId !== null) required.set(lensId, { kind: 'lens', id: lensId })
    required.set(editorId, { kind: 'editor', id: editorId })
  }
  return {
    writes: items.map(({ id, document }) => ({ kind, id, expected: 0, document }) as Write),
    require: [...required.values()],
    claims: { take: items.map(({ id, slug }) => ({ name: slugClaim(kind, slug), owner: id })) },
    adjust: reviews.flatMap((review): Adjustment[] => referenceMoves(null, review)),
  }
}

function* batches(items: readonly Item[]): Iterable<Item[]> {
  let batch: Item[] = []
  let bytes = 0
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item.document))
    if (batch.length === mostItems || (batch.length > 0 && bytes + size > mostBytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
