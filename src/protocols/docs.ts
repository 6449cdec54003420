// What a developer finds with a browser: `/`, `/openapi.json`, `/docs` (self-hosted, no request leaves it) and the problem types.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { wires } from './refusals.ts'

const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

const initScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', validatorUrl: null, deepLinking: true, displayRequestDuration: true })`

const contentSecurity = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** Answers the addresses that are its own, and null for any other. */
export type Docs = (request: Request) => Promise<Response | null>

export function docs(openApiText: string): Docs {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const answer = (body: string | Uint8Array<ArrayBuffer>, type: string, cache = 'public, max-age=300') =>
    new Response(body, {
      headers: { ...contentSecurity, 'content-type': type, 'cache-control': cache, 'access-control-allow-origin': '*' },
    })
  const pages: Record<string, () => Response> = {
    '/': () => answer(JSON.stringify(index), 'application/json'),
    '/openapi.json': () => answer(openApiText, 'application/json'),
    '/docs': () =>
      answer(
        page('API', '<div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/init.js"></script>'),
        html,
      ),
    '/docs/init.js': () => answer(initScript, 'text/javascript; charset=utf-8'),
    '/docs/problems': () => answer(page('Problems', problems()), html),
    '/favicon.ico': () => new Response(null, { status: 302, headers: { location: '/docs/favicon-32x32.png' } }),
  }
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null
    const path = new URL(request.url, 'http://localhost').pathname
    const known = pages[path]
    if (known !== undefined) return known()
    const asset = path.startsWith('/docs/') ? path.slice('/docs/'.length) : ''
    const type = Object.hasOwn(assets, asset) ? assets[asset] : undefined
    if (type === undefined) return null
    return answer(new Uint8Array(await readFile(join(folder, asset))), type, 'public, max-age=86400')
  }
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

function problems(): string {
  const rows = Object.entries(wires).map(
    ([reason, { http, title }]) => `<tr id="${reason}"><td>${http}</td><td><code>${reason}</code></td><td>${title}</td></tr>`,
  )
  return `<main class="swagger-ui" style="max-width:48rem;margin:2rem auto"><h1>Problems</h1>
<p>Every fault is answered as <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; a finer code than these
(<code>slug-taken</code>, <code>replica-behind</code>) comes with the same status as its kind.</p>
<table><thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead><tbody>${rows.join('')}</tbody></table></main>`
}
