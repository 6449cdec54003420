// A storm of reads becomes a few requests that carry many.
import type { Key } from './keys.ts'
import type { Item } from './wire.ts'

/** Single reads in common: while a few are under way, whoever comes waits, and is read with the others of the next request. */
export function together(most: number, keys: number, get: (keys: readonly Key[]) => Promise<(Item | undefined)[]>) {
  const waiting: { key: Key; resolve: (item: Item | undefined) => void; reject: (error: unknown) => void }[] = []
  let underWay = 0

  async function next(): Promise<void> {
    if (underWay >= most || waiting.length === 0) return
    underWay += 1
    const some = waiting.splice(0, keys)
    try {
      const items = await get(some.map(({ key }) => key))
      for (const [i, { resolve }] of some.entries()) resolve(items[i])
    } catch (error) {
      for (const { reject } of some) reject(error)
    }
    underWay -= 1
    return next()
  }

  return (key: Key): Promise<Item | undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<Item | undefined>()
    waiting.push({ key, resolve, reject })
    void next()
    return promise
  }
}
