// One test for each of the ten risks that OWASP lists for APIs (2023).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { roles } from '../../src/domain/account.ts'
import type { Operation } from '../../src/kit/operation.ts'
import { openApiOf } from '../../src/system/contracts.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let users: Record<'customer' | 'editor' | 'admin', User>
let other: User
let cameraId: string

beforeAll(async () => {
  system = await startSystem()
  const signIn = (name: string) => system.signIn(`${name}@example.com`)
  users = { customer: await signIn('customer'), editor: await signIn('editor'), admin: await signIn('admin') }
  other = await signIn('second.editor')
  cameraId = (await system.ask('GET /cameras?limit=1')).body.data[0].id
})
afterAll(() => system?.[Symbol.asyncDispose]())

const write = (user: User, more: object = {}) =>
  user.ask('POST /reviews', { body: { title: 'Mine', body: 'Text.', language: 'en', cameraId, ...more } })

/** The address of an operation, with something in the place of its parameters. */
const targetOf = ({ rest: { method, path } }: Operation, id = '01941f29-7c00-7000-8000-000000000001') =>
  `${method} ${path
    .replace(/^=/, '')
    .replace('{version}', '1')
    .replaceAll(/\{\w+\}/g, id)}`

describe('API1, what belongs to others', () => {
  test('no operation on a review or an account works for anybody but its owner, nor tells whether it is there', async () => {
    const { body: draft } = await write(users.editor)
    const { body: published } = await write(users.editor, { status: 'published' })
    const { body: owner } = await users.customer.ask('GET /users/me')
    const onReviews = system.services.operations.filter(({ rest }) => rest.path.startsWith('/reviews/{id}'))
    expect(onReviews.length).toBeGreaterThanOrEqual(9)
    for (const operation of onReviews) {
      const bodies: Record<string, object> = { PUT: draft, PATCH: { title: 'Theirs' } }
      const { title, body: text, language } = draft
      const body = operation.rest.path.endsWith('/schedule')
        ? { publishAt: '2126-01-01T00:00:00Z' }
        : operation.rest.method === 'PUT'
          ? { title, body: text, language, cameraId }
          : bodies[operation.rest.method]
      const asking = { headers: { 'if-match': '*' }, ...(body && { body }) }
      const status = async (id: string) => (await other.ask(targetOf(operation, id), asking)).status
      expect([operation.name, await status(draft.id), await status(published.id)]).toEqual([operation.name, 404, 403])
    }
    for (const { rest, name } of system.services.operations.filter(({ rest }) => rest.path === '/users/{id}')) {
      const body = { PUT: { name: 'X', email: 'x@example.com' }, PATCH: { name: 'X' } }[rest.method as string]
      const { status } = await other.ask(`${rest.method} /users/${owner.id}`, { headers: { 'if-match': '*' }, ...(body && { body }) })
      expect([name, status]).toEqual([name, 403])
    }
    const { body: sessions } = await users.customer.ask('GET /users/me/sessions')
    expect((await other.ask(`DELETE /users/me/sessions/${sessions.data[0].id}`)).status).toBe(404)
    expect((await users.editor.ask(`GET /reviews/${draft.id}`)).body).toEqual(draft)
    expect((await other.ask('GET /reviews?editor=*')).status).toBe(403)
  })
})

describe('API2, who somebody is', () => {
  test('guesses at a password run out, and tell nothing of whether there is such an account', async () => {
    await system.ask('POST /users', { body: { name: 'Guessed', email: 'guessed@example.com', password: 'quite long enough' } })
    const answers = async (email: string) => {
      const seen: unknown[] = []
      for (let n = 0; n < 11; n++) {
        const { status, body, headers } = await system.ask('POST /auth/login', { body: { email, password: `guess number ${n}` } })
        seen.push([status, body.code, body.detail, headers.get('retry-after'), headers.get('www-authenticate')])
      }
      return seen
    }
    const there = await answers('guessed@example.com')
    expect(there).toEqual(await answers('nobody.at.all@example.com'))
    expect(there.slice(0, 10).every((answer) => JSON.stringify(answer).startsWith('[401'))).toBeTrue()
    expect(there[10]).toEqual([429, 'locked', expect.any(String), '60', null])
  })
})

