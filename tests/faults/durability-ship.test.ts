// The second place of a master: what is there brings the master back, whatever was torn, lost, doubled or erased meanwhile.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { appendFile, cp, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { restoreLmdbMaster } from '../../src/engines/lmdb/restore.ts'
import { openShipFolder } from '../../src/engines/ship/folder.ts'
import { openShipped } from '../../src/engines/ship/shipped.ts'
import { type Clock, instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Master, Write } from '../../src/ports/master.ts'
import type { Ship } from '../../src/ports/ship.ts'
import { sampleAccount, sampleReview, sampleTime } from '../samples.ts'
import { wholeLog } from '../whole-log.ts'

let room: string
let data: string
let place: string
const masters = new Set<Master>()
beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), 'rcr-ship-'))
  data = join(room, 'master')
  place = join(room, 'place')
})
afterEach(async () => {
  for (const master of masters) await master.close()
  masters.clear()
  await rm(room, { recursive: true })
})

interface Opening {
  mode?: 'async' | 'sync' | 'off' | null
  folder?: string
  clock?: Clock
  metrics?: ReturnType<typeof openMetrics>
}
async function opened({
  mode = 'sync',
  folder = data,
  clock = systemClock,
  metrics = openMetrics({ ofProcess: false }),
}: Opening = {}): Promise<Master> {
  const to = { mode: mode === 'async' ? 'async' : 'sync', ship: (epoch: string) => openShipFolder(place, epoch, secureRandom) } as const
  const ship = mode === null || mode === 'off' ? mode : to
  const master = await openLmdbMaster({ folder, clock, diskClock: clock, random: secureRandom, ship, metrics })
  masters.add(master)
  return master
}
async function close(master: Master): Promise<void> {
  masters.delete(master)
  await master.close()
}
const commit = (master: Master, ...writes: Write[]) =>
  master.commit({ at: sampleTime, by: null, writes, adjust: [{ counter: 'commits', by: 1 }] })
const review = (n: number, expected = 0): Write => ({ kind: 'review', id: sampleReview(n).id, expected, document: sampleReview(n) })
const account = (n: number, expected = 0): Write => ({ kind: 'account', id: sampleAccount(n).id, expected, document: sampleAccount(n) })
const put = async (master: Master, ...numbers: number[]) => {
  for (const n of numbers) expect((await commit(master, review(n), account(n))).committed).toBe(true)
}
const refusalOf = (promise: Promise<unknown>): Promise<Refusal> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
  )

async function restored(from: string | null = null): Promise<{ master: Master; replayed: number }> {
  const to = join(room, `restored-${(await readdir(room)).length}`)
  const { replayed } = await restoreLmdbMaster({
    from,
    to,
    shipped: await openShipped(place),
    clock: systemClock,
    random: secureRandom,
    progress() {},
  })
  return { master: await opened({ mode: null, folder: to }), replayed }
}
const everything = async (master: Master) => ({
  log: await wholeLog(master),
  accounts: await Array.fromAsync(master.privates('account')),
  reviews: await master.list('reviews', '*', { limit: 200 }),
  commits: await master.counter('commits'),
})
const epochFolder = async () => join(place, (await readdir(place)).toSorted().at(-1) ?? '')
const filesOf = async (pattern: RegExp) => (await readdir(await epochFolder())).filter((name) => pattern.test(name)).toSorted()
const segments = async () => Promise.all((await filesOf(/\.ship$/)).map(async (name) => join(await epochFolder(), name)))

test('what is acknowledged comes back from the second place alone: log, private documents, indexes, counters, removals', async () => {
  const master = await opened()
  await put(master, 1, 2, 3)
  await commit(master, { ...account(2, 1), document: null } as Write)
  await commit(master, review(3, 1))
  const before = await everything(master)
  const { epoch } = await master.head()
  const { master: back, replayed } = await restored()
  expect(replayed).toBe(5)
  expect(await everything(back)).toEqual(before)
  expect((await back.head()).epoch > epoch).toBe(true)
  expect(await commit(back, review(9))).toMatchObject({ committed: true, position: { seq: before.log.length + 1 } })
})

