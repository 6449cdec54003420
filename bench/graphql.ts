// The same list over GraphQL and REST: from memory as a document that is known by its hash, and past the memory as text.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { coldRound, lists } from './cold.ts'
import type { Benchmark, Lab, System } from './kit/lab.ts'
import { spending, taking, wrk } from './kit/measure.ts'
import { against, byCpu, type Line } from './kit/table.ts'

const hotConnections = 32
const coldConnections = 8
const known = new URL('../contracts/documents/reviews.graphql', import.meta.url)
/** What a page of a list needs: every member that REST gives, and the time that makes each list another one. */
const document = `query ($before: String) {
  listContent(first: 20, publishedBefore: $before) {
    nodes {
      id version slug title summary language tags image publishedAt updatedAt
      camera { id slug brand model } lens { id slug brand model } editor { slug byline }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

export const graphql: Benchmark = {
  title: 'GraphQL beside REST',
  needs: ['wrk'],
  async run(lab) {
    const data = await lab.seeded()
    return [await hotList(lab, await lab.system(data)), await coldList(lab, await lab.system(data, { cacheMib: 1 }))]
  },
}

async function hotList(lab: Lab, system: System): Promise<Line> {
  await using _ = { [Symbol.asyncDispose]: () => system.stop() }
  const id = createHash('sha256').update(readFileSync(known)).digest('hex')
  const variables = encodeURIComponent(JSON.stringify({ first: 20 }))
  const round = (path: string) => () =>
    spending({ '': () => system.spenders.server() }, () =>
      wrk({ url: `${system.url}${path}`, connections: hotConnections, seconds: lab.seconds }),
    )
  const found = await taking(lab.turns, {
    graphql: round(`/graphql?documentId=sha256:${id}&variables=${variables}`),
    rest: round('/api/v1/content?limit=20'),
  })
  return against('GraphQL list of 20, known document by GET, hot', found.graphql, found.rest, 'REST, hot', 0.77)
}

async function coldList(lab: Lab, system: System): Promise<Line> {
  await using _ = { [Symbol.asyncDispose]: () => system.stop() }
  const befores = lists().map((path) => path.slice(path.indexOf('=') + 1))
  const posts = befores.map((before) => `/graphql\t${JSON.stringify({ query: document, variables: { before } })}`)
  const found = await taking(lab.turns, {
    graphql: coldRound(lab, system, posts, coldConnections),
    rest: coldRound(lab, system, lists(), coldConnections),
  })
  return byCpu(`GraphQL list of 20, text by POST, cold, ${coldConnections} connections`, found.graphql, found.rest, 'REST, cold', 3)
}
