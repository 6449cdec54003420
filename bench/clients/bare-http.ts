// The least that Bun can do: constant bytes with three headers. Arguments: the file of the bytes.
import { readFileSync } from 'node:fs'

const bytes = readFileSync(process.argv[2] ?? '')
const headers = { 'content-type': 'application/json', etag: '"1.bare"', 'cache-control': 'public, max-age=5' }
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response(bytes, { headers }) })
console.log(`listening on ${server.url}`)
