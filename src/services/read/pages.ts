// Pages: their cursors, which fit only the question they were made for, and their links, relative to the address asked.
import { Refusal } from '../../kit/refusal.ts'
import type { Seal } from '../../kit/seal.ts'

type Query = Readonly<Record<string, unknown>> & { limit: number; cursor?: string | undefined }

// Raised when the meaning of a cursor changes: older ones are then refused instead of misread.
const cursorVersion = 1

export interface Pages {
  /** What the query's cursor holds, null without one. Refuses (`invalid`) what was not made for the same question. */
  open(operation: string, query: Query): unknown
  /** `metadata` and `links` of a page; `next` is what its cursor shall hold. */
  frame(
    operation: string,
    query: Query,
    next: unknown,
  ): { limit: number; nextCursor: string | null; links: { self: string; next: string | null } }
}

export function openPages(seal: Seal): Pages {
  return {
    open(operation, query) {
      if (query.cursor === undefined) return null
      const opened = seal.open(query.cursor)
      if (Array.isArray(opened) && opened[0] === cursorVersion && opened[1] === questionOf(operation, query)) return opened[2]
      throw new Refusal('invalid', 'The cursor belongs to another question, or to none.', {
        faults: [
          { pointer: '?cursor', code: 'malformed', detail: 'Take it from the page before and leave the other parameters as they were.' },
        ],
      })
    },
    frame(operation, query, next) {
      const nextCursor = next === null ? null : seal.seal([cursorVersion, questionOf(operation, query), next])
      return {
        limit: query.limit,
        nextCursor,
        links: { self: linkOf(query), next: nextCursor === null ? null : linkOf({ ...query, cursor: nextCursor }) },
      }
    },
  }
}

const given = (query: Query): [string, string][] =>
  Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** All that decides which rows there are and in which order; the size of a page does not. */
const questionOf = (operation: string, query: Query): string =>
  `${operation}?${new URLSearchParams(given(query).filter(([name]) => name !== 'cursor' && name !== 'limit'))}`

const linkOf = (query: Query): string => `?${new URLSearchParams(given(query))}`
