// A new version whose read model is another one comes into two regions while they read: each process reads the build of its own version,
// both are followed, and no read fails.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { openDesk, openLauncher } from '../launcher.ts'
import { rcr } from '../process.ts'
import { ask, freePorts, ringSecret, until } from '../ring.ts'

const folder = mkdtempSync(join(tmpdir(), 'rcr-versions-'))
const environment: Record<string, string> = {
  RCR_SECRET: 'the same in all processes of this test',
  RCR_LOG: 'warn',
  RCR_CONNECTIONS: '4',
}
const { launch, end, read, close } = openLauncher(folder, environment)
const stack = new AsyncDisposableStack()
const urls: Record<string, string> = {}
const listOf = (urlOf: (url: string) => string) =>
  Object.entries(urls)
    .map(([name, url]) => `${name}=${urlOf(url)}`)
    .join(',')
const runReader = (name: string, region: string, version?: string) =>
  launch(name, ['serve', '--region', region], { RCR_DATABASES: listOf(regionUrl) }, version)
let newVersion = ''
let api = ''
let desk: Awaited<ReturnType<typeof openDesk>>

/** Our code with another mapping, and so with a read model of its own. */
function makeNewVersion(): string {
  const root = join(import.meta.dir, '..', '..')
  const there = join(folder, 'new-version')
  mkdirSync(there)
  cpSync(join(root, 'src'), join(there, 'src'), { recursive: true })
  for (const name of ['node_modules', 'contracts', 'data', 'package.json', 'tsconfig.json'])
    symlinkSync(join(root, name), join(there, name))
  const rows = join(there, 'src', 'engines', 'postgres', 'rows.ts')
  const text = readFileSync(rows, 'utf8').replace(/(export const mappingVersion = )\d+/, '$1999')
  expect(text).toContain('mappingVersion = 999')
  writeFileSync(rows, text)
  return join(there, 'src', 'main.ts')
}

beforeAll(async () => {
  newVersion = makeNewVersion()
  const ports = await freePorts(2)
  for (const [at, region] of ['sa', 'eu'].entries()) urls[region] = `postgres://rcr:${ringSecret}@127.0.0.1:${ports[at]}/postgres`
  environment.RCR_DATABASES = listOf((url) => url)
  await launch('db-sa', ['primary', '--region', 'sa'])
  api = (await launch('home', ['start'])).api
  await launch('db-eu', ['replica', '--region', 'eu'])
  await Promise.all([runReader('read-eu', 'eu'), runReader('read-sa', 'sa')])
  desk = await openDesk(() => api)
}, 120_000)
afterAll(async () => {
  await stack.disposeAsync()
  await close()
}, 60_000)

const fingerprints = async () => (await ask(urls.sa ?? '', 'select fingerprint from content.live')).length
const isShown = (name: string, { slug, token }: { slug: string; token: string }) =>
  until(async () => (await read(name, `/content/${slug}`, token)).status === 200)

test('readers of both versions show what is published, each from its own build, until the last of the old ones is gone', async () => {
  const places = { 'read-eu': true, 'read-sa': true } as Record<string, boolean>
  const statuses = new Map<string, number>()
  let isOver = false
  const readers = ['eu', 'sa'].map(async (region) => {
    for (let n = 0; !isOver; n++) {
      // As the gateway does: whoever is ready.
      const name = [`new-${region}`, `read-${region}`].find((one) => places[one]) ?? ''
      const outcome = await read(name, `/content?limit=${1 + (n % 100)}`).then(
        async (response) => {
          await response.arrayBuffer()
          return `${name} ${response.status}`
        },
        (error: Error) => `${name} ${error.message}`,
      )
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1)
      await systemClock.sleep(50)
    }
  })
  const before = await desk.publish()
  expect(await fingerprints()).toBe(1)

  const ahead = rcr(join(folder, 'home'), ['rebuild', '--ahead'], environment, [], newVersion)
  stack.defer(() => void ahead.child.kill('SIGKILL'))
  await until(() => ahead.output().includes('Processes of this version may start.'))
  expect(await fingerprints()).toBe(2)

  // One region is of the new version, the other one of the old.
  await runReader('new-eu', 'eu', newVersion)
  places['new-eu'] = true
  places['read-eu'] = false
  const during = await desk.publish()
  for (const name of ['new-eu', 'read-eu', 'read-sa']) for (const one of [before, during]) await isShown(name, one)

  await runReader('new-sa', 'sa', newVersion)
  places['new-sa'] = true
  places['read-sa'] = false
  const between = await desk.publish()
  for (const name of ['new-eu', 'new-sa', 'read-eu', 'read-sa']) await isShown(name, between)

  // Then home, and nobody has to run ahead any more.
  await end('home')
  api = (await launch('home', ['start'], {}, newVersion)).api
  ahead.child.kill('SIGTERM')
  expect(await ahead.ended).toBe(0)
  const after = await desk.publish()
  for (const name of ['new-eu', 'new-sa']) await isShown(name, after)
  isOver = true
  await Promise.all(readers)
  expect([...statuses.keys()].toSorted()).toEqual(['new-eu 200', 'new-sa 200', 'read-eu 200', 'read-sa 200'])

  // The old ones stand still, and still answer.
  expect((await read('read-eu', `/content/${between.slug}`)).status).toBe(200)
  expect((await read('read-eu', `/content/${after.slug}`)).status).toBe(404)
}, 180_000)
