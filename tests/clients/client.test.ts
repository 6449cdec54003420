// The generated client as a front end uses it, against the whole system; and as a compiler sees it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, createClient, ProblemError } from '../../contracts/client.ts'
import { startSystem, type TestSystem } from '../start.ts'

const kind = { mount: 'Canon RF', type: 'mirrorless', sensor: { format: 'full-frame' } } as const

const root = join(import.meta.dir, '..', '..')

describe('with the generated client', () => {
  let system: TestSystem
  let accessToken: string | null = null

  beforeAll(async () => {
    system = await startSystem()
    const anonymous = clientOf({})
    accessToken = (await anonymous.login({ body: { email: 'editor@example.com', password: 'first-light-2026' } })).body.accessToken
  }, 60_000)
  afterAll(() => system[Symbol.asyncDispose]())

  const clientOf = (options: Partial<ClientOptions>) =>
    createClient({ baseUrl: 'http://localhost', fetch: (url, init) => system.fetch(new Request(url, init)), ...options })
  const editor = () => clientOf({ accessToken: () => accessToken, monotonic: true })

  test('an editor writes, publishes and at once reads what readers see', async () => {
    const api = editor()
    const camera = await api.readCamera({ id: 'nikon-z8' })
    const made = await api.createReview({
      body: { title: 'From the client', body: 'Text.', language: 'en', cameraId: camera.body.id },
    })
    expect([made.status, made.etag, made.body.status]).toEqual([201, '"1"', 'draft'])
    const published = await api.publishReview({ id: made.body.id }, { ifMatch: made.etag ?? '' })
    const read = await api.readContent({ slug: published.body.slug })
    expect(read.body.title).toBe('From the client')
    expect(read.body.camera?.slug).toBe('nikon-z8')
  })

  test('another reader is handed the position, and sees it too', async () => {
    const cameras = await editor().createCamera({ body: { brand: 'Acme', model: 'Token 1', ...kind } })
    const read = await clientOf({}).readCamera({ id: cameras.body.slug }, { consistencyToken: cameras.consistencyToken ?? '' })
    expect(read.body.model).toBe('Token 1')
  })

  test('a command with its key is done once', async () => {
    const api = editor()
    const input = { body: { brand: 'Acme', model: 'Once', ...kind } }
    const [first, second] = [
      await api.createCamera(input, { idempotencyKey: 'once' }),
      await api.createCamera(input, { idempotencyKey: 'once' }),
    ]
    expect(second.body.id).toBe(first.body.id)
    expect((await api.createCamera(input)).body.id).not.toBe(first.body.id)
  })

  test('a refusal says what is wrong, with its code, its faults and the request id', async () => {
    const refused = await editor()
      .createReview({ body: { title: '', body: 'Text.', language: 'en', cameraId: 'none' } })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ProblemError)
    const { status, code, errors, requestId } = refused as ProblemError
    expect([status, code]).toEqual([400, 'invalid'])
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['#/cameraId', '#/title'])
    expect(requestId).toMatch(/\S{8,}/)
  })

  test('who changes an older version is told which one stands', async () => {
    const api = editor()
    const { body, etag } = await api.createCamera({ body: { brand: 'Acme', model: 'Stale', ...kind } })
    await api.changeCamera({ id: body.id, body: { weightGrams: 500 } }, { ifMatch: etag ?? '' })
    const late = api.changeCamera({ id: body.id, body: { weightGrams: 600 } }, { ifMatch: etag ?? '' })
    await expect(late).rejects.toMatchObject({ status: 412, code: 'stale', problem: { currentVersion: 2 } })
    expect((await api.deleteCamera({ id: body.id }, { ifMatch: '"2"' })).body).toBeUndefined()
  })

  test('what lies outside the prefix is reached, and parameters arrive', async () => {
    expect((await clientOf({}).listKeys()).body.keys.length).toBeGreaterThan(0)
    const page = await clientOf({}).listContent({ limit: 1 })
    expect([page.body.data.length, page.body.metadata.limit]).toEqual([1, 1])
  })
})

describe('the compiler', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rcr-client-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const strictest =
    '--ignoreConfig --noEmit --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noUnusedLocals --noUnusedParameters ' +
    '--isolatedModules --verbatimModuleSyntax --erasableSyntaxOnly --target es2022 --module preserve --lib es2022,dom,dom.iterable ' +
    '--allowImportingTsExtensions'

  async function faultsIn(text: string): Promise<string[]> {
    const file = join(folder, 'page.ts')
    await writeFile(
      file,
      `import { createClient } from '${root}/contracts/client.ts'\nconst api = createClient({ baseUrl: '' })\n${text}\n`,
    )
    const { stdout } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), [...strictest.split(' '), file], {
      encoding: 'utf8',
      cwd: folder,
    })
    return stdout.split('\n').filter((line) => line.includes('error'))
  }

  test('takes the client in its strictest mode, without types of Node or Bun', async () => {
    expect(await faultsIn('export const slug: Promise<string> = api.readCamera({ id: "x" }).then(({ body }) => body.slug)')).toEqual([])
  }, 30_000)

  test('finds what a page does wrong: no version, no such member, no such value', async () => {
    const faults = await faultsIn(
      [
        'void api.publishReview({ id: "x" })',
        'void api.listContent({ langauge: "en" })',
        'void api.listContent({ sort: "best" })',
        'void api.readCamera({ id: "x" }).then(({ body }) => body.weight)',
      ].join('\n'),
    )
    expect(faults.map((fault) => /page\.ts\((\d+)/.exec(fault)?.[1])).toEqual(['3', '4', '5', '6'])
  }, 30_000)
})
