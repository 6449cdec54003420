// What a developer finds with a browser: `/`, `/openapi.json`, `/docs` (self-hosted, no request leaves it) and the problem types.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { noneMatches } from '../kit/entity-tag.ts'
import { Refusal } from '../kit/refusal.ts'
import { requestIdOf } from './caller.ts'
import { corsFor } from './cors.ts'
import { presentRefusal } from './present.ts'
import { wires } from './refusals.ts'

const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

// Swagger UI does not show `x-codeSamples` by itself. The samples leave the server open; here it is the one that serves the page.
const initScript = `const samples = ({ React: { createElement: element } }) => ({
  wrapComponents: {
    parameters: (Parameters) => (props) => {
      const source = props.operation?.getIn(['x-codeSamples', 0, 'source'])
      const shown = source && element('div', { className: 'opblock-description-wrapper' },
        element('h4', null, 'With curl'),
        element('pre', { className: 'microlight sample' }, source.replaceAll('$ORIGIN', location.origin)))
      return element('div', null, shown, element(Parameters, props))
    },
  },
})
SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#ui', validatorUrl: null, deepLinking: true, displayRequestDuration: true, plugins: [samples],
})`

const contentSecurity = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** Answers the addresses that are its own, and null for any other. */
export type Docs = (request: Request) => Promise<Response | null>

export function docs(openApiText: string, newRequestId: () => string): Docs {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const read = async (asset: string) => new Uint8Array(await readFile(join(folder, asset)))
  const pages = new Map<string, () => Page | Promise<Page>>([
    ['/', () => ({ body: JSON.stringify(index), type: 'application/json' })],
    ['/openapi.json', () => ({ body: openApiText, type: 'application/json' })],
    ['/docs', () => ({ body: swagger, type: html })],
    ['/docs/init.js', () => ({ body: initScript, type: 'text/javascript; charset=utf-8' })],
    ['/docs/problems', () => ({ body: page('Problems', problems()), type: html })],
    ...Object.entries(assets).map(
      ([name, type]) => [`/docs/${name}`, async () => ({ body: await read(name), type, maxAgeS: 86_400 })] as [string, () => Promise<Page>],
    ),
  ])
  return async (request) => {
    const path = new URL(request.url).pathname
    const made = path === '/favicon.ico' ? icon : pages.get(path)
    if (made === undefined) return null
    const requestId = requestIdOf(request, newRequestId)
    const headers = { ...contentSecurity, 'x-request-id': requestId, ...open.actual(true, null) }
    if (request.method === 'OPTIONS')
      return new Response(null, {
        status: 204,
        headers: { ...headers, allow: methods.join(', '), ...open.preflight(request, methods, methods) },
      })
    if (!methods.includes(request.method))
      return presentRefusal(new Refusal('method', `Allowed here: ${methods.join(', ')}.`), requestId, path, { allow: methods.join(', ') })
    return answer(await made(), request, headers)
  }
}

interface Page {
  body: string | Uint8Array<ArrayBuffer>
  type: string
  maxAgeS?: number
  /** Where it is instead. */
  location?: string
}

const methods = ['GET', 'HEAD', 'OPTIONS']
const open = corsFor([])
const icon = (): Page => ({ body: '', type: html, location: '/docs/favicon-32x32.png' })

function answer({ body, type, maxAgeS = 300, location }: Page, request: Request, common: Record<string, string>): Response {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 11)}"`
  const headers: Record<string, string> = { ...common, etag, 'cache-control': `public, max-age=${maxAgeS}` }
  if (location !== undefined) return new Response(null, { status: 302, headers: { ...headers, location } })
  const known = request.headers.get('if-none-match')
  if (known !== null && noneMatches(known, etag)) return new Response(null, { status: 304, headers })
  const whole = { ...headers, 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }
  return new Response(request.method === 'HEAD' ? null : body, { headers: whole })
}

const html = 'text/html; charset=utf-8'

const index = {
  name: 'RandomCameraReviews',
  content: '/api/v1/content',
  search: '/api/v1/content/search?q=',
  cameras: '/api/v1/cameras',
  lenses: '/api/v1/lenses',
  documentation: '/docs',
  openapi: '/openapi.json',
  graphql: '/graphql',
}

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RandomCameraReviews: ${title}</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>${body}</body>
</html>
`

const swagger = page('API', '<div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/init.js"></script>')

function problems(): string {
  const rows = Object.entries(wires).map(
    ([reason, { http, title }]) => `<tr id="${reason}"><td>${http}</td><td><code>${reason}</code></td><td>${title}</td></tr>`,
  )
  return `<main class="swagger-ui" style="max-width:48rem;margin:2rem auto"><h1>Problems</h1>
<p>Every fault is answered as <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; a finer code than these
(<code>slug-taken</code>, <code>replica-behind</code>) comes with the same status as its kind.</p>
<table><thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead><tbody>${rows.join('')}</tbody></table></main>`
}
