// The least of this runtime for a write over HTTP: a body parsed, as many values as a review has put in one transaction, its text as
// the answer after the sync. No sign-in, no rules, no readers. Argument: the folder.
import { type Database, open } from 'lmdb'

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
// As the engine opens its own.
const env = open<Buffer, Buffer>({
  ...binary,
  path: process.argv[2] ?? '',
  noSubdir: false,
  maxDbs: 10,
  overlappingSync: false,
  eventTurnBatching: false,
})
const table = (name: string): Database<Buffer, Buffer> => env.openDB<Buffer, Buffer>({ ...binary, name })
const [log, documents, versions, places, claims, counters] = ['log', 'documents', 'versions', 'places', 'claims', 'counters'].map(table)
const head = Buffer.alloc(400, 'its places ')
const short = Buffer.from('review')
let last = 0

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const text = JSON.stringify(await request.json())
    const id = crypto.randomUUID()
    const key = (place: string) => Buffer.from(`${place}\0${id}\0`)
    await env.childTransaction(() => {
      log?.putSync(Buffer.from(String(++last).padStart(12, '0')), Buffer.from(text))
      documents?.putSync(key('review'), head)
      versions?.putSync(key('review'), short)
      for (const place of ['editor', 'editor/published', '*', '*/published']) places?.putSync(key(`reviews\0${place}`), short)
      claims?.putSync(key('slug'), short)
      counters?.putSync(Buffer.from(`refs:${last % 20}`), short)
    })
    return new Response(text, { status: 201, headers: { 'content-type': 'application/json' } })
  },
})
console.log(`listening on ${server.url}`)
