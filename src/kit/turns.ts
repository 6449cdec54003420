// Work that takes long on the processor, a part at a time: between the parts whoever else this process serves has his turn.

/** Parts of so many, in their order. */
export async function* inTurns<T>(many: readonly T[], atOnce: number): AsyncGenerator<readonly T[]> {
  for (let from = 0; from < many.length; from += atOnce) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve))
    yield many.slice(from, from + atOnce)
  }
}
