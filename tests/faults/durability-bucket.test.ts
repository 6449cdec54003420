// The second place of a master in a bucket: a genuine object store that is away, slow, wrong, or taken away from under an upload.
import { afterEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openShipBucket, openShippedBucket } from '../../src/engines/ship/bucket.ts'
import { openObjects } from '../../src/engines/ship/objects.ts'
import { type Ask, ObjectError, openS3 } from '../../src/engines/ship/s3.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Refusal } from '../../src/kit/refusal.ts'
import type { Master } from '../../src/ports/master.ts'
import { dependencyOf } from '../dependencies.ts'
import { askBucket, objectStoreIsMissing, type TestBucket, testBucket } from '../object-store.ts'
import { sampleReview, sampleTime } from '../samples.ts'
import { wholeLog } from '../whole-log.ts'
import { openWire, type Wire } from '../wire.ts'
import { shipSuite } from './ship.suite.ts'
import { commit, put, refusalOf, review, shipRoom } from './ship-room.ts'

const prefix = 'masters/home/'
const bucketPlace = (ask: Ask, partBytes?: number) => ({
  ask,
  place: 's3://bucket/masters/home',
  prefix,
  ...(partBytes !== undefined && { partBytes }),
})

describe.skipIf(objectStoreIsMissing !== null)('a second place in a bucket', () => {
  let store: TestBucket
  let wire: Wire
  /** Some tests ask differently. */
  let asked: ((ask: Ask) => Ask) | undefined
  const room = shipRoom(async (folder) => {
    store = await testBucket()
    wire = await openWire(store.endpoint)
    // What is tried again and how long is waited for is as in the table, but for a store that hangs.
    const straight = askBucket({ endpoint: wire.url, bucket: store.bucket, policy: { callMs: 5_000 } })
    const ask: Ask = (...words) => (asked?.(straight) ?? straight)(...words)
    const scratch = join(folder, 'scratch')
    return {
      ship: (epoch) => openShipBucket({ ...bucketPlace(ask), epoch, scratch, clock: systemClock, random: secureRandom }),
      shipped: () => openShippedBucket(bucketPlace(store.ask)),
      async contents() {
        const found = new Map<string, Buffer>()
        for (const { key } of await store.objects.list(prefix)) {
          const content = await store.objects.get(key).catch((error) => (error.status === 404 ? null : Promise.reject(error)))
          if (content !== null) found.set(key.slice(prefix.length).replace(/^[^/]*\//, ''), content)
        }
        return found
      },
      lose: async () => store.objects.remove((await store.objects.list(prefix)).filter(({ key }) => key.endsWith('.ship'))),
    }
  })
  afterEach(() => {
    wire.close()
    asked = undefined
  })
  const { opened, close, restored, at, place } = room
  const lengthOfLog = async () => (await wholeLog((await restored()).master)).length

  shipSuite(room, { entries: 60 })

  test('with sync nothing is acknowledged while it is away: commands are refused in words, reads go on, and it heals by itself', async () => {
    const metrics = openMetrics({ ofProcess: false })
    const master = await opened({ metrics })
    await put(master, 1)
    wire.cut()
    const key = (n: number) => ({ key: `key-${n}`, requestHash: '', answer: { status: 201 } })
    const commitWith = (n: number) => master.commit({ at: instant(systemClock), by: null, writes: [review(n)], idempotency: key(n) })
    expect(await refusalOf(commitWith(2))).toMatchObject({ reason: 'unavailable' })
    for (let code = ''; code !== 'ship-failed'; ) code = (await refusalOf(commitWith(3))).code
    expect((await refusalOf(master.idempotency('key-2'))).reason).toBe('unavailable')
    expect(await master.read('review', sampleReview(1).id)).not.toBeNull()
    expect((await metrics.text()).body).toMatch(/^rcr_ship_failing 1$/m)
    wire.mend()
    for (let isDone = false; !isDone; ) {
      isDone = await commitWith(3).then(
        () => true,
        (error: Refusal) => error.reason !== 'unavailable',
      )
      await systemClock.sleep(20)
    }
    expect(await commitWith(2)).toMatchObject({ committed: false, because: 'repeat' })
    expect(await lengthOfLog()).toBe(3)
  })

  test('without sync commits go on while it hangs, and it catches up from where it was', async () => {
    const master = await opened({ mode: 'async' })
    await put(master, 1)
    wire.hang()
    await put(master, 2, 3, 4)
    wire.mend()
    await close(master)
    expect(await lengthOfLog()).toBe(4)
  })

  test('what it refuses is told: a bucket that is not there, a key that is wrong, no room', async () => {
    const master = await opened()
    await put(master, 1)
    const missing = askBucket({ endpoint: store.endpoint, bucket: 'no-such-bucket' })
    const wrong = askBucket({
      endpoint: store.endpoint,
      bucket: store.bucket,
      credentials: { accessKeyId: 'test:editor', secretAccessKey: 'guessed' },
    })
    for (const [ask, code] of [
      [missing, 'NoSuchBucket'],
      [wrong, 'SignatureDoesNotMatch'],
    ] as const) {
      const ship = openShipBucket({ ...bucketPlace(ask), epoch: 'x', scratch: at('other'), clock: systemClock, random: secureRandom })
      const refusal = await refusalOf(ship.append([{ number: 1, bytes: Buffer.from('x') }]))
      expect(refusal).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
      expect(refusal.cause).toMatchObject({ code })
    }
    const full = await fullStore()
    const ship = openShipBucket({ ...bucketPlace(full.ask), epoch: 'x', scratch: at('other'), clock: systemClock, random: secureRandom })
    expect(await refusalOf(ship.append([{ number: 1, bytes: Buffer.from('x') }]))).toMatchObject({ reason: 'full', code: 'ship-full' })
    full.server.stop(true)
  })

  /** As another process of this master would make it, of so many bytes. */
  const base = async (master: Master, number: number, ask: Ask, { bytes = 1000, clock = systemClock } = {}) => {
    const { epoch } = await master.head()
    const ship = openShipBucket({ ...bucketPlace(ask, part), epoch, scratch: at(`scratch-${number}`), clock, random: secureRandom })
    await ship.keepBase({
      bytes,
      isAlone: true,
      async copy(folder) {
        await master.backup(folder)
        await writeFile(join(folder, 'data.mdb'), randomBytes(bytes))
        return { number, at: sampleTime }
      },
    })
    await ship.prune()
  }
  const numbersOfBases = async () =>
    [...(await place().contents()).keys()].flatMap((name) => /^base-(\d+)/.exec(name)?.slice(1) ?? []).map(Number)
  const killed = () => Promise.reject(new Error('killed'))

  test('a base whose upload ends in the middle is none, and what was there of it goes with the next one', async () => {
    const master = await opened()
    await put(master, 1)
    const { epoch } = await master.head()
    const before = await place().ship(epoch).base()
    // The process dies: no part, and nothing after it, arrives.
    const inTheMiddle: Ask = (one, asking) =>
      one.method === 'DELETE' || one.query?.startsWith('?partNumber=2') ? killed() : store.ask(one, asking)
    expect((await refusalOf(base(master, 101, inTheMiddle, { bytes: 3 * part - 1 }))).code).toBe('ship-failed')
    const uploads = async () => (await store.ask({ method: 'GET', key: '', query: '?uploads=' })).bytes.toString().match(/<Upload>/g)
    expect(await uploads()).toHaveLength(1)
    const beforeItsManifest: Ask = (one, asking) => (one.key.endsWith('manifest.json') ? killed() : store.ask(one, asking))
    expect((await refusalOf(base(master, 102, beforeItsManifest))).code).toBe('ship-failed')
    expect(await place().ship(epoch).base()).toEqual(before)
    for (const n of [101, 102]) expect(await readdir(at(`scratch-${n}`))).toEqual([])
    await base(master, 103, store.ask)
    expect(await uploads()).toHaveLength(1) // its process might still be at it
    await base(master, 104, store.ask, { clock: { ...systemClock, now: () => Date.now() + 25 * 3_600_000 } })
    expect(await uploads()).toBeNull()
    expect(await numbersOfBases()).toEqual([104, 104])
  })

  test('a base whose data another process took for something left over is none, and takes nothing away', async () => {
    const master = await opened()
    await put(master, 1)
    const slow: Ask = async (one, asking) => {
      if (one.method === 'PUT' && one.key.endsWith('manifest.json')) await base(master, 109, store.ask)
      return store.ask(one, asking)
    }
    expect((await refusalOf(base(master, 108, slow))).code).toBe('ship-failed')
    await base(master, 110, store.ask)
    expect(await numbersOfBases()).toEqual([110, 110])
  })

  test('an upload that is done though the answer was lost is done', async () => {
    const master = await opened()
    await put(master, 1)
    const forgetful: Ask = async (one, asking) => {
      const answer = await store.ask(one, asking)
      // As S3 answers who asks again.
      if (one.method === 'POST' && one.query !== '?uploads=') throw new ObjectError(404, 'NoSuchUpload', '')
      return answer
    }
    await base(master, 101, forgetful, { bytes: 2 * part })
    expect(await numbersOfBases()).toEqual([101, 101])
  })

  describe('what could not be removed goes later, without another base', () => {
    let nowMs = Date.parse(sampleTime)
    const clock = { ...systemClock, now: () => nowMs, monotonic: () => nowMs }
    let fails = false
    const twoBases = async () => {
      fails = false
      asked = (straight) => (one, asking) => (fails && one.method === 'DELETE' ? Promise.reject(new Error('cut')) : straight(one, asking))
      const master = await opened({ clock })
      await put(master, 1)
      fails = true
      nowMs += 24 * 3_600_000 + 1
      await put(master, 2)
      while ((await numbersOfBases()).length < 4) await systemClock.sleep(20)
      return master
    }
    const untilPruned = async () => {
      fails = false
      while ((await numbersOfBases()).length > 2) await systemClock.sleep(20)
      expect(await lengthOfLog()).toBe(2)
    }

    test('a minute later', async () => {
      await twoBases()
      nowMs += 60_001
      await untilPruned()
    })

    test('at the next start', async () => {
      await close(await twoBases())
      await opened({ clock })
      await untilPruned()
    })
  })

  test('no copy is made where the master would be left without room', async () => {
    const ship = place().ship('x')
    let copies = 0
    const copy = async () => ({ number: ++copies, at: sampleTime })
    const refusal = await refusalOf(ship.keepBase({ bytes: 2 ** 50, isAlone: true, copy }))
    expect(refusal).toMatchObject({ reason: 'full', code: 'ship-crowded', message: expect.stringContaining(at('scratch')) })
    expect(copies).toBe(0)
  })

  test('a store that hangs holds up neither a start nor an end; with sync nothing is acknowledged meanwhile', async () => {
    await close(await opened())
    wire.hang()
    const clock = openStopwatch()
    const hung = await opened()
    expect(clock()).toBeLessThan(7_000)
    expect(await refusalOf(commit(hung, review(1)))).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
    clock()
    await close(hung)
    expect(clock()).toBeLessThan(4_000)
    const master = await opened()
    wire.mend()
    const isCommitted = () =>
      commit(master, review(1)).then(
        ({ committed }) => committed,
        () => false,
      )
    while (!(await isCommitted())) await systemClock.sleep(20)
    expect(await lengthOfLog()).toBe(1)
  }, 30_000)

  test('a restoration that loses the store in the middle says so, and leaves nothing behind', async () => {
    const master = await opened()
    await put(master, 1, 2, 3)
    await close(master)
    let asks = 0
    const failing: Ask = (one, asking) =>
      one.method === 'GET' && one.key.endsWith('.ship') && ++asks > 1 ? Promise.reject(new Error('cut')) : store.ask(one, asking)
    const real = place().shipped
    place().shipped = () => openShippedBucket(bucketPlace(failing))
    const names = async () => (await readdir(at('.'))).toSorted()
    const before = await names()
    expect(await refusalOf(restored())).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
    expect(await names()).toEqual(before)
    place().shipped = real
    expect(await lengthOfLog()).toBe(3)
  })

  test('an answer that is none is not taken for one: no list, one without an end, another part than was asked for', async () => {
    const answering =
      (change: (text: string) => string): Ask =>
      async (one, asking) => {
        const { bytes, etag } = await store.ask(one, asking)
        return { bytes: Buffer.from(change(bytes.toString())), etag }
      }
    await store.objects.put('a', Buffer.from('x'), 10_000)
    const noList = openObjects(answering(() => '<html>Bad gateway</html>'))
    await expect(noList.list('')).rejects.toThrow('no list')
    const endless = openObjects(answering((text) => text.replace('<IsTruncated>false', '<IsTruncated>true')))
    await expect(endless.list('')).rejects.toThrow('does not end')
    const whole = openObjects(
      answering((text) => (text === 'x' ? 'xx' : text)),
      part,
    )
    await expect(whole.getFile('a', at('a'))).rejects.toThrow('another part')
    expect(await readdir(at('.'))).not.toContain('a')
  })

  test('S3 itself is asked at the host of the bucket, and at a path where the host would not be in its certificate', async () => {
    const askedAt = async (bucket: string) => {
      const urls: string[] = []
      const sign = (url: string) => {
        urls.push(url)
        return Promise.reject(new Error('not sent'))
      }
      const ask = openS3({ bucket, endpoint: null, region: 'sa-east-1', sign, dependency: dependencyOf('ship', { tries: 1 }) })
      await ask({ method: 'GET', key: 'masters/a b' }).catch(() => {})
      return urls
    }
    expect(await askedAt('reviews')).toEqual(['https://reviews.s3.sa-east-1.amazonaws.com/masters/a%20b'])
    expect(await askedAt('reviews.example')).toEqual(['https://s3.sa-east-1.amazonaws.com/reviews.example/masters/a%20b'])
  })

  test('files of several parts, and lists of several pages', async () => {
    const objects = openObjects(store.ask, part)
    const content = randomBytes(2 * part + 1)
    await writeFile(at('big'), content)
    await objects.putFile('big', at('big'))
    await objects.getFile('big', at('back'))
    expect((await readFile(at('back'))).equals(content)).toBe(true)
    await writeFile(at('not again'), '')
    await expect(objects.getFile('big', at('not again'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(objects.getFile('none', at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
    const keys = Array.from({ length: 22 }, (_, n) => `many/${String(n).padStart(2, '0')}`)
    await Promise.all(keys.map((key) => objects.put(key, Buffer.from('x'), 10_000)))
    let pages = 0
    const inPages: Ask = (one, asking) => {
      pages += 1
      return store.ask({ ...one, query: `${one.query}&max-keys=7` }, asking)
    }
    expect((await openObjects(inPages).list('many/')).map(({ key }) => key)).toEqual(keys)
    expect(pages).toBe(4)
    expect(await objects.folders('')).toEqual(['many'])
    await objects.remove(keys.map((key) => ({ key })))
    expect(await objects.list('many/')).toEqual([])
    await objects.remove([{ key: 'never there' }])
  })
})

/** The time since it was asked last. */
function openStopwatch(): () => number {
  let sinceMs = systemClock.monotonic()
  return () => {
    const tookMs = systemClock.monotonic() - sinceMs
    sinceMs += tookMs
    return tookMs
  }
}

/** The least that S3 takes. */
const part = 5 * 1024 * 1024

/** As MinIO answers on a full disk; a disk of Swift's own cannot be filled here. */
async function fullStore() {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('<Error><Code>XMinioStorageFull</Code></Error>', { status: 507 }),
  })
  return { server, ask: askBucket({ endpoint: server.url.href, bucket: 'bucket', policy: { tries: 1 } }) }
}
