// The least that Bun can do: constant bytes with constant headers. Arguments: the file of the bytes, the headers as JSON.
import { readFileSync } from 'node:fs'

const bytes = readFileSync(process.argv[2] ?? '')
const headers = new Headers(JSON.parse(process.argv[3] ?? '{}') as Record<string, string>)
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response(bytes, { headers }) })
console.log(`listening on ${server.url}`)
