// What a user copies from the documentation into a shell, and the client in Node: against a process of its own, over the network.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Contract, type Endpoint, readContract } from '../../src/protocols/clients/contract.ts'
import { variableOf } from '../../src/protocols/clients/curl.ts'
import { testPostgres } from '../postgres.ts'
import { type Running, startProcess, stopProcess } from '../process.ts'

const run = promisify(execFile)
const contracts = join(import.meta.dir, '..', '..', 'contracts')

let contract: Contract
const sampleOf = ({ described }: Endpoint): string => described['x-codeSamples']?.[0]?.source ?? ''
const sample = (name: string): string => sampleOf(contract.endpoints.find((endpoint) => endpoint.name === name) as Endpoint)

beforeAll(async () => {
  contract = readContract(JSON.parse(await readFile(join(contracts, 'openapi.json'), 'utf8')))
})

const variables = { ORIGIN: 'http://server', TOKEN: 'token', ID: 'an-id', SESSION_ID: 'a-session', VERSION: '1' }

test('every operation has a curl line, which a shell takes for exactly that request', async () => {
  // In place of curl stands a function that tells its arguments.
  const tell = `curl() { for word; do printf '%s\\037' "$word"; done; printf '\\036'; }\n`
  const script = tell + contract.endpoints.map(sampleOf).join('\n')
  const { stdout } = await run('sh', ['-eu', '-c', script], { env: { ...process.env, ...variables }, maxBuffer: 2 ** 22 })
  const told = stdout.split('\x1e').slice(0, -1)
  expect(told.length).toBe(contract.endpoints.length)
  for (const [at, endpoint] of contract.endpoints.entries()) {
    const words = told[at]?.split('\x1f').slice(0, -1) ?? []
    const valuesOf = (option: string) => words.flatMap((word, n) => (words[n - 1] === option ? [word] : []))
    const address = new URL(words.find((word) => word.startsWith('http')) ?? '')
    const path = endpoint.pathParameters.reduce((text, parameter) => {
      const value = parameter.example ?? variables[variableOf(parameter) as keyof typeof variables]
      return text.replace(`{${parameter.name}}`, encodeURIComponent(String(value)))
    }, endpoint.path)
    const examples = endpoint.queryParameters
      .filter(({ example }) => example !== undefined)
      .map(({ name, example }) => [name, String(example)])
    expect([endpoint.name, address.pathname, Object.fromEntries(address.searchParams)]).toEqual([
      endpoint.name,
      path,
      Object.fromEntries(examples),
    ])
    const [body] = valuesOf('-d')
    expect(valuesOf('-X')[0] ?? (body === undefined ? 'GET' : 'POST')).toBe(endpoint.method)
    expect(body === undefined ? undefined : JSON.parse(body)).toEqual(endpoint.body?.example)
    expect(valuesOf('-H').includes('Authorization: Bearer token')).toBe(endpoint.needsToken)
    expect(valuesOf('-H').some((header) => header.startsWith('If-Match: '))).toBe(endpoint.isConditional)
  }
})

describe('against a running system', () => {
  let folder: string
  let running: Running

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rcr-shell-'))
    const { url } = await (await testPostgres()).database()
    running = await startProcess(folder, { RCR_LOG: 'error', DATABASE_URL: url })
  }, 60_000)
  afterAll(async () => {
    await stopProcess(running)
    await rm(folder, { recursive: true, force: true })
  }, 30_000)

  /** The sample as it stands, with the variables that it names: its status and body. */
  async function ask(name: string, environment: Record<string, string> = {}) {
    const line = sample(name).replace('curl ', `curl -sS -w '\\n%{http_code}' `)
    const { stdout } = await run('sh', ['-c', line], { env: { ...process.env, ORIGIN: running.api, ...environment } })
    const at = stdout.lastIndexOf('\n')
    const text = stdout.slice(0, at)
    return { status: Number(stdout.slice(at + 1)), body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
  }

  test('every sample of public content, run as it stands, is answered', async () => {
    const open = contract.endpoints.filter(({ method, needsToken }) => method === 'GET' && !needsToken)
    for (const { name } of open) expect([name, (await ask(name)).status]).toEqual([name, 200])
    expect(open.length).toBeGreaterThan(10)
  }, 60_000)

  test('the samples sign in, and make, change and delete a camera, each as it stands', async () => {
    const { body } = await ask('login')
    const TOKEN = String(body.accessToken)
    const made = await ask('createCamera', { TOKEN })
    const ID = String(made.body.id)
    expect(made.status).toBe(201)
    expect((await ask('changeCamera', { TOKEN, ID })).status).toBe(200)
    expect((await ask('readUser', { TOKEN })).body.email).toBe('editor@example.com')
    expect((await ask('deleteCamera', { TOKEN, ID })).status).toBe(204)
    expect((await ask('deleteCamera', { TOKEN, ID })).status).toBe(404)
    expect((await ask('listReviews', { TOKEN: 'none' })).status).toBe(401)
  }, 60_000)

  test('the client signs in and reads from Node, with nothing but its own file', async () => {
    const source = await readFile(join(contracts, 'client.ts'), 'utf8')
    await writeFile(join(folder, 'client.mjs'), new Bun.Transpiler({ loader: 'ts' }).transformSync(source))
    const program = `
      import { createClient } from './client.mjs'
      let token = null
      const api = createClient({ baseUrl: process.argv[2], accessToken: () => token, monotonic: true })
      token = (await api.login({ body: { email: 'editor@example.com', password: 'first-light-2026' } })).body.accessToken
      const me = await api.readUser({ id: 'me' })
      const refused = await api.readCamera({ id: 'no-such-camera' }).catch(({ status, code }) => [status, code])
      console.log(JSON.stringify([me.body.email, refused]))`
    await writeFile(join(folder, 'program.mjs'), program)
    const { stdout } = await run('node', [join(folder, 'program.mjs'), running.api])
    expect(JSON.parse(stdout)).toEqual(['editor@example.com', [404, 'missing']])
  }, 30_000)
})