test('a backup is followed by the entries that are newer than it', async () => {
  const master = await opened()
  await put(master, 1, 2)
  await master.backup(join(room, 'backup'))
  await put(master, 3, 4, 5)
  const { master: back, replayed } = await restored(join(room, 'backup'))
  expect(replayed).toBe(3)
  expect(await everything(back)).toEqual(await everything(master))
})

test('an epoch after a restoration is later even when the clock of the machine is not', async () => {
  const master = await opened()
  await put(master, 1)
  const { epoch } = await master.head()
  const to = join(room, 'early')
  const clock = { ...systemClock, now: () => 0 }
  const { position } = await restoreLmdbMaster({
    from: null,
    to,
    shipped: await openShipped(place),
    clock,
    random: secureRandom,
    progress() {},
  })
  expect(position.epoch > epoch).toBe(true)
})

test('with sync nothing is acknowledged that is not there: commands are refused in words, reads go on, and it heals by itself', async () => {
  const metrics = openMetrics({ ofProcess: false })
  const master = await opened({ metrics })
  await put(master, 1)
  await rename(place, `${place}.away`)
  await writeFile(place, '')
  const key = (n: number) => ({ key: `key-${n}`, requestHash: '', answer: { status: 201 } })
  const commitWith = (n: number) => master.commit({ at: instant(systemClock), by: null, writes: [review(n)], idempotency: key(n) })
  // It may be stored, but that must not be told, neither now nor to a repeat.
  expect(await refusalOf(commitWith(2))).toMatchObject({ reason: 'unavailable', code: 'master-late' })
  expect(await refusalOf(commitWith(3))).toMatchObject({ reason: 'unavailable', code: 'ship-failed', retryAfterS: 2 })
  expect((await refusalOf(master.idempotency('key-2'))).reason).toBe('unavailable')
  expect(await master.read('review', sampleReview(1).id)).not.toBeNull()
  expect((await metrics.text()).body).toMatch(/rcr_ship_failing 1\nrcr|rcr_ship_failing 1$/m)
  await rm(place)
  await rename(`${place}.away`, place)
  for (let tries = 0; ; tries++) {
    const outcome = await commitWith(3).catch((error: Refusal) => error.code)
    if (typeof outcome !== 'string') break
    expect(tries).toBeLessThan(200)
    await systemClock.sleep(50)
  }
  expect(await commitWith(2)).toMatchObject({ committed: false, because: 'repeat' })
  expect((await wholeLog((await restored()).master)).length).toBe(3)
}, 30_000)

test('an empty folder in its stead, as of a disk that is no longer mounted, is not taken for the second place', async () => {
  const master = await opened()
  await put(master, 1)
  await rename(place, `${place}.away`)
  await mkdir(place)
  expect((await refusalOf(commit(master, review(2)))).reason).toBe('unavailable')
  expect(await refusalOf(commit(master, review(3)))).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
  expect(await readdir(place)).toEqual([])
  await rm(place, { recursive: true })
  await rename(`${place}.away`, place)
  await close(master)
  expect((await wholeLog((await restored()).master)).length).toBe(2)
})

test('without sync commits go on while the second place is away, and it catches up from where it was', async () => {
  const master = await opened({ mode: 'async' })
  await put(master, 1)
  await rename(place, `${place}.away`)
  await writeFile(place, '')
  await put(master, 2, 3, 4)
  await rm(place)
  await rename(`${place}.away`, place)
  await close(master)
  expect((await wholeLog((await restored()).master)).length).toBe(4)
})

test('what a process that died had not shipped yet is shipped by the next one', async () => {
  const master = await opened({ mode: 'async' })
  await put(master, 1)
  await rename(place, `${place}.away`)
  await writeFile(place, '')
  await put(master, 2)
  await close(master) // cannot ship
  await rm(place)
  await rename(`${place}.away`, place)
  await close(await opened())
  expect((await wholeLog((await restored()).master)).length).toBe(2)
})

