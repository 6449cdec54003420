// A page of a list, as every list answers it.
import { z } from 'zod'

export const pageQuery = {
  cursor: z.string().min(1).max(1024).optional().describe('The `nextCursor` of the page before.'),
  limit: z.coerce.number<number | string>().int().min(1).max(100).default(20),
}

export const pageOf = (entry: z.ZodType) =>
  z.strictObject({
    data: z.array(entry),
    metadata: z.strictObject({ limit: z.int(), nextCursor: z.string().nullable() }),
    links: z.strictObject({ self: z.string(), next: z.string().nullable() }).describe('Relative to the address that was asked.'),
  })

/** With links that are relative, so that they hold below every prefix. */
export function paged<E>(data: readonly E[], next: string | null, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
  const link = (to: string | undefined) => `?${new URLSearchParams({ limit: String(limit), ...(to !== undefined && { cursor: to }) })}`
  return {
    data,
    metadata: { limit, nextCursor: next },
    links: { self: link(cursor), next: next === null ? null : link(next) },
  }
}
