// A kept answer, ready to be sent again: its headers made once, its body in each coding that was asked for.
import { hash } from 'node:crypto'
import { type Coding, encode, preferredCoding } from '../../kit/content-coding.ts'
import { noneMatches } from '../../kit/entity-tag.ts'
import type { Tagged } from '../../kit/tagged-cache.ts'

export interface Copy extends Tagged {
  readonly status: number
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Headers
  /** Of the identity coding, with its quotes. Null for redirects and problems. */
  readonly etag: string | null
  /** Monotonic. */
  readonly filledMs: number
  /** A problem names its request: this id gives way to that of each request it answers. */
  readonly requestId: string
  /** Read in another region. */
  readonly borrowed: boolean
  readonly variants: Map<Coding, Variant>
  sizeBytes: number
}

interface Variant {
  readonly etag: string | null
  /** A Response takes bytes by copying them: 3.4 µs of 21 kB each time (Bun 1.4.5, 2026-11-21). It shares what a Blob holds. */
  readonly body: Blob
  readonly headers: Headers
}

/** What differs from one sending to the next. */
export interface Sending {
  requestId: string
  ageS?: number
  cacheStatus?: string
  /** Shown where it is worth a word. */
  stalenessS?: number
  /** Not for shared caches: the token that it may not fall behind. */
  personal?: { token: string | null }
}

// Set for each sending, or by the server.
const perRequest = ['x-request-id', 'content-length', 'age', 'cache-status', 'content-staleness']
const notModified = ['content-type', 'content-length', 'content-encoding']

// Coding costs more than it saves below.
const codedMin = 1000

export async function copyOf(
  response: Response,
  of: Pick<Copy, 'key' | 'tags' | 'position' | 'filledMs' | 'requestId' | 'borrowed'>,
): Promise<Copy> {
  const headers = new Headers(response.headers)
  for (const name of perRequest) headers.delete(name)
  if (headers.has('cache-tag')) headers.set('cache-tag', of.tags.map(shortTag).join(','))
  const body = new Uint8Array(await response.arrayBuffer())
  const etag = response.status === 200 ? (headers.get('etag') ?? null) : null
  // Headers, tags and the maps around weigh about as much as a small body.
  return { ...of, status: response.status, state: 'good', body, headers, etag, variants: new Map(), sizeBytes: body.length + 4000 }
}

/** A tag as outside caches see it: a page names dozens of documents, and 43 characters for each would weigh a tenth of the page. */
export function shortTag(tag: string): string {
  const known = shortTags.get(tag)
  if (known !== undefined) return known
  const short = hash('sha256', tag, 'base64url').slice(0, 8)
  if (shortTags.size >= shortTagsMax) shortTags.clear()
  shortTags.set(tag, short)
  return short
}

// Lists show the same cameras and editors over and over: hashing their forty tags took a seventh of the time of a list that was missed.
const shortTags = new Map<string, string>()
const shortTagsMax = 10_000

/** The way of a hit: nothing is built that could have been built before. */
export function send(copy: Copy, request: Request, sending: Sending, grown: (copy: Copy) => void): Response {
  const asked = request.headers
  const variant = variantFor(copy, asked.get('accept-encoding'), grown)
  // The constructor of Response copies the shared headers before anything else runs, so setting the id in place is safe.
  const headers = isPlain(sending) ? variant.headers : withMore(variant.headers, sending)
  headers.set('x-request-id', sending.requestId)
  const tags = asked.get('if-none-match')
  if (tags !== null && variant.etag !== null && noneMatches(tags, variant.etag)) {
    const bare = new Headers(headers)
    for (const name of notModified) bare.delete(name)
    return new Response(null, { status: 304, headers: bare })
  }
  const head = request.method === 'HEAD'
  if (copy.status >= 400) return problem(copy, headers, sending.requestId, head)
  return new Response(head ? null : variant.body, { status: copy.status, headers })
}

const isPlain = ({ ageS, cacheStatus, stalenessS, personal }: Sending): boolean =>
  ageS === undefined && cacheStatus === undefined && stalenessS === undefined && personal === undefined

function withMore(from: Headers, { ageS, cacheStatus, stalenessS, personal }: Omit<Sending, 'requestId'>): Headers {
  const headers = new Headers(from)
  if (ageS !== undefined) headers.set('age', String(ageS))
  if (cacheStatus !== undefined) headers.set('cache-status', cacheStatus)
  if (stalenessS !== undefined) headers.set('content-staleness', String(stalenessS))
  if (personal !== undefined) {
    headers.set('cache-control', 'private, no-store')
    for (const name of ['cdn-cache-control', 'cache-tag']) headers.delete(name)
    if (personal.token !== null) headers.set('consistency-token', personal.token)
  }
  return headers
}

function problem(copy: Copy, headers: Headers, requestId: string, head: boolean): Response {
  const text = new TextDecoder().decode(copy.body).replace(JSON.stringify(copy.requestId), JSON.stringify(requestId))
  const own = new Headers(headers)
  own.set('content-length', String(new TextEncoder().encode(text).length))
  return new Response(head ? null : text, { status: copy.status, headers: own })
}

function variantFor(copy: Copy, acceptEncoding: string | null, grown: (copy: Copy) => void): Variant {
  const coding = copy.status === 200 && copy.body.length >= codedMin ? preferredCoding(acceptEncoding) : 'identity'
  const known = copy.variants.get(coding)
  if (known !== undefined) return known
  const made = variantOf(copy, coding)
  copy.variants.set(coding, made)
  copy.sizeBytes += made.body.size
  grown(copy)
  return made
}

function variantOf(copy: Copy, coding: Coding): Variant {
  const headers = new Headers(copy.headers)
  const body = coding === 'identity' ? copy.body : encode(copy.body, coding)
  const etag = copy.etag === null || coding === 'identity' ? copy.etag : copy.etag.replace(/"$/, `-${coding}"`)
  if (coding !== 'identity') headers.set('content-encoding', coding)
  if (etag !== null) headers.set('etag', etag)
  headers.set('content-length', String(body.length))
  headers.set('age', '0')
  headers.set('cache-status', 'rcr; hit')
  return { etag, body: new Blob([body]), headers }
}