test('a torn tail is passed over, and what follows in another segment is found', async () => {
  const master = await opened()
  await put(master, 1, 2)
  await close(master)
  const [segment = ''] = await segments()
  await appendFile(segment, (await readFile(segment)).subarray(0, 100))
  const again = await opened()
  await put(again, 3)
  expect((await wholeLog((await restored()).master)).length).toBe(3)
})

test('an entry that was lost or changed is named, and nothing is restored around it', async () => {
  const master = await opened()
  await put(master, 1, 2, 3)
  await close(master)
  const [segment = ''] = await segments()
  const bytes = await readFile(segment)
  const at = bytes.indexOf(sampleReview(2).id)
  const file = await open(segment, 'r+')
  await file.write('X', at)
  await file.close()
  expect(await refusalOf(restored())).toMatchObject({ reason: 'conflict', code: 'ship-gap' })
  await truncate(segment, at)
  expect((await wholeLog((await restored()).master)).length).toBe(1)
})

test('two masters of one epoch do not mix: the older copy is refused, and entries that differ are told', async () => {
  const master = await opened()
  await put(master, 1)
  await close(master)
  await cp(data, join(room, 'copy'), { recursive: true })
  await put(await opened(), 2)
  expect(await refusalOf(opened({ folder: join(room, 'copy') }))).toMatchObject({
    code: 'master-unusable',
    message: expect.stringContaining('Use rcr restore'),
  })
  // Even when the second place was away at that moment.
  const elsewhere = join(room, 'elsewhere')
  await rename(place, elsewhere)
  const forked = await opened({ folder: join(room, 'copy') })
  await put(forked, 7)
  for (const name of await readdir(await epochFolder()))
    if (name.endsWith('.ship')) await cp(join(await epochFolder(), name), join(elsewhere, (await readdir(elsewhere))[0] ?? '', name))
  await close(forked)
  await rm(place, { recursive: true })
  await rename(elsewhere, place)
  expect(await refusalOf(restored())).toMatchObject({ code: 'ship-forked' })
})

test('a second place is not forgotten by mistake, and ends when that is said; what follows then needs a new base', async () => {
  const master = await opened()
  await put(master, 1)
  await master.backup(join(room, 'backup'))
  await close(master)
  expect(await refusalOf(opened({ mode: null }))).toMatchObject({ reason: 'conflict', code: 'ship-needed' })
  const without = await opened({ mode: 'off' })
  await put(without, 2)
  await close(without)
  await close(await opened({ mode: null }))
  const again = await opened()
  await put(again, 3)
  expect((await wholeLog((await restored()).master)).length).toBe(3)
  expect((await refusalOf(restored(join(room, 'backup')))).code).toBe('ship-gap')
})

