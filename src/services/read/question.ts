// A search text taken apart: what is wanted, what is not, and whether the last word may be the beginning of another.
import type { Question } from '../../ports/content.ts'

// A shorter beginning says too little: half of all reviews have a word that starts so.
const beginningMin = 3
// PostgreSQL nests what it cannot read as a word below each `-` before it, 32 deep at most.
const exclusionsMax = 16

const token = /-*(?:"[^"]*"?|[^\s"]+)/g
const wordsIn = /[\p{L}\p{N}]+/gu
const hasWord = /[\p{L}\p{N}]/u
const oneWord = /^[\p{L}\p{N}]+$/u
const isOr = (text: string) => text.toLowerCase() === 'or'

/** `text` in the syntax of web searches: words, "phrases", or, -without. What is neither is left away. */
export function question(text: string): Question {
  const tokens = tokensOf(text)
  const words: { word: string; group: number }[] = []
  let group = 0
  for (const [n, token] of tokens.entries()) {
    if (isOr(token) && n > 0 && n < tokens.length - 1) group += 1
    else if (!token.startsWith('-')) for (const [word] of token.matchAll(wordsIn)) words.push({ word, group })
  }
  const last = tokens.at(-1) ?? ''
  const opens = oneWord.test(last) && [...last].length >= beginningMin && !isOr(last) && !/\s$/.test(text)
  const before = isOr(tokens.at(-2) ?? '') ? tokens.slice(0, -2) : tokens.slice(0, -1)
  return { text: tokens.join(' '), words, open: opens ? { before: before.join(' '), word: last } : null }
}

function tokensOf(text: string): string[] {
  let exclusions = 0
  return [...text.matchAll(token)].flatMap(([found]) => {
    if (!hasWord.test(found)) return []
    const bare = found.replace(/^-+/, '')
    const closed = bare.startsWith('"') && !bare.endsWith('"') ? `${bare}"` : bare
    if (!found.startsWith('-')) return [closed]
    exclusions += 1
    return exclusions > exclusionsMax ? [] : [`-${closed}`]
  })
}

/** The text with some words put in the place of others. */
export const reworded = (text: string, instead: ReadonlyMap<string, string>): string =>
  text.replace(wordsIn, (word) => instead.get(word) ?? word)
