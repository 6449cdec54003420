// A region of processes of their own: its database and its readers, at home the primary and the system; each of them killed, paused, cut off.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { openDesk, openLauncher } from '../launcher.ts'
import { post } from '../process.ts'
import { ask, freePorts, ringSecret, until } from '../ring.ts'

const folder = mkdtempSync(join(tmpdir(), 'rcr-region-'))
const environment: Record<string, string> = {
  RCR_SECRET: 'the same in all processes of this test',
  RCR_LOG: 'warn',
  RCR_CONNECTIONS: '4',
  RCR_BREAKER: '5/5/2', // else two tests wait for a minute
}

const { launch, end, serviceOf, run, read: readOf, close } = openLauncher(folder, environment)
const urls: Record<string, string> = {}
let desk: Awaited<ReturnType<typeof openDesk>>
const publish = () => desk.publish()

const postmasterOf = (name: string) => Number(readFileSync(join(folder, name, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child.trim() !== '')
    .map(Number)
const runDatabase = (region: string, kind: 'primary' | 'replica') => launch(`db-${region}`, [kind, '--region', region])
/** With the user who may only read. */
const runReader = (region: string) => launch(`read-${region}`, ['serve', '--region', region], { RCR_DATABASES: listOf(regionUrl) })
const listOf = (urlOf: (url: string) => string) =>
  Object.entries(urls)
    .map(([name, url]) => `${name}=${urlOf(url)}`)
    .join(',')

beforeAll(async () => {
  const ports = await freePorts(3)
  for (const [at, region] of ['sa', 'na', 'eu'].entries()) urls[region] = `postgres://rcr:${ringSecret}@127.0.0.1:${ports[at]}/postgres`
  environment.RCR_DATABASES = listOf((url) => url)
  await runDatabase('sa', 'primary')
  const home = await launch('home', ['start'])
  await Promise.all([runDatabase('eu', 'replica'), runDatabase('na', 'replica')])
  await runReader('eu')
  desk = await openDesk(() => home.api)
}, 60_000)
afterAll(close, 60_000)

const read = (region: string, path: string, token?: string) => readOf(`read-${region}`, path, token)

async function status(region: string): Promise<{ region: string; breaker: string }[]> {
  const { regions } = (await (await fetch(`${serviceOf(`read-${region}`).ops}/readyz`)).json()) as {
    regions: { region: string; breaker: string }[]
  }
  return regions
}

test('a review published at home is read in its region at once by whoever brings the token, and writing there is answered 404', async () => {
  const { slug, token } = await publish()
  const response = await read('eu', `/content/${slug}`, token)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ slug })
  expect((await status('eu')).map(({ region }) => region)).toEqual(['eu', 'sa', 'na'])
  const written = await post(`${serviceOf('read-eu').api}/reviews`, { title: 'Not here' }, { authorization: desk.authorization })
  expect({ status: written.status, body: await written.json() }).toMatchObject({ status: 404 })
  expect((await read('eu', '/content?limit=1')).headers.get('consistency-token')).not.toBe(null)
}, 20_000)

