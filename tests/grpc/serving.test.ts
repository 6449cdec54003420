// The listener under load, under attack and at its end, on real sockets; the operations answer from memory.
import { afterEach, describe, expect, test } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentials } from '@grpc/grpc-js'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import { protoPath as healthFile } from 'grpc-health-check'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { openLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Operation } from '../../src/kit/operation.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import { sealer } from '../../src/kit/seal.ts'
import { type GrpcListener, type GrpcListening, listenGrpc } from '../../src/protocols/grpc/serve.ts'
import { servicesAlone } from '../../src/system/services.ts'
import { type GrpcClient, grpcClient } from './client.ts'
import { storm } from './storm.ts'

const root = join(import.meta.dir, '..', '..')
const secret = new Uint8Array(32)
const logLines: string[] = []
const around = {
  clock: systemClock,
  random: secureRandom,
  log: openLog('info', (line) => logLines.push(line)),
  metrics: openMetrics({ ofProcess: false }),
}
const { operations, streams } = servicesAlone(around)

type Run = Operation['run']
const suggestions: Run = async () => ({ body: { data: [{ kind: 'word', text: 'foco', slug: null }] } })

let opened: { listener: GrpcListener; client: GrpcClient } | null = null
afterEach(async () => {
  opened?.client.close()
  await opened?.listener.stop(0)
  opened = null
})

/** Suggestions, answered by `run`. */
async function serving(
  run: Run,
  { deadlineMs = 10_000, ready = () => true, ...listening }: Partial<GrpcListening> & { deadlineMs?: number; ready?: () => boolean } = {},
) {
  const parts = {
    ...around,
    operations: operations.map((operation) => (operation.name === 'suggestContent' ? { ...operation, run } : operation)),
    streams,
    authenticate: () => Promise.reject(new Refusal('unauthenticated', 'Nobody.')),
    secret,
    tokenSeal: sealer(secret, 'token'),
    newRequestId: () => 'request-0001',
    caller: (address: string) => ({ address }),
    isReady: ready,
    deadlineMs,
  }
  const listener = await listenGrpc(parts, { hosts: ['127.0.0.1'], port: 0, tls: null, ...listening })
  const client = grpcClient(listener.address)
  opened = { listener, client }
  return { listener, client, ask: (asking = {}) => client.call('ContentService/SuggestContent', { q: 'fo' }, asking) }
}

/** A run that never ends by itself, and what became of its signal. */
function hanging() {
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<number>()
  const run: Run = (_input, { signal }) => {
    started.resolve()
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        aborted.resolve(performance.now())
        reject(new Refusal('late', 'Too late.'))
      }),
    )
  }
  return { run, started: started.promise, aborted: aborted.promise }
}

/** A run that never ends by itself, and how many there are. */
function counting() {
  const counts = { begun: 0, running: 0 }
  const run: Run = (_input, { signal }) => {
    counts.begun += 1
    counts.running += 1
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        counts.running -= 1
        reject(new Refusal('late', 'Given up.'))
      }),
    )
  }
  return { run, counts }
}

const suggest = '/rcr.v1.ContentService/SuggestContent'
const message = Buffer.from('0a02666f', 'hex')
const closed = (socket: Socket) => new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())))

describe('a call', () => {
  test('ends in time at the deadline of its client, and its work with it', async () => {
    const { run, aborted } = hanging()
    let isConnected = false
    const { ask } = await serving((input, call) => (isConnected ? run : suggestions)(input, call))
    await ask() // else the second may be over before a busy machine has the connection
    isConnected = true
    const startedMs = performance.now()
    const { code } = await ask({ timeoutMs: 1000 })
    expect(code).toBe('DEADLINE_EXCEEDED')
    expect((await aborted) - startedMs).toBeWithin(900, 2500)
    while (logLines.at(-1)?.includes('"status":"OK"')) await systemClock.sleep(1)
    expect(logLines.at(-1)).toContain('"status":"DEADLINE_EXCEEDED"')
  })

  test('ends at our deadline when its client has none', async () => {
    const { ask } = await serving(() => new Promise(() => {}), { deadlineMs: 100 })
    expect(await ask()).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { ErrorInfo: { reason: 'LATE' }, RetryInfo: {} } })
  })

  test('is given up when its client goes', async () => {
    const { run, started, aborted } = hanging()
    const { ask } = await serving(run)
    const going = new AbortController()
    const asked = ask({ signal: going.signal })
    await started
    going.abort()
    expect((await asked).code).toBe('CANCELLED')
    await aborted
  })

  test('that ended well is not taken for one that was given up', async () => {
    const signals: AbortSignal[] = []
    const { ask } = await serving(async (input, call) => {
      signals.push(call.signal)
      return suggestions(input, call)
    })
    for (let n = 0; n < 3; n++) expect((await ask()).message.data).toMatchObject([{ kind: 'SUGGESTION_KIND_WORD', text: 'foco' }])
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
    expect(logLines.slice(-3).filter((line) => line.includes('"status":"OK"'))).toHaveLength(3)
  })

  test('that meets a defect learns the request id and nothing else', async () => {
    const { ask } = await serving(() => Promise.reject(new Error('the password is swordfish')))
    const outcome = await ask()
    expect(outcome).toMatchObject({ code: 'INTERNAL', details: { RequestInfo: { requestId: 'request-0001' } } })
    expect(JSON.stringify(outcome)).not.toContain('swordfish')
    expect(logLines.some((line) => line.includes('swordfish'))).toBe(true)
  })

  test('whose answer the contract cannot say is a defect, not a wrong answer', async () => {
    const { ask } = await serving(async () => ({ body: { data: [{ kind: 'tripod', text: 'x', slug: null }] } }))
    expect((await ask()).code).toBe('INTERNAL')
  })
})

