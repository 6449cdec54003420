// What a misspelt word most likely meant: few slips first, and among like ones the word that more reviews have.
import type { Likely } from '../../ports/content.ts'

/** For each misspelt word its best candidate; none where all are too far away. */
export function corrections(candidates: readonly Likely[]): Map<string, string> {
  const best = new Map<string, { word: string; cost: number }>()
  for (const { asked, word, plain, reviews } of candidates) {
    const from = bare(asked)
    const slips = slipsBetween(from, plain)
    if (slips > slipsAllowed(from)) continue
    const cost = slips - 0.25 * Math.log10(1 + reviews) // a thousand times as common makes up for three quarters of a slip
    if (cost < (best.get(asked)?.cost ?? Infinity)) best.set(asked, { word, cost })
  }
  return new Map([...best].map(([asked, { word }]) => [asked, word]))
}

const slipsAllowed = (word: string): number => (word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3)

const bare = (word: string): string =>
  word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()

/** Letters added, left out, changed, or swapped with their neighbour (optimal string alignment). */
export function slipsBetween(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