test('the near replica is killed: no read fails meanwhile, and it is used again when it is back', async () => {
  let reading = true
  const statuses = new Map<number, number>()
  const readers = Array.from({ length: 4 }, async (_, reader) => {
    for (let n = 0; reading; n++) {
      const response = await read('eu', `/content?limit=${1 + ((n * 4 + reader) % 100)}`)
      await response.arrayBuffer()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  })
  process.kill(postmasterOf('db-eu'), 'SIGKILL')
  await systemClock.sleep(500)
  const { slug, token } = await publish()
  expect((await read('eu', `/content/${slug}`, token)).status).toBe(200)
  await until(async () => (await fetch(`${serviceOf('db-eu').ops}/readyz`)).status === 200)
  reading = false
  await Promise.all(readers)
  expect([...statuses.keys()]).toEqual([200])
  expect(statuses.get(200)).toBeGreaterThan(50)
  expect((await status('eu'))[0]?.breaker).not.toBe('closed')

  // Meanwhile the next region answers. What it said is kept for a second, not for the minute that the own replica's answers are.
  const { slug: borrowed } = await publish()
  await until(async () => (await read('eu', `/content/${borrowed}`)).status === 200)
  const sinceMs = systemClock.monotonic()
  await until(async () => !(await read('eu', `/content/${borrowed}`)).headers.get('cache-status')?.includes('hit'))
  expect(systemClock.monotonic() - sinceMs).toBeLessThan(4_000)

  await until(async () => (await status('eu'))[0]?.breaker === 'closed')
  const after = await publish()
  expect((await read('eu', `/content/${after.slug}`, after.token)).status).toBe(200)
  await until(async () => (await read('eu', `/content/${after.slug}`)).headers.get('cache-status')?.includes('hit'))
}, 120_000)

test('the near replica stands still: the first readers wait for less than two seconds, then others answer', async () => {
  const stopped = [postmasterOf('db-eu'), ...childrenOf(postmasterOf('db-eu'))]
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  try {
    const { slug, token } = await publish()
    for (let n = 1; n <= 10; n++) {
      const sinceMs = systemClock.monotonic()
      expect((await read('eu', `/content/${slug}`, token)).status).toBe(200)
      expect((await read('eu', `/content?language=en&limit=${n}`)).status).toBe(200)
      expect(systemClock.monotonic() - sinceMs).toBeLessThan(4_000)
    }
    expect((await status('eu'))[0]?.breaker).not.toBe('closed')
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
  }
  await until(async () => (await status('eu'))[0]?.breaker === 'closed')
}, 120_000)

test('the near replica receives nothing new: with a token home answers, without one it does; and with nobody else there, an honest 503', async () => {
  const first = await publish()
  expect((await read('eu', `/content/${first.slug}`, first.token)).status).toBe(200)
  await ask(urls.eu ?? '', 'select pg_wal_replay_pause()')
  await until(async () => (await ask(urls.eu ?? '', 'select pg_get_wal_replay_pause_state() as state'))[0]?.state === 'paused')
  const second = await publish()
  const fresh = await read('eu', `/content/${second.slug}`, second.token)
  expect({ status: fresh.status, cacheControl: fresh.headers.get('cache-control') }).toEqual({
    status: 200,
    cacheControl: 'private, no-store',
  })
  expect((await read('eu', `/content/${second.slug}`)).status).toBe(404)

  await end('db-na')
  await end('db-sa')
  const third = await publish() // the master has it; no read model does
  const refused = await read('eu', `/content/${third.slug}`, third.token)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect({ status: refused.status, body: await refused.json() }).toMatchObject({ status: 503, body: { code: 'replica-behind' } })
  expect((await read('eu', `/content/${first.slug}`)).status).toBe(200)
  await until(async () => Number((await read('eu', `/content/${first.slug}`)).headers.get('content-staleness')) > 5)
  await ask(urls.eu ?? '', 'select pg_wal_replay_resume()')
}, 60_000)

test('the primary is lost: another region is promoted, the others follow, and every acknowledged review is read', async () => {
  expect(await run('operator', ['promote', 'eu'])).toMatchObject({
    status: 0,
    output: expect.stringContaining('eu is the primary now (timeline 2).'),
  })
  const { slug, token } = await publish()
  await until(async () => (await read('eu', `/content/${slug}`, token)).status === 200)
  const listed = (await (await read('eu', '/content?limit=100', token)).json()) as { data: { title: string }[] }
  const titles = listed.data.map(({ title }) => title)
  for (let n = 1; n <= desk.count(); n++) expect(titles).toContain(`A review ${n}`)

  // They were away meanwhile: one follows, the other one was the primary and does not know yet.
  await Promise.all([runDatabase('na', 'replica'), runDatabase('sa', 'primary')])
  const last = await publish()
  for (const region of ['na', 'sa'])
    await until(async () => (await (await fetch(`${serviceOf(`db-${region}`).ops}/readyz`)).json()).database.follows === 'eu')
  await until(async () => (await read('eu', `/content/${last.slug}`, last.token)).status === 200)
  await until(async () => (await ask(urls.sa ?? '', 'select pg_is_in_recovery() as is'))[0]?.is === true)
  const verify = await run('home', ['verify'])
  expect(verify).toMatchObject({ status: 0 })
  for (const line of [/eu {2}primary {2}change \d+: equal/, /na {2}replica {2}change \d+.*: equal/, /sa {2}replica {2}change \d+.*: equal/])
    expect(verify.output).toMatch(line)
  await end('db-na')
  expect(await run('home', ['verify'])).toMatchObject({
    status: 2,
    output: expect.stringContaining('na  replica  not compared: The database does not answer now.'),
  })
}, 120_000)