describe('the listener', () => {
  test('refuses a message over 256 KiB, compressed ones too, and goes on', async () => {
    const { client, listener, ask } = await serving(suggestions)
    const login = (to: GrpcClient, length: number) => to.call('AuthService/Login', { email: 'a@b.co', password: 'x'.repeat(length) })
    expect((await login(client, 300 * 1024)).code).toBe('RESOURCE_EXHAUSTED')
    expect((await login(client, 255 * 1024)).code).toBe('INVALID_ARGUMENT')
    const compressing = grpcClient(listener.address, credentials.createInsecure(), { 'grpc.default_compression_algorithm': 2 })
    expect((await login(compressing, 8 * 1024 * 1024)).code).toBe('RESOURCE_EXHAUSTED')
    expect((await login(compressing, 200 * 1024)).code).toBe('INVALID_ARGUMENT')
    compressing.close()
    expect((await ask()).code).toBe('OK')
  })

  test('answers 1,000 calls at once', async () => {
    const { ask } = await serving(suggestions)
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => ask()))
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['OK']))
  })

  test('cuts off who resets calls as fast as they begin, while health goes on answering', async () => {
    const { run, counts } = counting()
    const { client, listener } = await serving(run)
    const socket = await storm(listener.port, suggest, message, { calls: 20_000, resets: true })
    const startedMs = performance.now()
    expect(await healthOf(client)).toBe('SERVING')
    // 0.3 s on an idle machine; tests share theirs.
    expect(performance.now() - startedMs).toBeLessThan(5000)
    await closed(socket)
    expect(counts.begun).toBeWithin(1, 2000)
    while (counts.running > 0) await systemClock.sleep(5)
  })

  test('works on 256 calls of a connection at once, and gives them up with it', async () => {
    const { run, counts } = counting()
    const { client, listener } = await serving(run)
    const socket = await storm(listener.port, suggest, message, { calls: 1000, resets: false })
    while (counts.begun < 256) await systemClock.sleep(5)
    expect(await healthOf(client)).toBe('SERVING')
    expect(counts.begun).toBe(256)
    socket.destroy()
    while (counts.running > 0) await systemClock.sleep(5)
  })

  test('takes 64 KiB of metadata at most', async () => {
    const { listener, ask } = await serving(suggestions)
    const bragging = grpcClient(listener.address)
    const outcome = await bragging.call('ContentService/SuggestContent', { q: 'fo' }, { headers: { 'x-brag': 'x'.repeat(100_000) } })
    expect(outcome.code).not.toBe('OK')
    bragging.close()
    expect((await ask()).code).toBe('OK')
  })

  test('speaks TLS with the certificate it is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rcr-tls-'))
    try {
      const tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
      const words = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ]
      spawnSync('openssl', [...words, '-addext', 'subjectAltName=DNS:localhost', '-keyout', tls.key, '-out', tls.certificate])
      const { listener } = await serving(suggestions, { tls })
      const client = grpcClient(`localhost:${listener.port}`, credentials.createSsl(readFileSync(tls.certificate)))
      expect((await client.call('ContentService/SuggestContent', { q: 'fo' })).code).toBe('OK')
      client.close()
      await expect(serving(suggestions, { tls: { ...tls, key: join(folder, 'absent.pem') } })).rejects.toThrow('RCR_GRPC_TLS_KEY')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('says which port is taken, and how to choose another', async () => {
    const { listener } = await serving(suggestions)
    const first = opened
    await expect(serving(suggestions, { port: listener.port })).rejects.toThrow('RCR_GRPC_PORT')
    opened = first
  })
})