describe('API3, single members', () => {
  const forbidden = /passwordHash|\$argon2|"email"|@example\.com|refreshHash|"credentials"|"jwk"|"d":/

  test('no public answer holds anything private, and no account shows how its password is kept', async () => {
    const { body: content } = await system.ask('GET /content?limit=1')
    const { slug } = content.data[0]
    const asked = system.services.operations.filter(({ kind, access }) => kind === 'query' && access === 'anyone')
    for (const operation of asked) {
      const query =
        { searchContent: '?q=sensor', suggestContent: '?q=can', compareContent: `?reviews=${slug},${slug}` }[operation.name] ?? ''
      const id = operation.rest.path.startsWith('/content/{') ? slug : cameraId
      const answer = await system.fetch(new Request(`http://localhost${targetOf(operation, id).split(' ')[1]}${query}`))
      const shown = `${JSON.stringify([...answer.headers])} ${await answer.text()}`
      expect([operation.name, forbidden.exec(shown)?.[0]]).toEqual([operation.name, undefined])
    }
    expect(asked.length).toBeGreaterThanOrEqual(10)
    for (const path of ['/users', '/users/me', '/users/me/sessions', '/reviews'])
      expect(JSON.stringify((await users.admin.ask(`GET ${path}`)).body)).not.toMatch(
        /passwordHash|\$argon2|Hash"|credentials|bylinePending/,
      )
  })

  test('nobody sets what is not theirs to set', async () => {
    const members = {
      id: cameraId,
      version: 9,
      editorId: cameraId,
      publishedAt: '2020-01-01T00:00:00Z',
      formerSlugs: ['x'],
      createdAt: 'x',
    }
    for (const [name, value] of Object.entries(members))
      expect([name, (await write(users.editor, { [name]: value })).status]).toEqual([name, 400])
    const { headers } = await users.customer.ask('GET /users/me')
    const change = (body: object) => users.customer.ask('PATCH /users/me', { body, headers: { 'if-match': headers.get('etag') ?? '' } })
    for (const body of [{ roles: ['admin'] }, { disabled: true }, { roles: ['customer', 'editor'], name: 'X' }])
      expect((await change(body)).status).toBe(403)
    for (const body of [{ passwordHash: 'x' }, { credentials: 9 }, { bylinePending: true }]) expect((await change(body)).status).toBe(400)
    expect((await users.customer.ask('GET /users/me')).headers.get('etag')).toBe(headers.get('etag'))
  })
})

describe('API4, how much', () => {
  test('pages, texts, lists and bodies are bounded everywhere', async () => {
    const document = JSON.parse(openApiOf(system.services.operations))
    const lists = Object.entries<Record<string, ReturnType<typeof JSON.parse>>>(document.paths).filter(([, { get }]) =>
      get?.parameters.some(({ name }: { name: string }) => name === 'limit'),
    )
    expect(lists.length).toBeGreaterThanOrEqual(6)
    const path = (template: string) => template.replaceAll(/\{\w+\}/g, cameraId)
    for (const [template] of lists)
      for (const limit of ['101', '0', '-1', '1e9', '99999999999999999999'])
        expect([
          template,
          (
            await users.admin.ask(
              `GET ${path(template)}?limit=${limit}${template.includes('/search') || template.includes('/suggest') ? '&q=a' : ''}`,
            )
          ).status,
        ]).toEqual([template, 400])
    expect((await write(users.editor, { body: 'x'.repeat(100_001) })).status).toBe(400)
    expect((await write(users.editor, { body: 'x'.repeat(300_000) })).status).toBe(413)
    expect((await write(users.editor, { tags: Array.from({ length: 21 }, (_, n) => `t${n}`) })).status).toBe(400)
    expect((await system.ask(`GET /content/search?q=${'a'.repeat(201)}`)).status).toBe(400)
    expect((await system.ask(`GET /content/compare?cameras=${Array.from({ length: 7 }, (_, n) => `c${n}`)}`)).status).toBe(400)
  })

  test('any search of 200 characters is answered soon', async () => {
    const words = ['a b c d e f g ', '"a" or ', '-x ', '((', '\\', '%_', '* ', 'ñandú ', 'x-', ':*&|', '👩‍👩‍👧', 'or or ', "' "]
    for (const word of words) {
      const startedMs = performance.now()
      const { status } = await system.ask(`GET /content/search?q=${encodeURIComponent(word.repeat(200).slice(0, 200))}`)
      expect([word, [200, 400].includes(status)]).toEqual([word, true])
      expect(performance.now() - startedMs).toBeLessThan(1_000)
    }
  })

  test('sixty sign-ins at once are all answered, and meanwhile readers are served', async () => {
    const signIns = Array.from({ length: 60 }, (_, n) =>
      system.ask('POST /auth/login', { body: { email: `flood${n}@example.com`, password: 'a long password' } }),
    )
    const startedMs = performance.now()
    expect((await system.ask('GET /content?limit=7')).status).toBe(200)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    const statuses = (await Promise.all(signIns)).map(({ status, headers }) =>
      status === 401 || headers.has('retry-after') ? 'answered' : status,
    )
    expect(statuses.filter((status) => status !== 'answered')).toEqual([])
  })
})

