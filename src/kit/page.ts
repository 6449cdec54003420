// A page of a list that goes by cursor, as every such list is asked for and answered.
import { z } from 'zod'
import type { Answer } from './operation.ts'

export const pageQuery = {
  cursor: z.string().min(1).max(1024).optional().describe('The `nextCursor` of the page before.'),
  limit: z.coerce.number<number | string>().int().min(1).max(100).default(20),
}

interface PageQuery extends Readonly<Record<string, unknown>> {
  limit: number
  cursor?: string | undefined
}

export const pageOf = (entry: z.ZodType) =>
  z.strictObject({
    data: z.array(entry),
    metadata: z.strictObject({ limit: z.int(), nextCursor: z.string().nullable() }),
    links: z.strictObject({ self: z.string(), next: z.string().nullable() }).describe('Relative to the address that was asked.'),
  })

/** What a port's list wants to know of the query. */
export const placeOf = ({ limit, cursor }: PageQuery): { limit: number; after?: string } =>
  cursor === undefined ? { limit } : { limit, after: cursor }

/** With links that keep the other parameters and are relative, so that they hold below every prefix. */
export function paged(data: readonly unknown[], nextCursor: string | null, query: PageQuery): Answer {
  const link = (cursor: string | undefined) => {
    const given = Object.entries({ ...query, cursor }).filter(([, value]) => value !== undefined)
    return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
  }
  const links = { self: link(query.cursor), next: nextCursor === null ? null : link(nextCursor) }
  return { body: { data, metadata: { limit: query.limit, nextCursor }, links }, next: links.next }
}
