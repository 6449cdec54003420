// A PostgreSQL of one's own in each region (Aurora, Cloud SQL, or run by hand): no `rcr primary` nor `rcr replica`, replication and
// promotion are somebody else's affair, and readers and projector find their way.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDesk, openLauncher } from '../launcher.ts'
import { openPlainPair, type PlainPair } from '../plain-pair.ts'
import { until } from '../ring.ts'

const environment: Record<string, string> = {
  RCR_SECRET: 'the same in all processes of this test',
  RCR_LOG: 'warn',
  RCR_CONNECTIONS: '4',
  RCR_BREAKER: '5/5/2',
}
const { launch, run, read, close } = openLauncher(mkdtempSync(join(tmpdir(), 'rcr-own-')), environment)
let pair: PlainPair
let desk: Awaited<ReturnType<typeof openDesk>>

beforeAll(async () => {
  pair = await openPlainPair()
  environment.RCR_DATABASES = `sa=${pair.primary},eu=${pair.standby}`
  const home = await launch('home', ['start'])
  await launch('read-eu', ['serve', '--region', 'eu'])
  desk = await openDesk(() => home.api)
}, 60_000)
afterAll(async () => {
  await close()
  await pair?.[Symbol.asyncDispose]()
}, 60_000)

test('what is published at home is read from the standby by whoever brings the token, and both are what the log says', async () => {
  const { slug, token } = await desk.publish()
  expect((await read('read-eu', `/content/${slug}`, token)).status).toBe(200)
  const verify = await run('home', ['verify'])
  expect(verify).toMatchObject({ status: 0 })
  for (const line of [/sa {2}primary {2}change \d+: equal/, /eu {2}replica {2}change \d+.*: equal/]) expect(verify.output).toMatch(line)
}, 60_000)

test('its primary is lost and the standby promoted by hand: no read fails, and what is published from then on is read', async () => {
  let reading = true
  const statuses = new Set<number>()
  const readers = (async () => {
    for (let n = 0; reading; n++) {
      const response = await read('read-eu', `/content?limit=${1 + (n % 100)}`)
      await response.arrayBuffer()
      statuses.add(response.status)
    }
  })()
  pair.kill()
  const meanwhile = await desk.publish() // the master has it
  pair.promote()
  const after = await desk.publish()
  for (const { slug, token } of [meanwhile, after])
    await until(async () => (await read('read-eu', `/content/${slug}`, token)).status === 200)
  reading = false
  await readers
  expect([...statuses]).toEqual([200])
  const verify = await run('home', ['verify'])
  expect(verify).toMatchObject({ status: 2 })
  for (const line of [/eu {2}primary {2}change \d+: equal/, /sa {2}replica {2}not compared: The database does not answer now/])
    expect(verify.output).toMatch(line)
}, 60_000)