describe('health', () => {
  test('tells watchers when it is no longer ready, and ends them with the listener', async () => {
    let ready = true
    const { client, listener } = await serving(suggestions, { ready: () => ready })
    const { seen, over } = watch(client, 'rcr.v1.ContentService')
    expect(await seen('SERVING')).toBe(true)
    ready = false
    expect(await seen('NOT_SERVING')).toBe(true)
    ready = true
    expect(await seen('SERVING')).toBe(true)
    const startedMs = performance.now()
    const stopped = listener.stop(5000)
    expect(await seen('NOT_SERVING')).toBe(true)
    expect(await over()).toBe(true)
    await stopped
    expect(performance.now() - startedMs).toBeLessThan(1000)
  })

  test('knows the services by name, and no other', async () => {
    const { client } = await serving(suggestions)
    expect(await healthOf(client, 'rcr.v1.ReviewService')).toBe('SERVING')
    expect(await healthOf(client, 'rcr.v1.PaintService')).toBe('NOT_FOUND')
    expect(await watch(client, 'rcr.v1.PaintService').seen('SERVICE_UNKNOWN')).toBe(true)
  })
})

describe('the end', () => {
  test('lets the call in flight finish, and takes no other', async () => {
    const started = Promise.withResolvers<void>()
    const may = Promise.withResolvers<void>()
    const { listener, ask } = await serving(async (input, call) => {
      started.resolve()
      await may.promise
      return suggestions(input, call)
    })
    const inFlight = ask()
    await started.promise
    const stopped = listener.stop(5000)
    const late = grpcClient(listener.address)
    expect((await late.call('ContentService/SuggestContent', { q: 'fo' }, { timeoutMs: 1000 })).code).not.toBe('OK')
    late.close()
    may.resolve()
    expect((await inFlight).code).toBe('OK')
    await stopped
  })

  test('cuts what does not finish', async () => {
    const { run, started, aborted } = hanging()
    const { listener, ask } = await serving(run)
    const inFlight = ask()
    await started
    const startedMs = performance.now()
    await listener.stop(200)
    expect(performance.now() - startedMs).toBeLessThan(1000)
    expect((await inFlight).code).not.toBe('OK')
    await aborted
  })
})

describe('other clients', () => {
  const curl = (listener: GrpcListener, words: string[]) =>
    run(join(root, 'node_modules/.bin/buf'), ['curl', '--http2-prior-knowledge', '--protocol', 'grpc', ...words], listener)

  test('buf curl finds the services by reflection, calls one, and shows the details of a refusal', async () => {
    const { listener } = await serving(suggestions)
    const { output: services } = await curl(listener, ['--list-services', 'http://$'])
    expect(services.trim().split('\n')).toEqual([
      'grpc.health.v1.Health',
      'rcr.v1.AuthService',
      'rcr.v1.ContentService',
      'rcr.v1.ProductService',
      'rcr.v1.ReviewService',
    ])
    const { output } = await curl(listener, ['-d', '{"q":"fo"}', 'http://$/rcr.v1.ContentService/SuggestContent'])
    expect(JSON.parse(output)).toEqual({ data: [{ kind: 'SUGGESTION_KIND_WORD', text: 'foco' }] })
    const { output: health } = await curl(listener, ['-d', '{}', 'http://$/grpc.health.v1.Health/List'])
    expect(JSON.parse(health).statuses['rcr.v1.AuthService']).toEqual({ status: 'SERVING' })
    const refused = await curl(listener, ['-d', '{"q":"fo","limit":11}', 'http://$/rcr.v1.ContentService/SuggestContent'])
    expect(refused.status).not.toBe(0)
    expect(JSON.parse(refused.output)).toMatchObject({ code: 'invalid_argument' })
    const values = JSON.parse(refused.output).details.map(({ value }: { value: string }) => Buffer.from(value, 'base64').toString())
    expect(values.join()).toContain('limit')
  })

  test('a client on Node gets answers, refusals and its deadline', async () => {
    const { listener } = await serving((input, call) =>
      (input as { query: { limit: number } }).query.limit === 1 ? new Promise(() => {}) : suggestions(input, call),
    )
    const { output } = await run('node', [join(import.meta.dir, 'node-client.mjs'), '$'], listener)
    expect(output.trim().split('\n')).toEqual(['OK foco', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED'])
  })
})

/** A program, with the listener's address for `$`. */
async function run(program: string, words: string[], listener: GrpcListener): Promise<{ status: number | null; output: string }> {
  const child = spawn(
    program,
    words.map((word) => word.replace('$', listener.address)),
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })))
}

const health = loadSync(healthFile, { enums: String, defaults: true })['grpc.health.v1.Health'] as unknown as Record<
  'Check' | 'Watch',
  MethodDefinition<object, { status: string }>
>

function healthOf({ raw }: GrpcClient, service = ''): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = health.Check
  return new Promise((resolve) =>
    raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, response) =>
      resolve(error === null ? (response?.status ?? '') : error.code === 5 ? 'NOT_FOUND' : error.details),
    ),
  )
}

function watch({ raw }: GrpcClient, service: string) {
  const { path, requestSerialize, responseDeserialize } = health.Watch
  const call = raw.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service })
  const statuses = call[Symbol.asyncIterator]()
  call.on('error', () => {})
  return {
    /** Whether this is what comes next. */
    seen: async (status: string) => (await statuses.next()).value?.status === status,
    over: async () => (await statuses.next()).done === true,
  }
}
