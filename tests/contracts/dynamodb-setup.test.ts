// Around the master on DynamoDB: its table, its copies, and who signs its requests.
import { describe, expect, test } from 'bun:test'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lentCredentials } from '../../src/engines/aws/credentials.ts'
import { createTable } from '../../src/engines/dynamodb/create-table.ts'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { logItem } from '../../src/engines/dynamodb/records.ts'
import { restoreTable } from '../../src/engines/dynamodb/restore.ts'
import { openTable } from '../../src/engines/dynamodb/table.ts'
import type { Item } from '../../src/engines/dynamodb/wire.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { dependencyOf } from '../dependencies.ts'
import { clientAt, dynamoIsMissing, testDynamo, testTable } from '../dynamodb.ts'
import { sampleReview } from '../samples.ts'

const around = { clock: systemClock, random: secureRandom }

describe.skipIf(dynamoIsMissing !== null)('a table of DynamoDB', () => {
  test('is created once, with expiry, however often it is asked for', async () => {
    const call = clientAt(await testDynamo())
    const name = 'created-here'
    await Promise.all([createTable(call, name, systemClock), createTable(call, name, systemClock)])
    await createTable(call, name, systemClock)
    expect(await call('DescribeTimeToLive', { TableName: name })).toMatchObject({
      TimeToLiveDescription: { AttributeName: 'ttl', TimeToLiveStatus: expect.stringMatching(/^ENABL/) },
    })
    expect(await call('DescribeTable', { TableName: name })).toMatchObject({
      Table: { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } },
    })
    const master = await openDynamoMaster({ table: name, call, ...around })
    expect((await master.head()).seq).toBe(0)
    await master.close()
    await call('DeleteTable', { TableName: name })
  })

  test('holds a log of many partitions, whose end is found, and which is fed from any place', async () => {
    const { table: name, call, drop } = await testTable()
    const table = openTable(name, call)
    const at = instant(systemClock)
    const entry = (seq: number) => JSON.stringify({ at, by: null, kind: 'camera', id: `c${seq}`, version: 1, createdAt: at, document: {} })
    // Every seventh item holds nothing public, every fifth two changes.
    const puts: Item[] = []
    let seq = 0
    for (let n = 1; n < 6000; n++) {
      const changes = n % 7 === 0 ? [] : n % 5 === 0 ? [entry(seq + 1), entry(seq + 2)] : [entry(seq + 1)]
      puts.push(logItem({ n, nonce: '00', seq, changes }))
      seq += changes.length
    }
    const endAt = (n: number) => Number(puts[n - 1]?.seq) + Number(puts[n - 1]?.count)
    let there = 0
    const put = async (to: number) => {
      await table.write({ puts: puts.slice(there, to) })
      there = to
    }
    for (const count of [1, 998, 999, 1000, 1999, 3500, 5997]) {
      await put(count)
      const master = await openDynamoMaster({ table: name, call, ...around })
      expect((await master.head()).seq).toBe(endAt(count))
      // Others go on: whoever has it open finds the new end too.
      await put(count === 3500 ? 5500 : count + 1)
      expect((await master.head()).seq).toBe(endAt(there))
      await master.close()
    }
    await put(puts.length)
    const master = await openDynamoMaster({ table: name, call, ...around })
    const seqs: number[] = []
    for (let more = await master.feed(0, 5000); more.length > 0; more = await master.feed(seqs.length, 777))
      seqs.push(...more.map((one) => one.seq))
    expect(seqs).toEqual(Array.from({ length: seq }, (_, i) => i + 1))
    const other = await openDynamoMaster({ table: name, call, ...around })
    for (const after of [0, 1, 998, 999, 1000, 2345, seq - 1])
      expect((await other.feed(after, 2)).map((one) => one.seq)).toEqual([after + 1, after + 2].filter((one) => one <= seq))
    await Promise.all([master.close(), other.close(), drop()])
  })

  test('is filled from a copy, with a later epoch, only when the copy is whole and the table empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rcr-copy-'))
    const [from, to] = await Promise.all([testTable(), testTable()])
    try {
      const master = await openDynamoMaster({ table: from.table, call: from.call, ...around, commitMs: 30_000 })
      const document = sampleReview(1)
      await master.commit({ at: instant(systemClock), by: null, writes: [{ kind: 'review', id: document.id, expected: 0, document }] })
      const position = await master.backup(folder)
      await master.close()
      const restored = (name: string) => restoreTable(openTable(name, from.call), folder, around)
      expect(await restored(from.table).catch((error: unknown) => error)).toMatchObject({ reason: 'conflict', code: 'occupied' })

      const copy = await restored(to.table)
      expect(copy).toMatchObject({ manifest: { epoch: position.epoch }, position: { seq: 1 } })
      expect(copy.position.epoch > position.epoch).toBe(true)
      const second = await openDynamoMaster({ table: to.table, call: to.call, ...around })
      expect(await second.head()).toEqual(copy.position)
      expect(await second.read('review', document.id)).toMatchObject({ version: 1 })
      await second.close()

      await appendFile(join(folder, 'items.ndjson'), ' ')
      expect(await restored(to.table).catch((error: unknown) => error)).toMatchObject({ reason: 'conflict' })
      await rm(join(folder, 'manifest.json'))
      expect(await restored(to.table).catch((error: unknown) => error)).toMatchObject({ reason: 'missing' })
    } finally {
      await Promise.all([from.drop(), to.drop(), rm(folder, { recursive: true })])
    }
  })
})

test('credentials that a container is lent are kept until shortly before they end, then borrowed anew', async () => {
  let nowMs = Date.parse('2026-11-21T10:00:00.000Z')
  let lent = 0
  let refused = 0
  let isClosed = false
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    if (isClosed) {
      refused += 1
      response.writeHead(503).end()
      return
    }
    asked.push(request.headers.authorization)
    lent += 1
    const Expiration = new Date(nowMs + 3_600_000).toISOString()
    response.end(JSON.stringify({ AccessKeyId: `key ${lent}`, SecretAccessKey: 'secret', Token: 'token', Expiration }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as { port: number }
    const clock = { ...systemClock, now: () => nowMs }
    const credentials = lentCredentials({
      url: `http://127.0.0.1:${port}/v2`,
      authorization: async () => `Bearer ${lent}`,
      clock,
      dependency: dependencyOf('credentials'),
    })
    const first = await Promise.all([credentials(), credentials(), credentials()])
    expect(first.map(({ accessKeyId }) => accessKeyId)).toEqual(['key 1', 'key 1', 'key 1'])
    nowMs += 55 * 60_000
    expect(await credentials()).toBe(first[0])
    nowMs += 2 * 60_000
    // Nobody waits for new ones while the old ones are good, nor is refused because there are none yet.
    isClosed = true
    expect(await credentials()).toBe(first[0])
    while (refused === 0) await systemClock.sleep(1)
    isClosed = false
    while ((await credentials()) === first[0]) await systemClock.sleep(1)
    expect(await credentials()).toEqual({ accessKeyId: 'key 2', secretAccessKey: 'secret', sessionToken: 'token' })
    expect(asked).toEqual(['Bearer 0', 'Bearer 1'])
    nowMs += 60 * 60_000
    isClosed = true
    expect(await credentials().catch((error: unknown) => error)).toBeInstanceOf(Error)
  } finally {
    server.close()
  }
})
