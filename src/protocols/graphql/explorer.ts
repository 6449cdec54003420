// GraphiQL from our own address, for whoever opens /graphql with a browser outside production.
import { securityHeaders } from '../present.ts'

const contentSecurity =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; worker-src blob:; img-src 'self' data:; " +
  "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

const sample = `# Ctrl-Enter asks. The schema is on the left; a token goes into the headers below: {"authorization": "Bearer …"}
{
  listContent(first: 5) {
    nodes { title slug camera { brand model } editor { byline } }
    pageInfo { endCursor hasNextPage }
  }
}
`

export const wantsPage = (request: Request): boolean =>
  request.method === 'GET' && request.headers.get('accept')?.includes('text/html') === true && new URL(request.url).search === ''

/** Its nine megabytes are loaded when somebody looks. */
export async function explorerPage(requestId: string): Promise<Response> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const html = renderGraphiQL({
    endpoint: '/graphql',
    title: 'RandomCameraReviews: GraphQL',
    defaultQuery: sample,
    favicon: '/favicon.ico',
  })
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-request-id': requestId }
  return new Response(html, { headers: { ...securityHeaders, ...headers, 'content-security-policy': contentSecurity } })
}
