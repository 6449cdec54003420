// A kept answer, ready to be sent again: its headers made once, its body in each coding that was asked for.
import { hash } from 'node:crypto'
import { type Coding, encode, preferredCoding } from '../../kit/content-coding.ts'
import { noneMatches } from '../../kit/entity-tag.ts'
import type { Tagged } from '../../kit/tagged-cache.ts'

export interface Copy extends Tagged {
  readonly status: number
  /** Of the identity coding, with its quotes. Null for redirects and problems. */
  readonly etag: string | null
  /** Monotonic. */
  readonly filledMs: number
  /** A problem names its request: this id gives way to that of each request it answers. */
  readonly requestId: string
  /** Read in another region. */
  readonly borrowed: boolean
  readonly identity: Variant
  /** Made for the first who asks for it; the others wait for the same. */
  readonly coded: { [coding in Exclude<Coding, 'identity'>]?: Variant | Promise<Variant> }
  sizeBytes: number
}

interface Variant {
  readonly etag: string | null
  /**
   * A Response takes bytes by copying them: 3.4 µs of 21 kB each time (Bun 1.4.5, 2026-11-21). It shares what a Blob holds. What is read
   * here, a problem or a message of gRPC, is bytes. Never both: a Blob does not share the bytes it is made of.
   */
  readonly body: Blob | Uint8Array<ArrayBuffer>
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
  const { status } = response
  const body = status === 200 ? await response.blob() : new Uint8Array(await response.arrayBuffer())
  const etag = status === 200 ? (headers.get('etag') ?? null) : null
  const identity = readied({ etag, body, headers })
  return { ...of, status, state: 'good', etag, identity, coded: {}, sizeBytes: sizeOf(of.key, identity) }
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
export function send(copy: Copy, request: Request, sending: Sending, grown: (copy: Copy) => void): Response | Promise<Response> {
  const asked = request.headers
  const variant = variantFor(copy, asked.get('accept-encoding'), grown)
  return variant instanceof Promise ? variant.then((made) => sent(copy, made, request, sending)) : sent(copy, variant, request, sending)
}

function sent(copy: Copy, variant: Variant, request: Request, sending: Sending): Response {
  // The constructor of Response copies the shared headers before anything else runs, so setting the id in place is safe.
  const headers = isPlain(sending) ? variant.headers : withMore(variant.headers, sending)
  headers.set('x-request-id', sending.requestId)
  const tags = request.headers.get('if-none-match')
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

function problem({ status, identity, ...copy }: Copy, headers: Headers, requestId: string, head: boolean): Response {
  const written = identity.body instanceof Blob ? '' : new TextDecoder().decode(identity.body)
  const member = (id: string) => `"requestId":${JSON.stringify(id)}`
  const text = written.replace(member(copy.requestId), member(requestId))
  const own = new Headers(headers)
  own.set('content-length', String(new TextEncoder().encode(text).length))
  return new Response(head ? null : text, { status, headers: own })
}

function variantFor(copy: Copy, acceptEncoding: string | null, grown: (copy: Copy) => void): Variant | Promise<Variant> {
  const { body } = copy.identity
  if (!(body instanceof Blob) || body.size < codedMin) return copy.identity
  const coding = preferredCoding(acceptEncoding)
  if (coding === 'identity') return copy.identity
  copy.coded[coding] ??= codedOf(copy, body, coding, grown)
  return copy.coded[coding]
}

async function codedOf(copy: Copy, body: Blob, coding: Exclude<Coding, 'identity'>, grown: (copy: Copy) => void): Promise<Variant> {
  try {
    const coded = new Blob([encode(await body.bytes(), coding)])
    const headers = new Headers(copy.identity.headers)
    headers.set('content-encoding', coding)
    const etag = copy.etag?.replace(/"$/, `-${coding}"`) ?? null
    const made = readied({ etag, body: coded, headers })
    copy.coded[coding] = made
    copy.sizeBytes += weightOf(made)
    grown(copy)
    return made
  } catch (error) {
    delete copy.coded[coding] // for the next one to try
    throw error
  }
}

/** With all that its headers say on every plain hit. */
function readied(variant: Variant): Variant {
  const { etag, body, headers } = variant
  if (etag !== null) headers.set('etag', etag)
  headers.set('content-length', String(lengthOf(body)))
  headers.set('age', '0')
  headers.set('cache-status', 'rcr; hit')
  return variant
}

const lengthOf = (body: Variant['body']): number => (body instanceof Blob ? body.size : body.length)

// Measured, see "Memory" in docs/performance.md.
const copyBytes = 500
const bodyBytes = 400
const headerBytes = 30

/** What a copy holds of the process's memory before anything is coded. */
export const sizeOf = (key: string, identity: Pick<Variant, 'body' | 'headers'>): number => copyBytes + 2 * key.length + weightOf(identity)

function weightOf({ body, headers }: Pick<Variant, 'body' | 'headers'>): number {
  let bytes = bodyBytes + allocated(lengthOf(body))
  headers.forEach((value) => {
    bytes += headerBytes + value.length
  })
  return bytes
}

/** The allocator has four sizes between a power of two and the next. */
function allocated(bytes: number): number {
  const step = 2 ** Math.max(3, Math.floor(Math.log2(bytes)) - 2)
  return Math.ceil(bytes / step) * step
}
