// The whole system over a table: a review is published and read, the plug is pulled, and readers see all that was acknowledged.
import { afterEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metaKey } from '../../src/engines/dynamodb/keys.ts'
import { newEpoch } from '../../src/engines/dynamodb/meta.ts'
import { toWire } from '../../src/engines/dynamodb/wire.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { clientAt, dynamoIsMissing, dynamoSettings, testDynamo } from '../dynamodb.ts'
import { cameraOf, expectNothingLost, newsroom, signIn } from '../newsroom.ts'
import { testPostgres } from '../postgres.ts'
import { post, type Running, rcr, startProcess, stopProcess } from '../process.ts'

describe.skipIf(dynamoIsMissing !== null)('the system over a master on DynamoDB', () => {
  const running = new Set<Running>()
  const folders: string[] = []
  afterEach(async () => {
    for (const { child, ended } of running) {
      child.kill('SIGKILL')
      await ended
    }
    running.clear()
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  test('publishes, shows, survives kill -9, and takes the table of an earlier time for a new epoch', async () => {
    const endpoint = await testDynamo()
    const table = `system-${randomBytes(6).toString('hex')}`
    const { url } = await (await testPostgres()).database()
    const environment = { ...dynamoSettings(endpoint, table), DATABASE_URL: url, RCR_LOG: 'error' }
    const folder = await mkdtemp(join(tmpdir(), 'rcr-dynamodb-'))
    folders.push(folder)
    const ends = async (...words: string[]) => {
      const one = rcr(folder, words, environment)
      expect({ status: await one.ended, output: one.output() }).toMatchObject({ status: 0 })
    }
    const begin = async () => {
      const process = await startProcess(folder, environment)
      running.add(process)
      return process
    }
    const end = async (one: Running, how: () => Promise<unknown>) => {
      await how()
      running.delete(one)
    }
    const shown = async ({ api }: Running, slug: string, headers: Record<string, string> = {}) =>
      (await fetch(`${api}/api/v1/content/${slug}`, { headers })).status

    const readEpoch = async ({ ops }: Running) =>
      ((await (await fetch(`${ops}/readyz`)).json()) as { read: { position: { epoch: string } | null } }).read.position?.epoch

    await ends('create-table')
    const at = { process: await begin() }
    const authorization = await signIn(at.process.api)
    const camera = await cameraOf(at.process.api)
    const body = { title: 'Far from any disk', summary: 's', body: 'b', language: 'en', cameraId: camera, status: 'published' }
    const made = await post(`${at.process.api}/api/v1/reviews`, body, { authorization })
    expect(made.status).toBe(201)
    const { id, slug } = (await made.json()) as { id: string; slug: string }
    const token = { 'consistency-token': made.headers.get('consistency-token') ?? '' }
    const list = await fetch(`${at.process.api}/api/v1/content`, { headers: token })
    expect(((await list.json()) as { data: { slug: string }[] }).data[0]?.slug).toBe(slug)

    const room = newsroom(at, authorization, camera)
    room.ledger.push({ key: body.title, id, version: 1 })
    const writing = room.write(80)
    while (room.ledger.length < 40) await systemClock.sleep(1)
    await end(at.process, async () => {
      at.process.child.kill('SIGKILL')
      await at.process.ended
    })
    at.process = await begin()
    await writing
    await expectNothingLost(at.process.api, authorization, room.ledger)
    expect(await shown(at.process, slug)).toBe(200)
    await end(at.process, async () => expect(await stopProcess(at.process)).toBe(0))

    // As docs/dynamodb.md says of a table that was recovered.
    const call = clientAt(endpoint)
    const epoch = newEpoch(systemClock.now(), secureRandom)
    await call('UpdateItem', {
      TableName: table,
      Key: toWire(metaKey),
      UpdateExpression: 'SET epoch = :epoch',
      ExpressionAttributeValues: toWire({ ':epoch': epoch }),
    })
    at.process = await begin()
    expect(await shown(at.process, slug, token)).toBe(200)
    // Ready means that readers are answered, for a moment still from what stood before.
    while ((await readEpoch(at.process)) !== epoch) await systemClock.sleep(10)
    await ends('verify')
    await end(at.process, async () => expect(await stopProcess(at.process)).toBe(0))
    await call('DeleteTable', { TableName: table })
  }, 240_000)
})
