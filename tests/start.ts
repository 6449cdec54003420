// The whole system in one process on the real engines, asked as its users ask it: through `fetch` and nothing else.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { bringDemoAccounts, demoPassword } from '../src/commands/demo.ts'
import { readFirstData, readFirstShop } from '../src/commands/first-data.ts'
import { openSandbox, type Sandbox } from '../src/engines/payment/sandbox.ts'
import { readNetworks } from '../src/kit/client-address.ts'
import { type Clock, secureRandom, systemClock } from '../src/kit/clock.ts'
import { openLog } from '../src/kit/log.ts'
import { openMetrics } from '../src/kit/metric.ts'
import { readSettings } from '../src/settings.ts'
import { openApiOf } from '../src/system/contracts.ts'
import { openDoors } from '../src/system/doors.ts'
import { type Engines, openEngines } from '../src/system/engines.ts'
import { openServices, readinessOf, runServices, type ServiceSettings } from '../src/system/services.ts'
import { testPostgres } from './postgres.ts'

export interface Reply {
  status: number
  headers: Headers
  /** Parsed JSON, looked into freely; its shape is checked against the contract. */
  body: ReturnType<typeof JSON.parse>
}

export interface Asking {
  body?: unknown
  headers?: Record<string, string>
}

export interface TestSystem extends AsyncDisposable {
  engines: Engines
  services: ReturnType<typeof openServices>
  /** The payment house of its shop. */
  house: Sandbox
  /** `ask('GET /content?limit=3')`; every answer is checked against the OpenAPI document. */
  ask(what: string, asking?: Asking): Promise<Reply>
  /** `address`: of the peer that sends it. */
  fetch(request: Request, address?: string): Promise<Response>
  ops(path: string): Promise<Response>
  /** For what needs a real socket. */
  doors: ReturnType<typeof openDoors>
  /** Resolves when readers see everything that was committed before the call. */
  settled(): Promise<void>
  signIn(email: string, password?: string): Promise<User>
  logLines: string[]
  databaseUrl: string
}

/** Somebody signed in. */
export interface User {
  ask(what: string, asking?: Asking): Promise<Reply>
  accessToken: string
  refreshToken: string
}

export interface Options {
  clock?: Clock
  /** Without it a fresh folder, removed at the end. */
  folder?: string
  /** Without it a fresh database. */
  databaseUrl?: string
  /** Default true: the curated cameras, lenses and reviews, and the demo accounts. */
  firstData?: boolean
  /** Without it one of its own. */
  house?: Sandbox
  /** Default true: GraphQL shows its schema, as outside production. */
  explorable?: boolean
  /** How often who may ask: without it as often as they like. */
  limits?: NonNullable<ServiceSettings['limits']>
  trustedProxies?: string
  /** RCR_BREAKER. */
  breaker?: string
}

export async function startSystem(options: Options = {}): Promise<TestSystem> {
  const { clock = systemClock, firstData = true } = options
  const stack = new AsyncDisposableStack()
  try {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'rcr-flow-')))
    if (options.folder === undefined) stack.defer(() => rm(folder, { recursive: true, force: true }))
    const databaseUrl = options.databaseUrl ?? (await freshDatabase(stack))
    const logLines: string[] = []
    const around = {
      clock,
      random: secureRandom,
      log: openLog('info', (line) => logLines.push(line)),
      metrics: openMetrics({ ofProcess: false }),
    }
    const house = options.house ?? (await openSandbox({ delayMs: 50 }))
    if (options.house === undefined) stack.defer(() => house.close())
    const settings = readSettings({
      RCR_DATA: folder,
      DATABASE_URL: databaseUrl,
      RCR_PAYMENT_URL: house.url,
      RCR_BREAKER: options.breaker,
    })
    const engines = await openEngines(settings, 'alone', around, stack)
    const served = {
      secret: new Uint8Array(32).fill(1),
      publicUrl: 'http://localhost',
      writeOrigins: [],
      cacheBytes: 16 * 2 ** 20,
      explorable: options.explorable ?? true,
      limits: options.limits ?? ('off' as const),
      trustedProxies: options.trustedProxies === undefined ? [] : readNetworks(options.trustedProxies),
      currency: 'USD',
    }
    const services = openServices(engines, served, around)
    if (firstData) {
      await Promise.all([services.write.bringFirstData(await readFirstData()), bringDemoAccounts(engines, services)])
      await services.shop.bringFirstData(await readFirstShop())
    }
    const stop = new AbortController()
    const loops = runServices(services, stop.signal)
    stack.defer(async () => {
      stop.abort()
      await loops
    })
    const doors = openDoors(services, served, around, () => readinessOf(services, stop.signal))
    const conforms = conformance(openApiOf(services.operations))
    const system = systemOf({ engines, services, house, doors, conforms, logLines, databaseUrl, stack })
    await system.settled()
    return system
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