describe('API5, which functions', () => {
  test('every operation for some roles is 401 for strangers and 403 for each other role', async () => {
    const restricted = system.services.operations.filter(({ access }) => Array.isArray(access))
    expect(restricted.length).toBeGreaterThanOrEqual(20)
    const mentioned = new Set<string>(restricted.flatMap(({ access }) => access as readonly string[]))
    expect([...mentioned].every((role) => roles.some((known) => known === role))).toBeTrue()
    for (const operation of restricted) {
      const strangers = await system.ask(targetOf(operation))
      expect([operation.name, strangers.status, strangers.headers.get('www-authenticate')]).toEqual([operation.name, 401, 'Bearer'])
      const allowed = operation.access as readonly string[]
      const others = [users.customer, ...(allowed.includes('editor') ? [] : [users.editor])]
      for (const user of others)
        expect([operation.name, (await user.ask(targetOf(operation))).body.code]).toEqual([operation.name, 'forbidden'])
    }
  })

  test('every operation for signed-in people is 401 for strangers', async () => {
    for (const operation of system.services.operations.filter(({ access }) => access === 'signed-in'))
      expect([operation.name, (await system.ask(targetOf(operation))).status]).toEqual([operation.name, 401])
  })

  test('a role that is taken away counts from the next request on', async () => {
    const person = { name: 'Passing', email: 'passing@example.com', password: 'quite long enough' }
    const { body: made } = await users.admin.ask('POST /users', { body: { ...person, roles: ['editor'] } })
    const passing = await system.signIn(person.email, person.password)
    expect((await passing.ask('GET /reviews')).status).toBe(200)
    await users.admin.ask(`PATCH /users/${made.id}`, { body: { roles: [] }, headers: { 'if-match': '*' } })
    expect((await passing.ask('GET /reviews')).status).toBe(403)
    await users.admin.ask(`PATCH /users/${made.id}`, { body: { disabled: true }, headers: { 'if-match': '*' } })
    expect((await passing.ask('GET /users/me')).status).toBe(401)
  })
})

describe('API6, flows that machines might run', () => {
  test('one address makes one account, however many ask at once; the last administrator stays', async () => {
    const body = { name: 'Once', email: 'once@example.com', password: 'quite long enough' }
    const asked = await Promise.all(Array.from({ length: 8 }, () => system.ask('POST /users', { body })))
    expect(asked.map(({ status }) => status).filter((status) => status === 201).length).toBe(1)
    const { body: me } = await users.admin.ask('GET /users/me')
    const leave = await users.admin.ask(`PATCH /users/${me.id}`, { body: { roles: ['editor'] }, headers: { 'if-match': '*' } })
    expect([leave.status, leave.body.code]).toEqual([409, 'last-admin'])
  })
})