test('what was erased is gone from the second place after a day, and so are the entries that a new base holds', async () => {
  let nowMs = Date.parse(sampleTime)
  const clock = { ...systemClock, now: () => nowMs }
  const master = await opened({ clock })
  await put(master, 1, 2)
  const email = Buffer.from(sampleAccount(2).email)
  await commit(master, { ...account(2, 1), document: null } as Write)
  const holders = async () => {
    const names = await readdir(place, { recursive: true, withFileTypes: true })
    const files = names.filter((name) => name.isFile()).map(({ parentPath, name }) => readFile(join(parentPath, name)))
    const read = await Promise.allSettled(files)
    // What is removed while it is looked at is gone; any other failure is one.
    for (const file of read) if (file.status === 'rejected' && file.reason.code !== 'ENOENT') throw file.reason
    return read.filter((file) => file.status === 'fulfilled' && file.value.includes(email)).length
  }
  expect(await holders()).toBeGreaterThan(0)
  const [base] = await filesOf(/^base/)
  nowMs += 24 * 3_600_000 + 1
  await put(master, 3)
  for (let tries = 0; (await holders()) > 0 || (await filesOf(/^base/)).length > 1; tries++) {
    expect(tries).toBeLessThan(400)
    await systemClock.sleep(20)
  }
  const bases = await filesOf(/^base/)
  expect(bases).toHaveLength(1)
  expect(bases[0]).not.toBe(base ?? '')
  await put(master, 4)
  expect((await wholeLog((await restored()).master)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
})

describe('two processes that ship to one place', () => {
  const epoch = '20261121T100000000Z-000000000000'
  const open = () => openShipFolder(place, epoch, secureRandom)
  const entry = (number: number) => ({ number, bytes: Buffer.from(`entry ${number}`) })
  const base = (ship: Ship, number: number) =>
    ship.keepBase(async (folder) => {
      await mkdir(folder)
      await writeFile(join(folder, 'manifest.json'), JSON.stringify({ number, at: sampleTime, files: [] }))
      return { number }
    })
  const numbersAfter = async (after: number) => {
    const [shipped] = await openShipped(place)
    return (await Array.fromAsync(shipped?.entries(after) ?? [])).map(({ number }) => number)
  }

  test('may remove each other’s segments: what is appended afterwards is not lost with them', async () => {
    const [first, second] = [open(), open()]
    await base(first, 0)
    await second.append([entry(1)])
    await base(first, 1)
    expect((await readdir(join(place, epoch))).filter((name) => name.endsWith('.ship'))).toEqual([])
    await second.append([entry(2)])
    await base(first, 1) // what lies beyond the base stays
    await second.append([entry(3)])
    expect(await numbersAfter(1)).toEqual([2, 3])
    await Promise.all([first.close(), second.close()])
  })

  test('leave no gap when both write and bases are renewed all the time', async () => {
    const [first, second, third] = [open(), open(), open()]
    await base(third, 0)
    let number = 0
    let renewed = 0
    const writer = async (ship: Ship) => {
      while (number < 600) await ship.append([entry(++number)])
    }
    const writing = Promise.all([writer(first), writer(second)])
    while (number < 600) {
      renewed = Math.max(0, number - 2)
      await base(third, renewed)
    }
    await writing
    expect(await numbersAfter(renewed)).toEqual(Array.from({ length: number - renewed }, (_, n) => renewed + 1 + n))
    await Promise.all([first, second, third].map((ship) => ship.close()))
  })
})

test('only the owner may read a second place', async () => {
  const master = await opened()
  await put(master, 1)
  for (const entry of await readdir(place, { recursive: true, withFileTypes: true }))
    expect((await stat(join(entry.parentPath, entry.name))).mode & 0o077).toBe(0)
})

test('a backup that is damaged or was not finished is refused in words, and leaves nothing behind', async () => {
  const master = await opened({ mode: null })
  await put(master, 1, 2, 3)
  const backup = join(room, 'backup')
  const { epoch, seq } = await master.backup(backup)
  const manifest = JSON.parse(await readFile(join(backup, 'manifest.json'), 'utf8'))
  expect(manifest).toMatchObject({
    format: 1,
    engine: 'lmdb',
    epoch,
    seq,
    number: 0,
    files: [{ name: 'data.mdb', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  })
  const to = join(room, 'to')
  const restore = () => restoreLmdbMaster({ from: backup, to, shipped: [], clock: systemClock, random: secureRandom, progress() {} })
  const refused = async (what: string) => {
    expect((await refusalOf(restore())).message).toContain(what)
    expect((await readdir(room)).filter((name) => name.startsWith('to'))).toEqual([])
  }
  const file = join(backup, 'data.mdb')
  const whole = await readFile(file)
  await writeFile(file, Buffer.concat([whole.subarray(0, 40_000), Buffer.of((whole[40_000] ?? 0) ^ 1), whole.subarray(40_001)]))
  await refused('is damaged')
  await truncate(file, 8192)
  await refused('is damaged')
  await writeFile(file, whole)
  await rename(join(backup, 'manifest.json'), join(room, 'manifest.json'))
  await refused('no backup, or one that was not finished')
  await rename(join(room, 'manifest.json'), join(backup, 'manifest.json'))
  expect((await restore()).position.seq).toBe(seq)
  expect(await refusalOf(restore())).toMatchObject({ code: 'occupied' })
})
