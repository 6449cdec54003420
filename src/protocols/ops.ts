// The operators' port: alive, ready and with what, and the metrics.
import type { Metrics } from '../kit/metric.ts'

export interface Readiness {
  ready: boolean
  /** It goes, and answers to the end who is here: nobody else should be sent. */
  stopping: boolean
  /** By part: what a person who is woken up wants to see. */
  detail: Readonly<Record<string, unknown>>
}

export function ops(metrics: Metrics, readiness: () => Readiness): (request: Request) => Promise<Response> {
  const answers: Record<string, () => Promise<Response> | Response> = {
    '/healthz': () => json({ status: 'alive' }, 200),
    '/readyz': () => {
      const { ready, stopping, detail } = readiness()
      return json({ status: ready ? 'ready' : 'not ready', stopping, ...detail }, ready ? 200 : notReady(stopping))
    },
    '/metrics': async () => {
      const { contentType, body } = await metrics.text()
      return new Response(body, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
    },
  }
  return async (request) => {
    const path = new URL(request.url, 'http://localhost').pathname
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined
    if (answer === undefined) return json({ detail: `Here are ${Object.keys(answers).join(', ')}.` }, 404)
    if (request.method === 'GET') return answer()
    if (request.method !== 'HEAD') return json({ detail: 'Only GET and HEAD.' }, 405, { allow: 'GET, HEAD' })
    const { status, headers } = await answer()
    return new Response(null, { status, headers })
  }
}

// Gateways that know how to drain (HAProxy) take 404 for that, and a 503 for one that has failed. To others both say no.
const notReady = (stopping: boolean) => (stopping ? 404 : 503)

const json = (body: unknown, status: number, more: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...more } })
