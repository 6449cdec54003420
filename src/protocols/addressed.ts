// The outermost door: a request says once, and readably, which host it means (RFC 9112, 3.2).
import { Refusal } from '../kit/refusal.ts'
import { type Received, requestIdOf } from './caller.ts'
import { presentRefusal } from './present.ts'

// The longest name of DNS, with a port. Addresses are kept as they were asked for, with their host (services/read/edge.ts).
const hostMax = 260

type Door = (request: Request, received: Received) => Promise<Response> | Response

/**
 * Measured on Bun 1.4.5: two Host headers arrive as one, joined by a comma, and the first of them is served; what is no host, or
 * none at all (as HTTP/1.0 may do), arrives as a URL without an origin.
 */
export function wellAddressed(next: Door, newRequestId: () => string): Door {
  return (request, received) => {
    const { url, headers } = request
    const host = headers.get('host')
    const isAbsolute = url.startsWith('http')
    if (isAbsolute && host?.includes(',') !== true && (host?.length ?? 0) <= hostMax) return next(request, received)
    if (!isAbsolute && host === null && url.startsWith('/')) return next(new Request(`http://localhost${url}`, request), received)
    const refusal = new Refusal('invalid', 'A request names one host.', {
      code: 'malformed',
      faults: [
        { pointer: 'Host', code: 'malformed', detail: `Send one Host header with one host in it, of at most ${hostMax} characters.` },
      ],
    })
    return presentRefusal(refusal, requestIdOf(request, newRequestId), '')
  }
}
