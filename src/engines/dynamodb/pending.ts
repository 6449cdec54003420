// What is committed and perhaps not yet written behind the log, as this process knows it: laid over what the table says.
import type { CellValue, Deed } from './records.ts'
import { headAfter } from './records.ts'

export interface Owed {
  deed: Deed
  /** Others do their own; what is left lying is done by whoever finds it. */
  own: boolean
  sinceMs: number
  /** Somebody waits for it. */
  hurried: boolean
  done: Promise<void>
  settle: () => void
}

/** `value` undefined: gone. */
export interface Laid {
  n: number
  value: CellValue | undefined
}

export interface Pending {
  add(deed: Deed, own: boolean): void
  /** The newest that is owed under this key. What the table says may be newer still. */
  get(pk: string): Laid | undefined
  owed(): Owed[]
  done(n: number): void
  /** Tells of every deed that is added from now on. Returns how to stop. */
  hear(listener: (deed: Deed) => void): () => void
}

export function openPending(nowMs: () => number): Pending {
  const owed = new Map<number, Owed>()
  // All of them: what others owe is often done after what came later.
  const laid = new Map<string, Laid[]>()
  const listeners = new Set<(deed: Deed) => void>()
  return {
    add(deed, own) {
      const known = owed.get(deed.n)
      if (known !== undefined) {
        known.own ||= own
        return
      }
      for (const listener of listeners) listener(deed)
      const { promise, resolve } = Promise.withResolvers<void>()
      owed.set(deed.n, { deed, own, sinceMs: nowMs(), hurried: false, done: promise, settle: resolve })
      for (const [pk, value] of valuesAfter(deed)) laid.set(pk, [...(laid.get(pk) ?? []), { n: deed.n, value }])
    },
    get: (pk) => laid.get(pk)?.reduce((a, b) => (b.n < a.n ? a : b)),
    owed: () => [...owed.values()],
    done(n) {
      const one = owed.get(n)
      if (one === undefined) return
      owed.delete(n)
      for (const [pk] of valuesAfter(one.deed)) {
        const others = laid.get(pk)?.filter((other) => other.n !== n) ?? []
        if (others.length > 0) laid.set(pk, others)
        else laid.delete(pk)
      }
      one.settle()
    },
    hear(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function* valuesAfter({ changes, places, cells }: Deed): Generator<[string, CellValue | undefined]> {
  for (const [i, change] of changes.entries()) {
    const { pk, head } = headAfter(change, places[i] ?? [])
    yield [pk, head]
  }
  for (const { pk, value } of cells) yield [pk, value]
}