interface Parts {
  engines: Engines
  house: Sandbox
  services: ReturnType<typeof openServices>
  doors: ReturnType<typeof openDoors>
  conforms: Conforms
  logLines: string[]
  databaseUrl: string
  stack: AsyncDisposableStack
}

function systemOf({ engines, services, house, doors, conforms, logLines, databaseUrl, stack }: Parts): TestSystem {
  const fetch = async (request: Request, address = '127.0.0.1') => doors.fetch(request, { address })
  async function ask(what: string, { body, headers = {} }: Asking = {}): Promise<Reply> {
    const [method = 'GET', path = '/'] = what.split(' ')
    const json = body === undefined ? {} : { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
    const init = {
      method,
      headers: { ...json, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }
    const response = await fetch(new Request(`http://localhost${path}`, init))
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    const reply = { status: response.status, headers: response.headers, body: type.includes('json') ? JSON.parse(text) : text }
    conforms(method, path, reply)
    return reply
  }
  return {
    engines,
    services,
    house,
    ask,
    fetch,
    ops: (path) => doors.ops(new Request(`http://localhost${path}`)),
    doors,
    logLines,
    databaseUrl,
    async settled() {
      const { epoch, seq } = await engines.master.head()
      for (let tries = 0; tries < 2000; tries++) {
        const { position } = services.read.status()
        if (position !== null && position.epoch === epoch && position.seq >= seq) return
        await systemClock.sleep(5)
      }
      throw new Error('readers did not catch up within 10 s')
    },
    async signIn(email, password = demoPassword) {
      const { body, status } = await ask('POST /auth/login', { body: { email, password } })
      if (status !== 200) throw new Error(`${email} could not sign in: ${status} ${JSON.stringify(body)}`)
      const { accessToken, refreshToken } = body
      return {
        accessToken,
        refreshToken,
        ask: (what, { headers, ...asking } = {}) =>
          ask(what, { ...asking, headers: { authorization: `Bearer ${accessToken}`, ...headers } }),
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function freshDatabase(stack: AsyncDisposableStack): Promise<string> {
  const database = await (await testPostgres()).database()
  stack.defer(() => database.drop())
  return database.url
}

type Conforms = (method: string, path: string, reply: Reply) => void

/** Throws when an answer is not what the OpenAPI document says of it. */
function conformance(openApiText: string): Conforms {
  const document = JSON.parse(openApiText)
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))
  ajv.addSchema(document, 'api')
  const patterns = Object.keys(document.paths)
    .sort((a, b) => (a.includes('{') ? 1 : 0) - (b.includes('{') ? 1 : 0))
    .map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  return (method, asked, { status, headers, body }) => {
    const plain = new URL(asked, 'http://localhost').pathname.replace(/^\/api\/v1/, '')
    const path = patterns.find(({ pattern }) => pattern.test(plain))?.path
    const operation = path === undefined ? undefined : document.paths[path][method.toLowerCase()]
    const type = headers.get('content-type')?.split(';')[0] ?? null
    if (status >= 400 && type !== 'application/problem+json') throw new Error(`${method} ${asked}: ${status} came as ${type}`)
    if (operation === undefined) return
    const declared = operation.responses[status]
    if (declared === undefined && ![301, 304, 405, 406].includes(status)) throw new Error(`${method} ${asked}: ${status} is not declared`)
    if (type === null || declared?.content?.[type] === undefined) return
    const place = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
    const pointer = place
      .map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/')
    if (!ajv.validate(`api#/${pointer}`, body))
      throw new Error(`${method} ${asked}: ${ajv.errorsText()} in ${JSON.stringify(body).slice(0, 500)}`)
  }
}
