// What remains of a document's content after a merge patch, checked as a whole.
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { faultsOf } from './faults.ts'
import { mergePatch } from './merge-patch.ts'
import { Refusal } from './refusal.ts'

/** The members of a document that its editor wrote. */
const contentOf = (fields: z.ZodObject, document: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(document).filter(([name, value]) => Object.hasOwn(fields.shape, name) && value !== undefined))

/** Refuses with every fault of the result. */
export function patched<F extends z.ZodObject>(fields: F, document: object, patch: unknown): z.output<F> {
  const result = fields.safeParse(mergePatch(contentOf(fields, document), patch))
  if (result.success) return result.data
  throw new Refusal('invalid', 'With these changes it has faults; errors names each of them.', { faults: faultsOf(result.error) })
}

/** Saves a version, a log entry and a purge in every region where nothing would change. */
export const isSameContent = (fields: z.ZodObject, before: object, after: object): boolean =>
  isDeepStrictEqual(contentOf(fields, before), contentOf(fields, after))
