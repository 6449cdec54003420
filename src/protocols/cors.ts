// CORS: content is open to every origin; the origins that may write are a setting.
const exposed = [
  'Consistency-Token',
  'ETag',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
  'Content-Staleness',
  'WWW-Authenticate',
].join(', ')

const sendable = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Consistency-Token, X-Request-Id, Last-Event-ID'

export interface Cors {
  /** Headers of an actual answer. `open`: a query that anyone may make. */
  actual(open: boolean, origin: string | null): Record<string, string>
  /** Headers of the answer to a preflight of one path. */
  preflight(request: Request, methods: readonly string[], openMethods: readonly string[]): Record<string, string>
}

/** `origins`: those that may write, exactly as browsers send them, or `*`. */
export function corsFor(origins: readonly string[]): Cors {
  const trusted = (origin: string | null) => origin !== null && (origins.includes(origin) || origins.includes('*'))
  return {
    actual(open, origin) {
      // Open answers are read without credentials, so the star means every header.
      if (open) return { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' }
      if (!trusted(origin) || origin === null) return { vary: 'Origin' }
      return { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed, vary: 'Origin' }
    },
    preflight(request, methods, openMethods) {
      const origin = request.headers.get('origin')
      const wanted = request.headers.get('access-control-request-method')
      const open = wanted !== null && openMethods.includes(wanted)
      if (!open && !trusted(origin)) return { vary: 'Origin' }
      return {
        'access-control-allow-origin': open || origin === null ? '*' : origin,
        'access-control-allow-methods': (open ? openMethods : methods).join(', '),
        'access-control-allow-headers': sendable,
        'access-control-max-age': '7200',
        ...(!open && { vary: 'Origin' }),
      }
    },
  }
}
