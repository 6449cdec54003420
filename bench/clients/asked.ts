// How a client is told what to do and says what it found: JSON as its argument, JSON on its output.
export const asked = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T

export function answer(found: object): void {
  console.log(JSON.stringify(found))
}

/** `concurrency` loops of one act after the other, until the time is over. How long each took, in ms. */
export async function loops(concurrency: number, seconds: number, act: (nth: number) => Promise<unknown>) {
  const tookMs: number[] = []
  const startedMs = performance.now()
  const endMs = startedMs + seconds * 1000
  let nth = 0
  const loop = async () => {
    while (performance.now() < endMs) {
      const beganMs = performance.now()
      await act(nth++)
      tookMs.push(performance.now() - beganMs)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  return { tookMs, seconds: (performance.now() - startedMs) / 1000 }
}
