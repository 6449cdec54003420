// GraphQL over HTTP: the specification's own audit, and what a stranger's request may and may not do.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { getIntrospectionQuery } from 'graphql'
import { auditServer } from 'graphql-http'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { codesOf, graph, graphGet } from './graph.ts'

let system: TestSystem
let editor: User

beforeAll(async () => {
  system = await startSystem()
  editor = await system.signIn('editor@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

const fetch = (path: string, init: RequestInit = {}) => system.fetch(new Request(`http://localhost${path}`, init))
const json = { 'content-type': 'application/json' }
const nested = (levels: number) => `{ listContent { ${'edges { '.repeat(levels)}cursor${' }'.repeat(levels)} } }`

test('the audit of GraphQL over HTTP passes, every MUST and every SHOULD', async () => {
  const fetchFn = (url: string, init: RequestInit) => system.fetch(new Request(url, init))
  const results = await auditServer({ url: 'http://localhost/graphql', fetchFn })
  const failures = results.flatMap((result) => (result.status === 'ok' ? [] : `${result.id} ${result.name}: ${result.reason}`))
  expect(failures).toEqual([])
  expect(results.length).toBeGreaterThan(55)
})

describe('a document may not ask for', () => {
  const refused = async (query: string, variables = {}) => {
    const reply = await graph(system, query, { variables })
    expect(reply.body.data).toBeUndefined()
    expect(reply.status).toBe(400)
    return codesOf(reply)
  }

  test('more than ten levels, in fragments too', async () => {
    expect(await refused(nested(10))).toEqual(['too-deep'])
    expect(await refused(nested(8))).not.toContain('too-deep')
    const links = Array.from({ length: 11 }, (_, n) => `fragment F${n} on ReviewCardEdge { node { ...F${n + 1} } }`)
    expect(await refused(`{ listContent { edges { ...F0 } } } ${links.join(' ')} fragment F11 on ReviewCardEdge { cursor }`)).toEqual([
      'too-deep',
    ])
  })

  test('more than twenty aliases', async () => {
    const many = (count: number) => `{ ${Array.from({ length: count }, (_, n) => `a${n}: __typename`).join(' ')} }`
    expect(await refused(many(21))).toEqual(['too-many-aliases'])
    expect((await graph(system, many(20))).status).toBe(200)
    const spread = '{ ...A ...B } fragment A on Query { ...B ...B } fragment B on Query { ...C ...C ...C }'
    expect(await refused(`${spread} fragment C on Query { a: __typename b: __typename c: __typename }`)).toEqual(['too-many-aliases'])
  })

  test('more than 2,000 tokens, or 20,000 characters', async () => {
    expect(await refused(`{ ${'a '.repeat(2000)} }`)).toEqual(['too-many-tokens'])
    const long = await graph(system, `{ __typename } # ${'x'.repeat(20_000)}`)
    expect([long.status, ...codesOf(long)]).toEqual([413, 'document-too-long'])
  })

  test('more than it costs: entries are counted, and a variable as all that it may be', async () => {
    const ref = '{ id slug }'
    const card = `id version slug title summary verdict language tags image publishedAt updatedAt camera ${ref} lens ${ref} editor ${ref}`
    const pages = (count: number, size: string) =>
      Array.from({ length: count }, (_, n) => `p${n}: listContent(first: ${size}) { nodes { ${card} } }`).join(' ')
    expect((await graph(system, `{ ${pages(2, '100')} }`)).body.errors).toBeUndefined()
    expect(await refused(`{ ${pages(3, '100')} }`)).toEqual(['too-costly'])
    expect(await refused(`query ($n: Int) { ${pages(3, '$n')} }`, { n: 1 })).toEqual(['too-costly'])
    expect((await graph(system, `{ ${pages(10, '20')} }`)).body.errors).toBeUndefined()
    const edges = Array.from({ length: 3 }, (_, n) => `p${n}: listContent(first: 100) { ...E }`).join(' ')
    expect(await refused(`{ ${edges} } fragment E on ReviewCardConnection { edges { node { ${card} } } }`)).toEqual(['too-costly'])
    const logins = (count: number) =>
      Array.from({ length: count }, (_, n) => `l${n}: login(input: { email: "a@example.com", password: "guess" }) { accessToken }`)
    expect(await refused(`mutation { ${logins(6).join(' ')} }`)).toEqual(['too-costly'])
  })

  test('itself: fragments in a circle, or in a nest that doubles a hundred times', async () => {
    expect(await refused('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toContain('invalid')
    const nest = Array.from({ length: 100 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)
    const startedMs = performance.now()
    expect(await refused(`{ ...F0 } ${nest.join(' ')} fragment F100 on Query { __typename }`)).toEqual(['too-costly'])
    expect(performance.now() - startedMs).toBeLessThan(500)
  })
})

describe('a request may not', () => {
  test('ask for several documents at once', async () => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: json,
      body: '[{"query":"{ __typename }"},{"query":"{ __typename }"}]',
    })
    expect(response.status).toBe(400)
  })

  test('change anything by GET, nor come as a form, as a browser sends them from anywhere', async () => {
    const got = await graphGet(system, { query: 'mutation { endOtherSessions }' }, { authorization: `Bearer ${editor.accessToken}` })
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'application/graphql'])
      expect((await fetch('/graphql', { method: 'POST', headers: { 'content-type': type }, body: 'query={__typename}' })).status).toBe(415)
  })

  test('write from a page of a foreign origin; reading is open to all', async () => {
    const foreign = { origin: 'https://evil.example' }
    const refused = await graph(system, 'mutation { logout(input: { refreshToken: "x" }) }', { headers: foreign })
    expect([refused.status, ...codesOf(refused)]).toEqual([403, 'foreign-origin'])
    const own = await graph(system, 'mutation { logout(input: { refreshToken: "x" }) }', { headers: { origin: 'http://localhost' } })
    expect(codesOf(own)).not.toContain('foreign-origin')
    const read = await graph(system, '{ listContent(first: 1) { nodes { id } } }', { headers: foreign })
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const preflight = await fetch('/graphql', { method: 'OPTIONS', headers: { ...foreign, 'access-control-request-method': 'POST' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
  })

  test('be too large, of no known method, or want what there is not', async () => {
    const large = await fetch('/graphql', { method: 'POST', headers: json, body: JSON.stringify({ query: 'x'.repeat(300_000) }) })
    expect(large.status).toBe(413)
    const put = await fetch('/graphql', { method: 'PUT', headers: json, body: '{}' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
    expect((await fetch('/graphql?query={__typename}', { headers: { accept: 'image/png' } })).status).toBe(406)
  })
})

describe('outside production', () => {
  test('the schema can be asked for, and a slip of the pen is helped', async () => {
    expect((await graph(system, getIntrospectionQuery())).body.data.__schema.queryType.name).toBe('Query')
    const slip = await graph(system, '{ listContents { nodes { id } } }')
    expect(slip.body.errors[0].message).toContain('Did you mean "listContent"')
  })

  test('a browser finds GraphiQL at the address, with nothing from elsewhere in it', async () => {
    const page = await fetch('/graphql', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/)
  })
})

describe('in production', () => {
  let closed: TestSystem
  beforeAll(async () => {
    closed = await startSystem({ firstData: false, explorable: false })
  })
  afterAll(() => closed?.[Symbol.asyncDispose]())

  test('neither introspection, nor suggestions, nor GraphiQL', async () => {
    for (const query of [getIntrospectionQuery(), '{ __type(name: "Review") { name } }'])
      expect(codesOf(await graph(closed, query))).toContain('invalid')
    const slips = [
      '{ listContents { nodes { id } } }',
      '{ listContent(frist: 1) { nodes { id } } }',
      '{ listContent(sort: newst) { nodes { id } } }',
    ]
    for (const slip of slips) expect((await graph(closed, slip)).body.errors[0].message).not.toContain('Did you mean')
    const variable = await graph(closed, 'query ($s: Sort) { listContent(sort: $s) { nodes { id } } }', { variables: { s: 'newst' } })
    expect([variable.status, variable.body.errors[0].message.includes('Did you mean')]).toEqual([400, false])
    const page = await closed.fetch(new Request('http://localhost/graphql', { headers: { accept: 'text/html' } }))
    expect(page.status).toBe(406)
    expect((await graph(closed, '{ __typename }')).body.data.__typename).toBe('Query')
  })
})

describe('an answer', () => {
  test('names its request, in errors too, and hides what went wrong inside', async () => {
    const reply = await graph(system, '{ readCamera(id: "no-such-camera") { id } }', { headers: { 'x-request-id': 'my-request-1' } })
    expect(reply.headers.get('x-request-id')).toBe('my-request-1')
    expect(reply.body.data).toEqual({ readCamera: null })
    expect(reply.body.errors).toEqual([
      {
        message: 'There is no such camera.',
        locations: [{ line: 1, column: 3 }],
        path: ['readCamera'],
        extensions: { code: 'missing', reason: 'missing', status: 404, requestId: 'my-request-1' },
      },
    ])
  })

  test('keeps the fields that went well beside one that did not', async () => {
    const { body } = await graph(
      system,
      '{ good: listContent(first: 1) { nodes { id } } bad: listContent(first: 0) { nodes { id } } listUsers { nodes { id } } }',
    )
    expect(body.data.good.nodes.length).toBe(1)
    expect([body.data.bad, body.data.listUsers]).toEqual([null, null])
    expect(
      body.errors.map(({ path, extensions }: { path: string[]; extensions: { code: string } }) => [path[0], extensions.code]).sort(),
    ).toEqual([
      ['bad', 'invalid'],
      ['listUsers', 'unauthenticated'],
    ])
    expect(body.errors.find(({ path }: { path: string[] }) => path[0] === 'bad').extensions.faults[0].pointer).toBe('#/first')
  })

  test('pages on with the cursors of REST', async () => {
    const rest = await system.ask('GET /content?limit=5')
    const { body } = await graph(
      system,
      'query ($after: String) { listContent(first: 5, after: $after) { nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }',
      {
        variables: { after: rest.body.metadata.nextCursor },
      },
    )
    const next = await system.ask(`GET /content${rest.body.links.next}`)
    expect(body.data.listContent.nodes.map(({ id }: { id: string }) => id)).toEqual(next.body.data.map(({ id }: { id: string }) => id))
    expect(body.data.listContent.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true, endCursor: next.body.metadata.nextCursor })
    expect(body.data.listContent.edges.map(({ cursor }: { cursor: string | null }) => cursor)).toEqual([
      null,
      null,
      null,
      null,
      next.body.metadata.nextCursor,
    ])
  })

  test('gives a token with which REST is never older, and takes those of REST', async () => {
    const { body: camera } = await system.ask('GET /cameras?limit=1')
    const input = { title: 'Seen at once', summary: '', body: 'Text.', language: 'en', cameraId: camera.data[0].id, status: 'published' }
    const headers = { authorization: `Bearer ${editor.accessToken}` }
    const made = await graph(system, 'mutation ($input: NewReviewInput!) { createReview(input: $input) { slug version } }', {
      variables: { input },
      headers,
    })
    const token = made.body.extensions.consistencyToken
    expect(made.headers.get('consistency-token')).toBe(token)
    const seen = await system.ask(`GET /content/${made.body.data.createReview.slug}`, { headers: { 'consistency-token': token } })
    expect(seen.status).toBe(200)
    const again = await graph(system, '{ readContent(slug: "seen-at-once") { title } }', {
      headers: { 'consistency-token': seen.headers.get('consistency-token') ?? '' },
    })
    expect(again.body.data.readContent.title).toBe('Seen at once')
    const forged = await graph(system, '{ __typename }', { headers: { 'consistency-token': 'forged' } })
    expect([forged.status, ...codesOf(forged)]).toEqual([400, 'invalid'])
  })

  test('is the first one again for a key that comes twice, and none for another request under it', async () => {
    const { body: camera } = await system.ask('GET /cameras?limit=1')
    const mutation = 'mutation ($input: NewReviewInput!) { createReview(input: $input, idempotencyKey: "once-1") { id slug } }'
    const input = { title: 'Only once', body: 'Text.', language: 'en', cameraId: camera.data[0].id }
    const headers = { authorization: `Bearer ${editor.accessToken}` }
    const first = await graph(system, mutation, { variables: { input }, headers })
    const second = await graph(system, mutation, { variables: { input }, headers })
    expect(second.body.data).toEqual(first.body.data)
    expect(first.body.errors).toBeUndefined()
    const other = await graph(system, mutation, { variables: { input: { ...input, title: 'Another' } }, headers })
    expect(codesOf(other)).toEqual(['key-reused'])
  })

  test('follows an address that a review had before', async () => {
    const { body: camera } = await system.ask('GET /cameras?limit=1')
    const body = { title: 'Moves on', slug: 'moves-on-1', body: 'Text.', language: 'en', cameraId: camera.data[0].id, status: 'published' }
    const made = await editor.ask('POST /reviews', { body })
    await editor.ask(`PATCH /reviews/${made.body.id}`, {
      body: { slug: 'moves-on-2' },
      headers: { 'if-match': made.headers.get('etag') ?? '' },
    })
    await system.settled()
    const reply = await graph(system, '{ readContent(slug: "moves-on-1") { slug title } }')
    expect(reply.body).toMatchObject({ data: { readContent: { slug: 'moves-on-2', title: 'Moves on' } } })
  })
})
