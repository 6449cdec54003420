// From an operation's answer, refusal or defect to an HTTP response with all its headers.
import { noneMatches } from '../kit/entity-tag.ts'
import type { Answer, Operation } from '../kit/operation.ts'
import type { Refusal } from '../kit/refusal.ts'
import { defect, problem } from './refusals.ts'

/** On every answer: what OWASP asks of an API whose answers are no pages. HSTS belongs to whoever ends TLS. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** For outside caches, by the operation's rule. Content in shared caches is purged by tag, or ends with its max-age. */
const cacheHeaders: Record<NonNullable<Operation['cache']>, Readonly<Record<string, string>>> = {
  private: { 'cache-control': 'private, no-store' },
  'public-hour': { 'cache-control': 'public, max-age=3600' },
  content: {
    'cache-control': 'public, max-age=5, stale-while-revalidate=30, stale-if-error=600',
    'cdn-cache-control': 'public, max-age=60, stale-while-revalidate=30, stale-if-error=600',
  },
}

export interface Presenting {
  operation: Operation
  requestId: string
  /** `/api/v1`, or empty where the alias was asked. */
  prefix: string
  /** Signed in or with a Consistency-Token: never for shared caches. */
  personal: boolean
  sealPosition: (position: { epoch: string; seq: number }) => string
  ifNoneMatch: string | null
}

export function present(answer: Answer, at: Presenting): Response {
  const { operation } = at
  const status = answer.status ?? operation.status
  const headers: Record<string, string> = {
    ...securityHeaders,
    'x-request-id': at.requestId,
    ...cacheHeaders[at.personal ? 'private' : (operation.cache ?? 'private')],
  }
  const etag = etagOf(answer)
  if (etag !== null) headers.etag = etag
  if (answer.position) headers['consistency-token'] = at.sealPosition(answer.position)
  if (answer.location !== undefined) headers.location = at.prefix + answer.location
  if (answer.next) headers.link = `<${answer.next}>; rel="next"`
  if (answer.stalenessS !== undefined && answer.stalenessS > 5) headers['content-staleness'] = String(Math.round(answer.stalenessS))
  if (answer.tags !== undefined && answer.tags.length > 0 && !at.personal) headers['cache-tag'] = answer.tags.map(inHeader).join(',')
  if (operation.cache === 'content') headers.vary = 'Accept-Encoding, Consistency-Token, Authorization'
  if (operation.kind === 'query' && etag !== null && at.ifNoneMatch !== null && noneMatches(at.ifNoneMatch, etag))
    return new Response(null, { status: 304, headers })
  const text = answer.bodyText ?? (answer.body === undefined ? null : JSON.stringify(answer.body))
  if (text !== null) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = String(Buffer.byteLength(text))
  }
  return new Response(text, { status, headers })
}

/** Tags hold what readers ask for, in any script. */
const inHeader = (tag: string): string => tag.replace(/[^\x21-\x2b\x2d-\x7e]/gu, encodeURIComponent)

function etagOf({ version, hash }: Answer): string | null {
  if (version === undefined) return hash === undefined ? null : `"${hash}"`
  return hash === undefined ? `"${version}"` : `"${version}.${hash}"`
}

export function presentRefusal(refusal: Refusal, requestId: string, path: string, extra: Record<string, string> = {}): Response {
  const body = problem(refusal, requestId, path)
  const headers: Record<string, string> = {
    ...problemHeaders(requestId),
    ...(refusal.reason === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
    ...extra,
  }
  if (refusal.retryAfterS !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(refusal.retryAfterS)))
  else if (body.status === 503 || body.status === 429) headers['retry-after'] = '1'
  // The rest of the request may still be coming, and would be taken for the next one.
  if (refusal.reason === 'slow') headers.connection = 'close'
  if (typeof refusal.facts.currentVersion === 'number') headers.etag = `"${refusal.facts.currentVersion}"`
  const text = JSON.stringify(body)
  headers['content-length'] = String(Buffer.byteLength(text))
  return new Response(text, { status: body.status, headers })
}

export function presentDefect(requestId: string, path: string): Response {
  return new Response(JSON.stringify(defect(requestId, path)), { status: 500, headers: problemHeaders(requestId) })
}

const problemHeaders = (requestId: string) => ({
  ...securityHeaders,
  'x-request-id': requestId,
  'cache-control': 'no-store',
  'content-type': 'application/problem+json',
})
