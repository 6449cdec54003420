// Which requests ask for the same thing: the path without prefix and the known parameters in order, nothing else of a request.
import { z } from 'zod'
import type { Operation } from '../../kit/operation.ts'

export interface Keys {
  /** For a path with its query, as it stands in a request. Null: not one that is kept. */
  keyOf(target: string): string | null
}

const prefix = '/api/v1'
const longest = 2048

export function cacheKeys(operations: readonly Operation[]): Keys {
  const paths = operations
    .filter(({ kind, cache, rest }) => kind === 'query' && cache === 'content' && rest.method === 'GET')
    .map(({ rest, input }) => ({ ...patternOf(rest.path), known: parametersOf(input.query?.shape ?? {}) }))
    // Fixed segments come before parameters: `/content/search` is no slug.
    .sort((a, b) => a.parameters - b.parameters)
  return {
    keyOf(target) {
      if (target.length > longest) return null
      const mark = target.indexOf('?')
      const path = mark < 0 ? target : target.slice(0, mark)
      const bare = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
      const found = paths.find(({ pattern }) => pattern.test(bare))
      if (found === undefined) return null
      const query = queryOf(mark < 0 ? '' : target.slice(mark + 1), found.known)
      return query === null ? null : bare + query
    },
  }
}

function patternOf(path: string): { pattern: RegExp; parameters: number } {
  const parameters = path.split('{').length - 1
  return { pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[A-Za-z0-9-]+')}$`), parameters }
}

/** By name, whether it is needed. */
const parametersOf = (shape: z.core.$ZodShape): ReadonlyMap<string, boolean> =>
  new Map(Object.entries(shape).map(([name, schema]) => [name, !z.safeParse(schema, undefined).success]))

/** Null where a parameter is unknown, repeated or missing: a fault, for others to name. */
function queryOf(text: string, known: ReadonlyMap<string, boolean>): string | null {
  const given = new URLSearchParams(text)
  const names = new Set<string>()
  for (const name of given.keys()) {
    if (!known.has(name) || names.has(name)) return null
    names.add(name)
  }
  for (const [name, isNeeded] of known) if (isNeeded && !names.has(name)) return null
  if (names.size === 0) return ''
  given.sort()
  return `?${given}`
}
