// The words of the build that this process is filling, counted batch by batch while PostgreSQL writes: afterwards they would have to be read
// from all of its reviews, and PostgreSQL would wait (100,000 reviews: 9 of 63 s, 2026-11-29).
//
// Nothing depends on it: where it is not known, since another process wrote a part, or a batch failed, `complete` reads them.
import { wordCounter } from './counts.ts'

export type Words = ReturnType<typeof wordCounter>

export interface Vocabulary {
  /** What the build holds at this position, to be counted on; null when that is not known. It is given once. */
  take(schema: string, seq: number): Words | null
  /** Only what was committed. */
  keep(schema: string, seq: number, words: Words): void
}

export function openVocabulary(): Vocabulary {
  let held: { schema: string; seq: number; words: Words } | null = null
  return {
    take(schema, seq) {
      if (seq === 0) return wordCounter()
      const found = held?.schema === schema && held.seq === seq ? held.words : null
      if (held?.schema === schema) held = null
      return found
    },
    keep(schema, seq, words) {
      held = { schema, seq, words }
    },
  }
}