describe('API7, requests on behalf of others', () => {
  test('no address that somebody sends is ever asked', async () => {
    let hits = 0
    const trap = createServer((_, answer) => {
      hits += 1
      answer.end('{}')
    })
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/`
    const { body, status } = await write(users.editor, {
      status: 'published',
      images: [`${url}a.jpg`],
      body: `![x](${url}b.jpg) <img src="${url}">`,
    })
    expect(status).toBe(201)
    await system.settled()
    expect((await system.ask(`GET /content/${body.slug}`)).status).toBe(200)
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: url, jku: url, x5u: url })).toString('base64url')
    await system.ask('GET /users/me', { headers: { authorization: `Bearer ${header}.e30.${'A'.repeat(86)}` } })
    await system.ask('GET /content', { headers: { origin: url, 'x-forwarded-host': url, forwarded: `host="${url}"` } })
    await new Promise((resolve) => trap.close(resolve))
    expect(hits).toBe(0)
  })
})

describe('API8, how it is set up', () => {
  test('faults tell nothing of the inside, answers nothing of the server; what is for operators is on their port alone', async () => {
    const asked = ['GET /nowhere', 'GET /content?limit=x', 'PUT /content', 'GET /users/me', 'GET /content/%00', 'POST /auth/login']
    for (const what of asked) {
      const { body, headers } = await system.ask(what)
      expect(JSON.stringify(body)).not.toMatch(/\bat \/|node_modules|\.ts:|select |postgres|lmdb/i)
      for (const name of ['server', 'x-powered-by']) expect(headers.get(name)).toBeNull()
      expect(headers.get('content-security-policy')).toInclude("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    for (const path of ['/metrics', '/readyz', '/healthz']) expect((await system.ask(`GET ${path}`)).status).toBe(404)
  })
})

describe('API9, what there is', () => {
  test('what is served is what the document says, path by path and method by method', async () => {
    const { paths } = JSON.parse(openApiOf(system.services.operations))
    const told = Object.values<object>(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
    expect(told.filter((name) => name !== undefined).sort()).toEqual(system.services.operations.map(({ name }) => name).sort())
    for (const [template, item] of Object.entries<object>(paths)) {
      const path = template.replace('{version}', '1').replaceAll(/\{\w+\}/g, cameraId)
      const methods = Object.keys(item).filter((key) => key !== 'servers')
      const expected = ['options', ...methods, ...(methods.includes('get') ? ['head'] : [])].sort()
      for (const prefix of template.startsWith('/.well-known') ? [''] : ['', '/api/v1']) {
        const allow = (await system.ask(`OPTIONS ${prefix}${path}`)).headers.get('allow')
        expect([template, allow?.toLowerCase().split(', ').sort()]).toEqual([template, expected])
      }
    }
  })

  test('nothing else is: no old version, no console, no file', async () => {
    const guesses = [
      '/api',
      '/api/v0/content',
      '/api/v2/content',
      '/admin',
      '/debug',
      '/console',
      '/actuator',
      '/server-status',
      '/.env',
      '/.git/HEAD',
      '/package.json',
      '/docs/../package.json',
      '/docs/%2e%2e/package.json',
      '/docs/..%2fpackage.json',
      '/docs/swagger-ui.css.map',
      '/docs/constructor',
      '/docs/__proto__',
      '/internal',
      '/test',
      '/swagger',
      '/api-docs',
      '/openapi.yaml',
      '/v1/content',
    ]
    for (const path of guesses) expect([path, [400, 404].includes((await system.ask(`GET ${path}`)).status)]).toEqual([path, true])
  })
})

describe('API10, what others serve us', () => {
  test('nobody asks other systems but the engines, and `start` its own workers', () => {
    const root = join(import.meta.dir, '..', '..', 'src')
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(file),
    )
    const calling = sources.filter((file) =>
      /(?<![.\w])fetch\(|from 'node:(https?|http2|dgram|tls)'|from '(axios|undici|got)'/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(calling.filter((file) => !allowedToCall.some((allowed) => file.startsWith(allowed)))).toEqual([])
  })
})

/** `fetch` is also what the listener calls its handler; the last is the text of the client that others run. */
const allowedToCall = ['engines/', 'kit/serve.ts', 'commands/', 'protocols/clients/client-runtime.ts']
