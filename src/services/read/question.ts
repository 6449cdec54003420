// A search text taken apart: which words are wanted, and whether the last one may be the beginning of another.
import type { Question } from '../../ports/content.ts'

// A shorter beginning says too little: half of all reviews have a word that starts so.
const beginningMin = 3

const token = /-?"[^"]*"?|\S+/g
const wordsIn = /[\p{L}\p{N}]+/gu
const oneWord = /^[\p{L}\p{N}]+$/u
const isOr = (text: string) => text.toLowerCase() === 'or'

/** `text` in the syntax of web searches: words, "phrases", or, -without. */
export function question(text: string): Question {
  const tokens = [...text.matchAll(token)].map((match) => ({ text: match[0], at: match.index }))
  const words: { word: string; group: number }[] = []
  let group = 0
  for (const [n, { text }] of tokens.entries()) {
    if (isOr(text) && n > 0 && n < tokens.length - 1) group += 1
    else if (!text.startsWith('-')) for (const [word] of text.matchAll(wordsIn)) words.push({ word, group })
  }
  const last = tokens.at(-1)
  const opens =
    last !== undefined && oneWord.test(last.text) && [...last.text].length >= beginningMin && !isOr(last.text) && !/\s$/.test(text)
  return { text, words, open: opens ? { before: text.slice(0, last.at).replace(/\bor\s*$/i, ''), word: last.text } : null }
}

/** The text with some words put in the place of others. */
export const reworded = (text: string, instead: ReadonlyMap<string, string>): string =>
  text.replace(wordsIn, (word) => instead.get(word) ?? word)
