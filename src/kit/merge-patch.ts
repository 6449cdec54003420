// JSON Merge Patch (RFC 7396): the merge, and the schema of a patch made from that of the whole.
import { z } from 'zod'

/**
 * `patch` laid over `target`: null takes a member away, objects merge, everything else replaces. Neither is changed. Members are
 * defined, never assigned, so that no name (`__proto__`, `constructor`) means more than itself.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else if (value !== undefined) merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What may be sent as a patch of such an object: every member may be absent; null, which resets, only where the whole may do
 * without the member; no other names. The merged whole is still to be checked: rules between members are not looked at here.
 */
export function patchOf(whole: z.ZodObject): z.ZodObject {
  const shape: Record<string, z.ZodType> = {}
  for (const [name, member] of Object.entries(whole.shape)) {
    const { inner, dispensable } = unwrapped(member as z.ZodType)
    const value = inner instanceof z.ZodObject ? patchOf(inner) : inner
    shape[name] = (dispensable && !(value instanceof z.ZodNullable) ? value.nullable() : value).optional()
  }
  return z.strictObject(shape)
}

function unwrapped(member: z.ZodType): { inner: z.ZodType; dispensable: boolean } {
  if (member instanceof z.ZodOptional || member instanceof z.ZodDefault || member instanceof z.ZodPrefault)
    return { inner: unwrapped(member.unwrap() as z.ZodType).inner, dispensable: true }
  return { inner: member, dispensable: false }
}
