// Whatever is sent to /graphql is answered, soon, and never as our fault.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import { seeded } from '../random.ts'
import { startSystem, type TestSystem } from '../start.ts'
import { codesOf, graph, graphGet } from './graph.ts'
import { randomDocuments } from './random-documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('600 documents drawn by chance: no answer is our fault, late or large', async () => {
  const random = seeded(600)
  const draw = randomDocuments(buildSchema(readFileSync(join(import.meta.dir, '../../contracts/schema.graphql'), 'utf8')), random)
  const callers = await Promise.all(['editor', 'admin', 'customer'].map((name) => system.signIn(`${name}@example.com`)))
  const tokens = [null, ...callers.map(({ accessToken }) => accessToken)]
  let executed = 0
  for (let n = 0; n < 600; n++) {
    const { query, variables } = draw()
    const token = tokens[Math.floor(random() * tokens.length)]
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const startedMs = performance.now()
    const reply =
      random() < 0.8
        ? await graph(system, query, { variables, headers })
        : await graphGet(system, { query, variables: JSON.stringify(variables) }, headers)
    const seconds = (performance.now() - startedMs) / 1000
    const size = JSON.stringify(reply.body).length
    const fault = reply.status >= 500 || codesOf(reply).includes('defect') || seconds > 2 || size > 2 ** 20
    if (fault)
      throw new Error(
        `document ${n}: ${reply.status} ${codesOf(reply)} ${seconds} s, ${size} bytes: ${query} ${system.logLines.filter((line) => line.includes('defect')).at(-1)}`,
      )
    if (reply.body.data !== undefined) executed += 1
  }
  expect(executed).toBeGreaterThan(100)
  expect((await graph(system, '{ listContent(first: 1) { nodes { id } } }')).status).toBe(200)
})

test('the costliest documents that are let through, or are not, take less than a second to judge', async () => {
  const repeated = `{ ${'a '.repeat(1990)} }`
  const merging = `{ ${Array.from({ length: 150 }, () => 'listContent { nodes { id title } }').join(' ')} }`
  const fragments = Array.from({ length: 120 }, (_, n) => `fragment F${n} on ReviewCard { title ...F${(n + 1) % 120} camera { id } }`).join(
    ' ',
  )
  const wide = `{ listContent { nodes { ${Array.from({ length: 120 }, (_, n) => `...F${n}`).join(' ')} } } } ${fragments}`
  const variables = `query (${Array.from({ length: 300 }, (_, n) => `$v${n}: Int`).join(' ')}) { listContent { nodes { id } } }`
  for (const query of [repeated, merging, wide, variables]) {
    const startedMs = performance.now()
    await graph(system, query)
    expect(performance.now() - startedMs).toBeLessThan(1000)
  }
})
