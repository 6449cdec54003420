// What stands under some names, newest first of two sources: what this process knows to be owed, and what the table says.
import type { Kind } from '../../ports/master.ts'
import { together } from './at-once.ts'
import { type Draft, isPublicKind } from './draft.ts'
import { cellKey, claimPartition, counterPartition, documentPartition, highest, mostVersion, repeatPartition, versionKey } from './keys.ts'
import type { Laid, Pending } from './pending.ts'
import { type CellValue, cellValue, type Head, headAttributes, headOf } from './records.ts'
import { type Table, text } from './table.ts'
import type { Item } from './wire.ts'

export interface Loader {
  /** What the conditions of these commits are about, and some cells besides. */
  before(drafts: readonly Draft[], besides: readonly string[]): Promise<Map<string, CellValue | undefined>>
  /** One document with its content. */
  head(kind: Kind, id: string): Promise<Head | undefined>
  /** The value of one cell. */
  cell(pk: string): Promise<CellValue | undefined>
}

/** For documents that must exist, whatever their version: most stand where they stood when they were looked for last. */
const mostRemembered = 10_000

/**
 * `owed` is looked at before the table is asked, so a commit that this process knew of is in one of the two: it leaves the first
 * only when it is in the second.
 */
export function openLoader(table: Table, owed: Pick<Pending, 'get'>): Loader {
  const remembered = new Map<string, number>()

  const one = together(4, 100, (keys) => table.get(keys))

  async function cell(pk: string): Promise<CellValue | undefined> {
    const early = owed.get(pk)
    return newerValue(early, await one(cellKey(pk)))
  }

  return {
    async before(drafts, besides) {
      const names = named(drafts, (pk) => remembered.get(pk) ?? 0)
      for (const pk of besides) names.cells.add(pk)
      const early = new Map([...names.cells, ...names.documents.keys()].map((pk) => [pk, owed.get(pk)]))
      const documents = [...names.documents].map(([pk, expected]) => ({ pk, head: early.get(pk)?.value as Head | undefined, expected }))
      const guesses = documents.map(({ pk, head, expected }) => ({ pk, head, guess: head?.version ?? Math.min(expected, mostVersion) }))
      const keys = guesses.flatMap(({ pk, guess }) => [...(guess > 0 ? [versionKey(pk, guess)] : []), versionKey(pk, guess + 1)])
      const items = await table.get([...[...names.cells].map(cellKey), ...keys], headAttributes)
      const found = new Map(items.flatMap((item) => (item ? [[text(item), item] as const] : [])))

      const values = new Map<string, CellValue | undefined>()
      for (const pk of names.cells) values.set(pk, newerValue(early.get(pk), found.get(text(cellKey(pk)))))
      await Promise.all(
        guesses.map(async ({ pk, head, guess }) => {
          const at = found.get(text(versionKey(pk, guess)))
          const isNewest = !found.has(text(versionKey(pk, guess + 1))) && (guess === 0 || at !== undefined || head !== undefined)
          const item = isNewest ? at : await newest(table, pk, headAttributes)
          values.set(pk, newerHead(head, item && headOf(item)))
        }),
      )
      if (remembered.size > mostRemembered) remembered.clear()
      for (const { pk } of documents) remembered.set(pk, (values.get(pk) as Head | undefined)?.version ?? 0)
      return values
    },
    async head(kind, id) {
      const pk = documentPartition(kind, id)
      if (!isPublicKind(kind)) return (await cell(pk)) as Head | undefined
      const early = owed.get(pk)?.value as Head | undefined
      const item = await newest(table, pk)
      return newerHead(early, item && headOf(item))
    },
    cell,
  }
}

/**
 * The cells that commits name, and the public documents with the version that each is expected to have. Such a version and the one
 * after it are read at once: only where they are not as expected the newest has to be looked for.
 */
function named(drafts: readonly Draft[], guess: (pk: string) => number): { cells: Set<string>; documents: Map<string, number> } {
  const cells = new Set<string>()
  const documents = new Map<string, number>()
  const want = (kind: Kind, id: string, expected: number | undefined) => {
    const pk = documentPartition(kind, id)
    if (!isPublicKind(kind)) cells.add(pk)
    else if (expected !== undefined || !documents.has(pk)) documents.set(pk, expected ?? guess(pk))
  }
  for (const { writes, require = [], claims: { take = [], release = [] } = {}, adjust = [], idempotency } of drafts) {
    for (const { kind, id, expected } of writes) want(kind, id, expected)
    for (const { kind, id } of require) want(kind, id, undefined)
    for (const { name } of [...take, ...release]) cells.add(claimPartition(name))
    for (const { counter } of adjust) cells.add(counterPartition(counter))
    if (idempotency !== undefined) cells.add(repeatPartition(idempotency.key))
  }
  return { cells, documents }
}

/** The newest version of a public document that is written. */
export async function newest(table: Table, pk: string, attributes?: readonly string[]): Promise<Item | undefined> {
  const range = { pk, from: versionKey(pk, 1).sk, to: highest, descending: true, limit: 1, ...(attributes && { attributes }) }
  for await (const [item] of table.pages(range)) return item
  return undefined
}

const newerHead = (a: Head | undefined, b: Head | undefined): Head | undefined => ((a?.version ?? 0) > (b?.version ?? 0) ? a : b)

const newerValue = (laid: Laid | undefined, item: Item | undefined): CellValue | undefined =>
  laid !== undefined && laid.n > Number(item?.n ?? 0) ? laid.value : cellValue(item)
