// Chance that can be had again: the same numbers for the same seed, in every runtime. Additions, divisions and 32-bit integers
// only: those give the same bits everywhere, `Math.exp` and its like do not.

/** A whole number of 32 bits, another one at each call. */
export type Draw = () => number

/** One stream for each pair: review 7 of seed 1 knows nothing of review 6. (The generator is known as sfc32.) */
export function drawsOf(seed: number, n: number): Draw {
  let a = mixed(seed)
  let b = mixed(n ^ 0x9e3779b9)
  let c = mixed(a ^ b ^ Math.floor(n / 2 ** 32))
  let counter = 1
  const draw = () => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let warming = 0; warming < 8; warming++) draw()
  return draw
}

function mixed(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
  return bits ^ (bits >>> 15)
}

/** From 0 to `count` − 1, each as likely. */
export const below = (count: number, draw: Draw): number => Math.floor((draw() * count) / 2 ** 32)

/** From `least` to `most`, both included. */
export const between = (least: number, most: number, draw: Draw): number => least + below(most - least + 1, draw)

export const oneOf = <T>(values: readonly T[], draw: Draw): T => values[below(values.length, draw)] as T

/** True in `percent` of a hundred cases. */
export const happens = (percent: number, draw: Draw): boolean => below(100, draw) < percent

/** The same values in another order. */
export function shuffled<T>(values: readonly T[], draw: Draw): T[] {
  const order = [...values]
  for (let last = order.length - 1; last > 0; last--) {
    const other = below(last + 1, draw)
    ;[order[last], order[other]] = [order[other] as T, order[last] as T]
  }
  return order
}

/** Draws the k-th of the values 1/k times as often as the first: few are everywhere, most are rare. In constant time (alias method). */
export function zipf<T>(values: readonly T[]): (draw: Draw) => T {
  const count = values.length
  const weights = values.map((_, rank) => 1 / (rank + 1))
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / count
  const share = weights.map((weight) => weight / mean)
  const other = new Uint32Array(count)
  const poor = [...share.keys()].filter((at) => (share[at] as number) < 1)
  const rich = [...share.keys()].filter((at) => (share[at] as number) >= 1)
  while (poor.length > 0 && rich.length > 0) {
    const needs = poor.pop() as number
    const gives = rich.at(-1) as number
    other[needs] = gives
    share[gives] = (share[gives] as number) - (1 - (share[needs] as number))
    if ((share[gives] as number) < 1) poor.push(rich.pop() as number)
  }
  for (const at of [...poor, ...rich]) share[at] = 1 // what rounding left over
  const keeps = Float64Array.from(share)
  return (draw) => {
    const place = (draw() * count) / 2 ** 32 // its whole part is the column, the rest says which of the column's two values
    const column = Math.floor(place)
    return values[place - column < (keeps[column] as number) ? column : (other[column] as number)] as T
  }
}
