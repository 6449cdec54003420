// The world: four regions as processes of their own behind real gateways, with the distances between them; readers killed under load.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorld, type World } from '../../scripts/world/open-world.ts'
import { type Region, regions } from '../../scripts/world/plan.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { haproxyIsThere, shortDistances } from '../haproxy.ts'
import { cameraOf, signIn } from '../newsroom.ts'
import { post } from '../process.ts'
import { until } from '../ring.ts'

const distances = shortDistances
const folder = mkdtempSync(join(tmpdir(), 'rcr-world-'))
let world: World

beforeAll(async () => {
  if (!haproxyIsThere) return
  const port = 20_000 + 400 * Math.floor(Math.random() * 30)
  const limits = { reading: 1_000_000, other: 1_000_000 }
  world = await openWorld({ folder, port, master: 'lmdb', readersPerRegion: 2, reviews: 0, distances, limits, say: () => {} })
}, 60_000)

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}, 60_000)

const api = (region: Region) => `${world.urls[region]}/api/v1`
/** Who has answered in front of a region. */
const answeredBy = (region: Region) => world.traffic.recent(region).map(({ to }) => to)

/** Four readers of a region, one question after the other, no two alike for a while; each status with how often it was answered.
 * Half of them come over a connection each: on one that was used before, the client would itself ask once more, unseen. */
async function readingWhile(
  region: Region,
  what: (answers: (more: number) => Promise<unknown>) => Promise<unknown>,
): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>()
  const count = () => [...outcomes.values()].reduce((sum, one) => sum + one, 0)
  let goesOn = true
  const readers = Array.from({ length: 4 }, async (_, reader) => {
    for (let n = 0; goesOn; n++) {
      const outcome = await fetch(`${api(region)}/content?limit=${1 + ((n * 4 + reader) % 100)}`, {
        keepalive: reader % 2 === 0,
        signal: AbortSignal.timeout(10_000),
      }).then(
        async (response) => {
          await response.arrayBuffer()
          return String(response.status)
        },
        (error: Error) => error.message,
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  })
  try {
    await what((more) => {
      const enough = count() + more
      return until(() => count() >= enough)
    })
  } finally {
    goesOn = false
    await Promise.all(readers)
  }
  return outcomes
}

test.skipIf(!haproxyIsThere)(
  'every region lists, shows, searches and compares by itself',
  async () => {
    for (const region of regions) {
      const listed = (await (await fetch(`${api(region)}/content?limit=3`)).json()) as { data: { slug: string }[] }
      expect(listed.data.length).toBe(3)
      const paths = [`/content/${listed.data[0]?.slug}`, '/content/search?q=autofoco', '/content/compare?cameras=canon-eos-r5,nikon-z8']
      for (const path of paths) expect({ region, path, status: (await fetch(api(region) + path)).status }).toMatchObject({ status: 200 })
      await until(() => answeredBy(region).length === 4)
      for (const to of answeredBy(region)) expect(to).toStartWith(`readers-${region}/${region}-`)
    }
  },
  20_000,
)

test.skipIf(!haproxyIsThere)(
  'a review published through the farthest front is committed at home and read everywhere with its token',
  async () => {
    const authorization = await signIn(api('as'))
    const cameraId = await cameraOf(api('as'))
    const review = { title: 'From far away', summary: 'Short.', body: 'Text.', language: 'en', cameraId, status: 'published' }
    const sinceMs = systemClock.monotonic()
    const response = await post(`${api('as')}/reviews`, review, { authorization, 'idempotency-key': 'far' })
    expect(response.status).toBe(201)
    expect(systemClock.monotonic() - sinceMs).toBeGreaterThanOrEqual(distances['sa-as'])
    await until(() => answeredBy('as').includes('home-commands/home-1'))
    const { slug } = (await response.json()) as { slug: string }
    const headers = { 'consistency-token': response.headers.get('consistency-token') ?? '' }
    for (const region of regions) expect((await fetch(`${api(region)}/content/${slug}`, { headers })).status).toBe(200)
  },
  20_000,
)

test.skipIf(!haproxyIsThere)(
  'gRPC goes home over HTTP/2, past the gateway of a far region',
  async () => {
    const session = connectHttp2(world.urls.eu)
    const call = session.request({
      ':method': 'POST',
      ':path': '/rcr.v1.ContentService/ListCameras',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    call.end(Buffer.from([0, 0, 0, 0, 0])) // a message without members
    let bytes = 0
    call.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    const trailers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      call.once('error', reject)
      call.once('trailers', resolve)
    })
    session.destroy()
    expect(trailers['grpc-status']).toBe('0')
    expect(bytes).toBeGreaterThan(100)
  },
  20_000,
)

test.skipIf(!haproxyIsThere)(
  'a process that reads is killed: no read fails, and another one takes its place',
  async () => {
    const [victim] = world.readersOf('eu')
    if (victim === undefined) return expect.unreachable()
    const outcomes = await readingWhile('eu', async (answers) => {
      await answers(50)
      process.kill(victim.pid(), 'SIGKILL')
      await until(() => victim.restarts() === 1)
      const sinceMs = systemClock.monotonic()
      await until(() => world.traffic.recent('eu').some(({ atMs, to }) => atMs > sinceMs && to === 'readers-eu/eu-1'))
      await answers(100)
    })
    expect([...outcomes.keys()]).toEqual(['200'])
  },
  20_000,
)

test.skipIf(!haproxyIsThere)(
  'the gateway reads its configuration anew under load: nothing is dropped',
  async () => {
    const gateway = world.processes.find(({ name }) => name === 'gateway-eu')?.pid() ?? 0
    const workers = () => readFileSync(`/proc/${gateway}/task/${gateway}/children`, 'utf8').trim()
    const outcomes = await readingWhile('eu', async (answers) => {
      for (let times = 0; times < 3; times++) {
        const before = workers().split(' ')
        const isNew = () => workers() !== '' && !before.includes(workers().split(' ').at(-1) ?? '')
        // One that comes before the last is over may be lost.
        for (let looks = 0; !isNew(); looks++) {
          if (looks % 100 === 0) world.reload('eu')
          await systemClock.sleep(20)
        }
        await answers(50)
      }
    })
    expect([...outcomes.keys()]).toEqual(['200'])
  },
  30_000,
)

test.skipIf(!haproxyIsThere)(
  'all processes that read in a region are killed at once: the next region answers',
  async () => {
    const outcomes = await readingWhile('eu', async (answers) => {
      await answers(50)
      await Promise.all(world.readersOf('eu').map((reader) => reader.stop('SIGKILL')))
      await until(() =>
        answeredBy('eu')
          .slice(-50)
          .every((to) => /\/na-[12]$/.test(to)),
      )
    })
    // Whoever met both of them in the moment before they were known to be gone was refused: one retry, and no more.
    const refused = [...outcomes].filter(([outcome]) => outcome !== '200').reduce((sum, [, count]) => sum + count, 0)
    expect(refused).toBeLessThanOrEqual(8)
    const after = await readingWhile('eu', (answers) => answers(100))
    expect([...after.keys()]).toEqual(['200'])
  },
  20_000,
)
