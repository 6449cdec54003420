// The words of a text, for the vocabulary. Part of the mapping: see `mappingVersion`.

// Letters of the languages we publish in and of their neighbours, spelt out: a property of Unicode would change with the runtime,
// and counts that were added by one runtime could not be taken away by another.
const letters = 'a-z0-9\\u00df-\\u00f6\\u00f8-\\u024f'
const word = new RegExp(`[${letters}]+`, 'g')
const address = /https?:\/\/\S+/g
const longest = 40

/** Each word once: lower case, with its accents, addresses aside. */
export function wordsOf(texts: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const text of texts)
    for (const match of withoutAddresses(text).normalize('NFC').toLowerCase().match(word) ?? [])
      if (match.length <= longest) found.add(match)
  return found
}

/** Any of these words of the vocabulary, as it stands in a text in NFC, in letters of either case. */
export const anyOf = (words: Iterable<string>): RegExp => new RegExp(`(?<![${letters}])(?:${[...words].join('|')})(?![${letters}])`, 'gi')

// Most texts have none.
const withoutAddresses = (text: string): string => (text.includes('://') ? text.replace(address, ' ') : text)

/** Lower case, accents dropped: how titles are ordered. */
export const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
