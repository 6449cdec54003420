// Every single request of a commit lost, doubled, answered with an error although it was done, or held up until others have written:
// each time the commit is there once or not at all, and everything else follows from the log.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Call, type Fetch, NoAnswer } from '../../src/engines/dynamodb/client.ts'
import { documentPartition, highest, lowest, redoPartition, versionKey } from '../../src/engines/dynamodb/keys.ts'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { openTable, type Table } from '../../src/engines/dynamodb/table.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Commit, Master, Outcome } from '../../src/ports/master.ts'
import { audit, clientAt, dynamoIsMissing, testTable } from '../dynamodb.ts'
import { sampleCamera, sampleReview } from '../samples.ts'

const around = { clock: systemClock, random: secureRandom, commitMs: 30_000 }

describe.skipIf(dynamoIsMissing !== null)('a master on DynamoDB', () => {
  let at: Awaited<ReturnType<typeof testTable>>
  beforeEach(async () => {
    at = await testTable()
  })
  afterEach(() => at.drop())
  const open = (call: Call = at.call) => openDynamoMaster({ table: at.table, call, ...around })
  const openOver = (fetch: Fetch) => open(clientAt(at.endpoint, fetch))
  const commit = (master: Master, wanted: Partial<Commit>) => master.commit({ at: instant(systemClock), by: null, writes: [], ...wanted })

  const publishing = (n: number): Partial<Commit> => {
    const review = sampleReview(n)
    return {
      writes: [
        { kind: 'review', id: review.id, expected: 0, document: review },
        { kind: 'note', id: `test:${n}`, expected: 0, document: { id: '', value: n } },
      ],
      claims: { take: [{ name: `slug:${n}`, owner: review.id }] },
      adjust: [{ counter: 'published', by: 1 }],
      idempotency: { key: `key ${n}`, requestHash: '', answer: { status: 201 } },
    }
  }

  /** Each deals with one request in its way. */
  const faults: Record<string, Fetch> = {
    'never arrives': () => Promise.reject(new Error('cut off')),
    'arrives, and its answer does not': async (request) => {
      await (await fetch(request)).arrayBuffer()
      throw new Error('cut off')
    },
    'arrives twice': async (request) => {
      await (await fetch(request.clone())).arrayBuffer()
      return fetch(request)
    },
    'is done, and answered with 500': async (request) => {
      await (await fetch(request)).arrayBuffer()
      return new Response('{"__type":"InternalServerError"}', { status: 500 })
    },
    'is throttled': async () => new Response('{"__type":"x#ThrottlingException"}', { status: 400 }),
  }

  for (const [fault, faulty] of Object.entries(faults))
    test(`of whose requests any one ${fault} commits exactly once what is tried again under its key`, async () => {
      let published = 0
      for (let nth = 1; ; nth++) {
        let count = 0
        const passing: Fetch = (request) => (++count === nth ? faulty(request) : fetch(request))
        const master = await openOver(passing).catch((error: unknown) => {
          expect(error).toMatchObject({ reason: 'unavailable' })
          return openOver(passing)
        })
        published += 1
        for (let done = false; !done; ) {
          const outcome = await commit(master, publishing(published)).catch((error: unknown) => error)
          if (outcome instanceof Error) expect(outcome).toMatchObject({ reason: 'unavailable' })
          else done = (outcome as Outcome).committed || (outcome as { because: string }).because === 'repeat'
        }
        expect(await master.versionOf('note', `test:${published}`).catch(() => 1)).toBe(1)
        await master.close()
        if (count < nth) break
      }
      expect(published).toBeGreaterThan(8)
      const last = await open()
      expect(await last.list('reviews', '*', { limit: 200 })).toMatchObject({ documents: { length: published } })
      await last.close()
      const { changes, claims, counters, notes, repeats } = await audit(at.call, at.table)
      expect([changes.length, claims.size, counters.get('published'), notes.size, repeats.size]).toEqual(Array(5).fill(published))
    }, 120_000)

  test('any of whose requests is held up until another process has gone on is judged anew, and does no harm afterwards', async () => {
    const other = await open()
    const camera = (n: number, expected: number, slug: string) => {
      const document = sampleCamera(n, { slug })
      return { kind: 'camera', id: document.id, expected, document } as const
    }
    const note = (n: number) => `test:${n}`
    let counted = 0
    for (let nth = 1; ; nth++) {
      const names = [`a${nth}`, `b${nth}`] as const
      await commit(other, {
        writes: [camera(nth, 0, `first-${nth}`), { kind: 'note', id: note(nth), expected: 0, document: { id: '', value: 'first' } }],
        claims: { take: [{ name: names[0], owner: 'first' }] },
      })
      const gate = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      let count = -1000 // opening it is not what is held up
      const slow = await openOver(async (request) => {
        count += 1
        if (count === nth) {
          held.resolve()
          await gate.promise
        }
        return fetch(request)
      })
      count = 0
      const wanted = commit(slow, {
        writes: [camera(nth, 1, `slow-${nth}`), { kind: 'note', id: note(nth), expected: 1, document: { id: '', value: 'slow' } }],
        claims: { release: [{ name: names[0], owner: 'first' }], take: [{ name: names[1], owner: 'slow' }] },
        adjust: [{ counter: 'counted', by: 1 }],
      })
      const finished = wanted.then(() => slow.list('cameras', '*', { limit: 1 }))
      const wasHeld = await Promise.race([held.promise.then(() => true), finished.then(() => false)])
      const [version, noted] = await Promise.all([other.versionOf('camera', sampleCamera(nth).id), other.versionOf('note', note(nth))])
      const overtaking = await commit(other, {
        writes: [camera(nth, version, `other-${nth}`), { kind: 'note', id: note(nth), expected: noted, document: null }],
        claims: { release: [{ name: names[1], owner: 'slow' }], take: [{ name: names[1], owner: 'other' }] },
        adjust: [{ counter: 'counted', by: 1 }],
      })
      expect(overtaking.committed).toBe(true)
      await other.list('cameras', '*', { limit: 1 })
      gate.resolve()
      const outcome = await wanted
      await finished
      await slow.close()
      counted += outcome.committed ? 2 : 1
      expect(outcome.committed).toBe(version === 2)
      if (!outcome.committed) expect(outcome).toMatchObject({ because: 'version', current: 2 })

      expect(await other.read('camera', sampleCamera(nth).id)).toMatchObject({ slug: `other-${nth}`, version: outcome.committed ? 3 : 2 })
      expect([await other.read('note', note(nth)), await other.versionOf('note', note(nth))]).toEqual([null, 0])
      expect(await Promise.all(names.map((name) => other.owner(name)))).toEqual([outcome.committed ? null : 'first', 'other'])
      expect(await other.counter('counted')).toBe(counted)
      if (!wasHeld) break
    }
    const { documents } = await other.list('cameras', '*', { limit: 200 })
    expect(documents.every(({ slug }) => slug.startsWith('other-'))).toBe(true)
    expect(documents.length).toBeGreaterThan(6)
    expect(new Set(documents.map(({ id }) => id)).size).toBe(documents.length)
    await other.close()
    // A place that comes late may lie about: no list shows it.
    await audit(at.call, at.table, 'late places')
  }, 120_000)

  /** Requests that say this are held up, once the gate is set. */
  const holdingUp = (word: string) => {
    const [gate, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const fetched: Fetch = async (request) => {
      if ((await request.clone().text()).includes(word)) {
        held.resolve()
        await gate.promise
      }
      return fetch(request)
    }
    return { fetch: fetched, held: held.promise, release: gate.resolve }
  }

  test('in which an older version is missing still, though a newer is there, takes nothing for the newest that is not', async () => {
    const first = await open()
    const camera = (expected: number) => {
      const document = sampleCamera(1)
      return { writes: [{ kind: 'camera', id: document.id, expected, document }] } as const
    }
    await commit(first, camera(0))
    await first.list('cameras', '*', { limit: 1 })
    const gate = holdingUp('\\"version\\":2')
    const slow = await openOver((request) =>
      request.headers.get('x-amz-target')?.endsWith('BatchWriteItem') ? gate.fetch(request) : fetch(request),
    )
    expect((await commit(slow, camera(1))).committed).toBe(true)
    await gate.held
    // To this one no time passes: it leaves the other's work to the other.
    const fast = await openDynamoMaster({ ...around, table: at.table, call: at.call, clock: { ...systemClock, monotonic: () => 0 } })
    expect((await commit(fast, camera(2))).committed).toBe(true)
    const table = openTable(at.table, at.call)
    const versions = async () => {
      const keys = [2, 3].map((version) => versionKey(documentPartition('camera', sampleCamera(1).id), version))
      return (await table.get(keys)).map((item) => item !== undefined)
    }
    while (!(await versions())[1]) await systemClock.sleep(5)
    while ((await redos(table)).length > 1) await systemClock.sleep(5)
    expect(await versions()).toEqual([false, true])
    for (const expected of [0, 1, 2]) expect(await commit(fast, camera(expected))).toMatchObject({ committed: false, current: 3 })
    gate.release()
    await Promise.all([first, slow, fast].map((one) => one.close()))
    expect((await audit(at.call, at.table)).changes).toHaveLength(3)
  }, 60_000)

  test('from which a document was swept does not get it back from whoever was paused while writing it', async () => {
    const gate = holdingUp('TransactItems')
    const [slow, other] = [await openOver(gate.fetch), await open()]
    const note = (expected: number, value: string) => ({ kind: 'note', id: 'n', expected, document: { id: 'n', value } }) as const
    expect((await commit(slow, { writes: [note(0, 'for ever')] })).committed).toBe(true)
    await gate.held
    const expiresAt = instant(systemClock)
    expect((await commit(other, { writes: [{ ...note(1, 'for a moment'), expiresAt }] })).committed).toBe(true)
    expect(await other.sweep(instant(systemClock))).toBe(1)
    gate.release()
    await slow.close()
    expect([await other.read('note', 'n'), await other.versionOf('note', 'n')]).toEqual([null, 0])
    expect((await commit(other, { writes: [note(0, 'anew')] })).committed).toBe(true)
    expect(await other.read('note', 'n')).toMatchObject({ version: 1, value: 'anew' })
    await other.close()
  }, 60_000)

  test('whose put is not answered in time says that the outcome is unknown; the key tells it afterwards', async () => {
    await (await open()).close()
    const gate = holdingUp('"nonce":{')
    const slow = await openDynamoMaster({ ...around, table: at.table, call: clientAt(at.endpoint, gate.fetch), commitMs: 300 })
    const late = await commit(slow, publishing(1)).catch((error: unknown) => error)
    expect(late).toMatchObject({ reason: 'unavailable', code: 'master-late' })
    const queued = await commit(slow, publishing(2)).catch((error: unknown) => error)
    expect(queued).toMatchObject({ reason: 'unavailable', code: 'master-late' })
    gate.release()
    await slow.close()
    const other = await open()
    expect(await commit(other, publishing(1))).toMatchObject({ because: 'repeat', record: { position: { seq: 1 } } })
    // Nobody waited for this one any more when its turn came.
    expect((await commit(other, publishing(2))).committed).toBe(true)
    await other.close()
    expect((await audit(at.call, at.table)).changes).toHaveLength(2)
  }, 60_000)

  test('that is asked for hundreds of things at once is sent a few requests at a time', async () => {
    let [count, underWay, most] = [0, 0, 0]
    const master = await openOver(async (request) => {
      count += 1
      underWay += 1
      most = Math.max(most, underWay)
      return fetch(request).finally(() => {
        underWay -= 1
      })
    })
    await commit(master, publishing(1))
    count = 0
    const owners = await Promise.all(Array.from({ length: 500 }, (_, n) => master.owner(`slug:${n}`)))
    expect(owners.filter((owner) => owner !== null)).toEqual([sampleReview(1).id])
    expect(count).toBeLessThan(40)
    const reviews = await Promise.all(Array.from({ length: 200 }, (_, n) => master.read('review', sampleReview(n).id)))
    expect(reviews.filter((review) => review !== null)).toHaveLength(1)
    expect(most).toBeLessThanOrEqual(32)
    await master.close()
  }, 60_000)

  test('that nobody can reach refuses as unavailable, and goes on when it is there again', async () => {
    let isThere = true
    const master = await openOver((request) => (isThere ? fetch(request) : Promise.reject(new Error('no route'))))
    await commit(master, publishing(1))
    isThere = false
    const refused = [
      commit(master, publishing(2)),
      master.read('review', sampleReview(1).id),
      master.head(),
      master.feed(0, 10),
      master.owner('slug:1'),
    ]
    for (const one of await Promise.allSettled(refused)) {
      expect(one.status).toBe('rejected')
      expect((one as PromiseRejectedResult).reason).toBeInstanceOf(Refusal)
      expect((one as PromiseRejectedResult).reason).toMatchObject({ reason: 'unavailable' })
    }
    isThere = true
    expect((await commit(master, publishing(2))).committed).toBe(true)
    expect(await master.read('review', sampleReview(1).id)).toMatchObject({ version: 1 })
    await master.close()
    expect((await audit(at.call, at.table)).changes).toHaveLength(2)
  }, 60_000)

  test('whose table is missing says how to make it', async () => {
    const missing = openDynamoMaster({ table: 'nowhere', call: at.call, clock: systemClock, random: secureRandom })
    expect(await missing.catch((error: unknown) => error)).toMatchObject({ reason: 'unavailable', code: 'master-unusable' })
  })
})

describe('a request to DynamoDB', () => {
  const asking = (fetch: Fetch) => clientAt('http://127.0.0.1:1', fetch, 50)('GetItem', {}).catch((error: unknown) => error)

  test('that is not answered in time is given up, and its connection with it', async () => {
    const asked: Request[] = []
    const never: Fetch = (request) => new Promise(() => asked.push(request))
    expect(await asking(never)).toBeInstanceOf(NoAnswer)
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true])
  })

  test('that is throttled is tried again, not for ever; any other refusal is final', async () => {
    let asked = 0
    const refusing = (status: number, code: string): Fetch => {
      asked = 0
      return async () => {
        asked += 1
        return new Response(`{"__type":"com.amazonaws.dynamodb.v20120810#${code}","message":"no"}`, { status })
      }
    }
    expect(await asking(refusing(400, 'ThrottlingException'))).toMatchObject({ code: 'ThrottlingException' })
    expect(asked).toBe(8)
    expect(await asking(refusing(503, 'ServiceUnavailable'))).toMatchObject({ status: 503 })
    expect(asked).toBe(8)
    for (const code of ['ConditionalCheckFailedException', 'ValidationException', 'AccessDeniedException']) {
      expect(await asking(refusing(400, code))).toMatchObject({ code, message: `${code}: no` })
      expect(asked).toBe(1)
    }
  })
})

const redos = async (table: Table) => (await Array.fromAsync(table.pages({ pk: redoPartition, from: lowest, to: highest }))).flat()
