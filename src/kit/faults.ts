// From the issues that a schema found to faults that a caller can act on: every one with its place.
import type { z } from 'zod'
import type { Fault } from './refusal.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** More than this help nobody, and a hostile body could name a hundred thousand. */
const mostFaults = 100

/**
 * With the prefix `#` places are RFC 6901 pointers in a fragment (`#/sensor/format`), with any other the prefix and the name
 * (`?limit`).
 */
export function faultsOf(error: z.ZodError, prefix = '#'): Fault[] {
  const place = prefix === '#' ? pointer : (path: Path) => prefix + path.map(String).join('.')
  return error.issues
    .flatMap((issue) => flat(issue, []))
    .slice(0, mostFaults)
    .map(({ path, code, message }) => ({ pointer: place(path), code, detail: message }))
}

interface Flat {
  path: Path
  code: string
  message: string
}

/** One fault for each unknown member; of a union the faults of the alternative that fits best. */
function flat(issue: Issue, above: Path): Flat[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], code: 'unrecognized_key', message: 'Unknown member.' }))
  if (issue.code === 'invalid_union') {
    const alternatives = issue.errors.filter((issues) => issues.length > 0).map((issues) => issues.flatMap((inner) => flat(inner, path)))
    const deep = alternatives.filter((faults) => faults.some((fault) => fault.path.length > path.length))
    const [best] = deep.toSorted((a, b) => a.length - b.length)
    return best ?? [{ path, code: issue.code, message: alternatives.map(([first]) => first?.message).join(' or ') || issue.message }]
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return [{ path, code: 'required', message: 'Is missing.' }]
  return [{ path, code: issue.code, message: issue.message }]
}

const pointer = (path: Path): string => `#${path.map((step) => `/${escaped(String(step))}`).join('')}`

const escaped = (step: string): string => encodeURIComponent(step.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'))
