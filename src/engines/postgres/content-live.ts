// Follows the live build: statements are written against the schema `build` and run on the one that readers use now.
import { createHash } from 'node:crypto'
import { Refusal } from '../../kit/refusal.ts'
import type { Queryable } from './connect.ts'
import { codeOf, isGone } from './translate.ts'

export interface Asked {
  /** SQL with `build.` before every table of the build. */
  text: string
  values: readonly unknown[]
  /** Of a closed set of texts: planned once for each connection. */
  prepared?: boolean
}

export interface Live {
  /**
   * The first row: each of our statements gives exactly one. Which build is live is looked up for all who ask: `unhurried` does not
   * end with one of them.
   */
  one<R extends object>(asked: Asked, on: Queryable, unhurried?: Queryable): Promise<R>
  all<R extends object>(asked: Asked, on: Queryable, unhurried?: Queryable): Promise<R[]>
  /** The live build differs from the one in use: use it from now on. */
  follow(schema: string): void
  schema(on: Queryable): Promise<string>
}

// Each connection keeps its plans: a bound against shapes of requests that somebody makes up.
const preparedMax = 100

export function followLive(fingerprint: string): Live {
  let schema: string | null = null
  let looking: Promise<string> | null = null
  let bound = new Map<string, { text: string; name?: string }>()

  const follow = (next: string) => {
    if (schema === next) return
    schema = next
    bound = new Map()
  }
  const look = async (on: Queryable) => {
    const [row] = await on.query<{ schema: string }>('select schema from content.live where fingerprint = $1', [fingerprint])
    if (row === undefined)
      throw new Refusal('unavailable', 'The read model of this version is still being built.', { code: 'not-built', retryAfterS: 5 })
    follow(row.schema)
    return row.schema
  }
  const lookOnce = (on: Queryable) => {
    looking ??= look(on).finally(() => {
      looking = null
    })
    return looking
  }
  const bind = ({ text, prepared }: Asked, to: string) => {
    const known = bound.get(text)
    if (known !== undefined) return known
    const statement = { text: text.replaceAll('build.', `"${to}".`) }
    if (!prepared || bound.size >= preparedMax) return statement
    const named = { ...statement, name: createHash('sha256').update(statement.text).digest('base64url').slice(0, 20) }
    bound.set(text, named)
    return named
  }
  const all = async <R extends object>(asked: Asked, on: Queryable, unhurried = on): Promise<R[]> => {
    const ask = async (to: string) => on.query<R>(bind(asked, to), asked.values)
    try {
      return await ask(schema ?? (await lookOnce(unhurried)))
    } catch (error) {
      if (isMissing(error)) return unlessMissing(ask(await lookOnce(unhurried)))
      throw error
    }
  }
  return {
    all,
    async one<R extends object>(asked: Asked, on: Queryable, unhurried = on) {
      const [row] = await all<R>(asked, on, unhurried)
      if (row === undefined) throw new Refusal('unavailable', 'The read model is empty as yet.', { code: 'not-built', retryAfterS: 5 })
      return row
    },
    follow,
    schema: async (on) => schema ?? lookOnce(on),
  }
}

/** `content.live` itself is missing on a database that nobody prepared. */
const isMissing = isGone

async function unlessMissing<R>(asked: Promise<R>): Promise<R> {
  try {
    return await asked
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new Refusal('unavailable', 'The read model is being replaced.', { code: 'not-built', retryAfterS: 1, cause: error })
  }
}

/** Over at the next try: a pooled connection that had died, or a replay on the replica that needed our row. Reads only. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Refusal) || error.reason !== 'unavailable') return false
  const cause = error.cause
  return (
    /^(?:40001|57P01|08006|ECONNRESET|EPIPE)$/.test(codeOf(cause)) ||
    (cause instanceof Error && /^Connection terminated unexpectedly/.test(cause.message))
  )
}
