// Entity tags in conditions (RFC 9110, 8.8.3 and 13.1.2).

/** If-None-Match against the tag of the representation that would be sent: weak comparison, lists, `*`. A malformed header matches nothing. */
export function noneMatches(header: string, etag: string): boolean {
  if (header === etag) return true
  if (header.trim() === '*') return true
  let rest = header
  for (;;) {
    const match = next.exec(rest)
    if (match === null) return false
    if (match[1] === etag) return true
    rest = rest.slice(match[0].length)
  }
}

// Tags may contain commas, so a list is not split at them. Each step takes at least one character.
const next = /^[\s,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")(?=\s*(?:,|$))/
