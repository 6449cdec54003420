// An operation: one thing that may be asked, as plain data with its handler. Protocols, OpenAPI and docs follow the list.
import type { z } from 'zod'

/** Who is calling, proven by a verified access token. */
export interface Principal {
  accountId: string
  sessionId: string
  roles: readonly string[]
}

/** What a handler learns of the request besides its input. */
export interface Call {
  requestId: string
  /** Null for anonymous callers; operations that demand somebody are never run without. */
  principal: Principal | null
  /** Aborts at the deadline or when the caller has gone. */
  signal: AbortSignal
  /** From If-Match: the versions the caller will accept; `*` any; null when the header is absent. */
  ifMatch: readonly number[] | '*' | null
  /** From Idempotency-Key, scoped by caller and operation and hashed with the request. */
  idempotency: { key: string; requestHash: string } | null
  /** From Consistency-Token, verified. Reads must not be older. */
  atLeast: { epoch: string; seq: number } | null
  userAgent: string
  /** The peer's address, textual; of the nearest trusted hop. */
  address: string
}

/** Who may call: anyone; anybody signed in; or one of these roles. */
export type Access = 'anyone' | 'signed-in' | readonly string[]

/** What is counted together where it is limited how often somebody may ask. */
export const limitClasses = ['read', 'search', 'graphql', 'write', 'sign-in', 'register'] as const
export type LimitClass = (typeof limitClasses)[number]

export interface Example {
  summary: string
  input: Readonly<Record<string, unknown>>
}

export interface Operation {
  /** camelCase verb + noun, unique: `publishReview`. The OpenAPI operationId. */
  name: string
  kind: 'query' | 'command'
  /** Other names by which clients of these protocols know it. */
  alias?: { graphql?: string; grpc?: string }
  /** One sentence for the docs, and an optional longer text in Markdown. */
  summary: string
  description?: string
  /** The heading it stands under in the docs: `reviews`. */
  tag: string
  rest: {
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    /** Below `/api/v1`, parameters in braces: `/reviews/{id}`. A leading `=` keeps it out of the prefix: `=/.well-known/jwks.json`. */
    path: string
    /** Parameters of the query that may be spelt otherwise: `{ price_min: 'priceMin' }`. */
    spelt?: Readonly<Record<string, string>>
  }
  access: Access
  /** Path, query and body members, merged into one object. Strict: unknown members are refused. */
  input: {
    path?: z.ZodObject
    query?: z.ZodObject
    body?: z.ZodType
  }
  /** The answer's body; absent for 204. `name` is its component in the OpenAPI document. */
  output?: z.ZodType
  /** The status of success. */
  status: 200 | 201 | 204
  /** Changing or deleting what exists: If-Match is demanded (428); a function says for which bodies. */
  conditional?: boolean | ((body: never) => boolean)
  /** Commands only. Default `accepted`. */
  idempotencyKey?: 'accepted' | 'required' | 'none'
  /** The media type of the body where it is not JSON: `application/merge-patch+json` (application/json is accepted too). */
  mediaType?: string
  /** Queries only: how the answer may be cached. Default `private`: `private, no-store`. */
  cache?: 'content' | 'private' | 'public-hour'
  /** By default `read` for queries, `write` for commands. */
  limit?: LimitClass
  /** Refusal reasons besides those that every operation may give, for the docs. */
  refusals?: readonly string[]
  examples?: readonly Example[]
  run: (input: never, call: Call) => Promise<Answer>
}

/** The versions that the caller will accept must be named. */
export const demandsMatch = ({ conditional = false }: Pick<Operation, 'conditional'>, body: unknown): boolean =>
  typeof conditional === 'function' ? conditional(body as never) : conditional

export const limitOf = ({ limit, kind }: Pick<Operation, 'limit' | 'kind'>): LimitClass => limit ?? (kind === 'query' ? 'read' : 'write')

/** What a handler gives back; every wire presents it. */
export interface Answer {
  /** Checked against `output` in the tests. Absent for 204. */
  body?: unknown
  /** The body as finished JSON text, where it came so from the database. Wins over `body`. */
  bodyText?: string
  /** Of the one document shown: becomes the ETag `"<version>"`. */
  version?: number
  /** Distinguishes representations of the same version: `"<version>.<hash>"`, or `"<hash>"` without a version. */
  hash?: string
  /** What the answer shows (query) or made (command): becomes the Consistency-Token. */
  position?: { epoch: string; seq: number }
  /** Path below the API prefix of the thing made or meant: `/reviews/…`. */
  location?: string
  /** Relative link to the page after this one, null on the last: sent as `Link` too. */
  next?: string | null
  /** Another status than the operation's: 301 with `location`. */
  status?: number
  /** Cache tags (domain/tags.ts): the answer is purged when one of them comes by. */
  tags?: readonly string[]
  /** Seconds behind the master, sent as a header above 5. */
  stalenessS?: number
  /** From elsewhere: the cache keeps it for a second. */
  borrowed?: true
}

/**
 * Declares an operation; ties the handler's input to the schemas. Path, query and body members arrive as `{ path, query, body }`,
 * parsed.
 */
export function operation<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  declared: Omit<Operation, 'run' | 'input'> & {
    input: { path?: P; query?: Q; body?: B }
    run: (input: { path: z.output<P>; query: z.output<Q>; body: z.output<B> }, call: Call) => Promise<Answer>
  },
): Operation {
  return declared as Operation
}
