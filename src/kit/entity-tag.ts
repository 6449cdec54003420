// Entity tags in conditions (RFC 9110, 8.8.3 and 13.1).
import type { Call } from './operation.ts'
import { Refusal } from './refusal.ts'

/** If-None-Match against the tag of the representation that would be sent: weak comparison, lists, `*`. A malformed header matches nothing. */
export function noneMatches(header: string, etag: string): boolean {
  if (header === etag || header.trim() === '*') return true
  return tagsIn(header).tags.some((tag) => tag === etag || tag === `W/${etag}`)
}

const versionsMost = 20

/**
 * If-Match: the versions that the caller accepts. Ours are `"<version>"` and `"<version>.<hash>"`; a weak tag, and one of another
 * form, names no version here and so matches nothing. Undefined for what is no list of tags.
 */
export function versionsIn(header: string): readonly number[] | '*' | undefined {
  if (header.trim() === '*') return '*'
  const { tags, rest } = tagsIn(header)
  if (tags.length === 0 || tags.length > versionsMost || rest !== '') return undefined
  return tags.map((tag) => Number(/^"(\d{1,9})(?:\.[\w-]{1,64})?"$/.exec(tag)?.[1])).filter((version) => version > 0)
}

/** For an operation that demands If-Match: the caller must have meant `version`, which stands now. */
export function demandMatch({ ifMatch }: Pick<Call, 'ifMatch'>, version: number): void {
  if (ifMatch === null) throw new Refusal('unconditional', 'Send If-Match with the ETag of the version that you mean to change.')
  if (ifMatch === '*' || ifMatch.includes(version)) return
  throw new Refusal('stale', `It has changed since you read it: the version is now ${version}.`, { facts: { currentVersion: version } })
}

// Tags may contain commas, so a list is not split at them. Each step takes at least one character.
const next = /^[\s,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")(?=\s*(?:,|$))/

/** The tags of a list, as far as it is one; `rest` is what follows them. */
function tagsIn(header: string): { tags: string[]; rest: string } {
  const tags: string[] = []
  let rest = header
  for (let match = next.exec(rest); match !== null; match = next.exec(rest)) {
    tags.push(match[1] ?? '')
    rest = rest.slice(match[0].length)
  }
  return { tags, rest: rest.replace(/^[\s,]+$/, '') }
}
