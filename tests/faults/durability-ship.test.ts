// The second place of a master: what is there brings the master back, whatever was torn, lost, doubled or erased meanwhile.
import { describe, expect, test } from 'bun:test'
import { appendFile, cp, mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { restoreLmdbMaster } from '../../src/engines/lmdb/restore.ts'
import { openShipFolder } from '../../src/engines/ship/folder.ts'
import { backupIn, openShippedFolder } from '../../src/engines/ship/shipped-folder.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import type { Refusal } from '../../src/kit/refusal.ts'
import type { Master } from '../../src/ports/master.ts'
import { sampleReview } from '../samples.ts'
import { wholeLog } from '../whole-log.ts'
import { shipSuite } from './ship.suite.ts'
import { commit, put, refusalOf, review, shipRoom, untilShipped } from './ship-room.ts'

const room = shipRoom(async (folder) => {
  const place = join(folder, 'place')
  return {
    ship: (epoch) => openShipFolder(place, epoch, secureRandom),
    shipped: () => openShippedFolder(place),
    async contents() {
      const files = (await readdir(place, { recursive: true, withFileTypes: true })).filter((name) => name.isFile())
      const found = new Map<string, Buffer>()
      for (const { parentPath, name } of files) {
        const path = join(parentPath, name)
        const content = await readFile(path).catch((error) => (error.code === 'ENOENT' ? null : Promise.reject(error)))
        if (content !== null) found.set(path.slice(place.length + 1).replace(/^[^/]*\//, ''), content)
      }
      return found
    },
    async lose() {
      for (const segment of await segments()) await rm(segment)
    },
  }
})
const { opened, close, restored, at } = room
const place = () => at('place')
const epochFolder = async () => join(place(), (await readdir(place())).toSorted().at(-1) ?? '')
const segments = async () => {
  const folder = await epochFolder()
  return (await readdir(folder))
    .filter((name) => name.endsWith('.ship'))
    .toSorted()
    .map((name) => join(folder, name))
}

describe('a second place in a folder', () => shipSuite(room))

test('with sync nothing is acknowledged that is not there: commands are refused in words, reads go on, and it heals by itself', async () => {
  const metrics = openMetrics({ ofProcess: false })
  const master = await opened({ metrics })
  await put(master, 1)
  await rename(place(), at('away'))
  await writeFile(place(), '')
  const key = (n: number) => ({ key: `key-${n}`, requestHash: '', answer: { status: 201 } })
  const commitWith = (n: number) => master.commit({ at: instant(systemClock), by: null, writes: [review(n)], idempotency: key(n) })
  // It may be stored, but that must not be told, neither now nor to a repeat.
  expect(await refusalOf(commitWith(2))).toMatchObject({ reason: 'unavailable', code: 'master-late' })
  expect(await refusalOf(commitWith(3))).toMatchObject({ reason: 'unavailable', code: 'ship-failed', retryAfterS: 2 })
  expect((await refusalOf(master.idempotency('key-2'))).reason).toBe('unavailable')
  expect(await master.read('review', sampleReview(1).id)).not.toBeNull()
  expect((await metrics.text()).body).toMatch(/rcr_ship_failing 1\nrcr|rcr_ship_failing 1$/m)
  await rm(place())
  await rename(at('away'), place())
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
  await rename(place(), at('away'))
  await mkdir(place())
  expect((await refusalOf(commit(master, review(2)))).reason).toBe('unavailable')
  expect(await refusalOf(commit(master, review(3)))).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
  expect(await readdir(place())).toEqual([])
  await rm(place(), { recursive: true })
  await rename(at('away'), place())
  await close(master)
  expect((await wholeLog((await restored()).master)).length).toBe(2)
})

test('without sync commits go on while the second place is away, and it catches up from where it was', async () => {
  const master = await opened({ mode: 'async' })
  await put(master, 1)
  await rename(place(), at('away'))
  await writeFile(place(), '')
  await put(master, 2, 3, 4)
  await rm(place())
  await rename(at('away'), place())
  await close(master)
  expect((await wholeLog((await restored()).master)).length).toBe(4)
})

test('what a process that died had not shipped yet is shipped by the next one', async () => {
  const master = await opened({ mode: 'async' })
  await put(master, 1)
  await rename(place(), at('away'))
  await writeFile(place(), '')
  await put(master, 2)
  await close(master) // cannot ship
  await rm(place())
  await rename(at('away'), place())
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

test('entries of two masters of one epoch that differ are told', async () => {
  const master = await opened()
  await put(master, 1)
  await close(master)
  await cp(at('master'), at('copy'), { recursive: true })
  await cp(place(), at('place of the copy'), { recursive: true })
  await put(await opened(), 2)
  await rename(place(), at('place of the master'))
  await rename(at('place of the copy'), place())
  const forked = await opened({ at: at('copy') })
  await put(forked, 7)
  const [epoch = ''] = await readdir(place())
  for (const segment of await segments()) await cp(segment, join(at('place of the master'), epoch, basename(segment)))
  await close(forked)
  await rm(place(), { recursive: true })
  await rename(at('place of the master'), place())
  expect(await refusalOf(restored())).toMatchObject({ code: 'ship-forked' })
})

test('an empty folder at a start is not taken for a place that held something, and what came in between gets a base', async () => {
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  /** What has arrived is taken out of the outbox a second later. */
  const putAndTrim = async (master: Master, ...numbers: number[]) => {
    for (const n of numbers) {
      aheadMs += 1_001
      await put(master, n)
    }
  }
  const master = await opened({ clock })
  await putAndTrim(master, 1, 2, 3)
  await close(master)
  await rename(place(), at('away'))
  await mkdir(place())
  const early = await opened({ clock }) // before its disk is mounted
  expect(await refusalOf(commit(early, review(4)))).toMatchObject({ reason: 'unavailable', code: 'ship-failed' })
  expect(await readdir(place())).toEqual([])
  await rm(place(), { recursive: true })
  await rename(at('away'), place())
  await untilShipped(early, 4)
  // Another folder in its place while it runs, with less in it than has arrived.
  await cp(place(), at('older'), { recursive: true })
  await putAndTrim(early, 5, 6)
  await rename(place(), at('newer'))
  await rename(at('older'), place())
  await untilShipped(early, 7)
  await close(early)
  expect((await wholeLog((await restored()).master)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('whoever ends it beside a process that ships to it ends its acknowledgements too, also when it begins anew', async () => {
  const master = await opened()
  await put(master, 1)
  const refused = async () => {
    for (const n of [2, 3])
      expect(await refusalOf(commit(master, review(n)))).toMatchObject({ reason: 'unavailable', code: 'ship-elsewhere' })
  }
  await close(await opened({ mode: 'off' }))
  await refused()
  const again = await opened()
  await put(again, 4)
  await refused()
  await put(again, 5)
  expect((await wholeLog((await restored()).master)).length).toBe((await wholeLog(again)).length)
})

test('a process whose second place fails does not begin again what another one has ended', async () => {
  const master = await opened()
  await put(master, 1)
  await close(master)
  await rename(place(), at('away'))
  await writeFile(place(), '')
  const failing = await opened()
  await close(await opened({ mode: 'off' }))
  for (let code = ''; code !== 'ship-elsewhere'; await systemClock.sleep(20)) code = (await refusalOf(commit(failing, review(2)))).code
  await close(failing)
  await put(await opened({ mode: null }), 3)
})

test('only the owner may read a second place', async () => {
  const master = await opened()
  await put(master, 1)
  for (const entry of await readdir(place(), { recursive: true, withFileTypes: true }))
    expect((await stat(join(entry.parentPath, entry.name))).mode & 0o077).toBe(0)
})

test('a backup that is damaged or was not finished is refused in words, and leaves nothing behind', async () => {
  const master = await opened({ mode: null })
  await put(master, 1, 2, 3)
  const backup = at('backup')
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
  const to = at('to')
  const restore = () =>
    restoreLmdbMaster({ from: backupIn(backup), to, shipped: null, clock: systemClock, random: secureRandom, progress() {} })
  const refused = async (what: string) => {
    expect((await refusalOf(restore())).message).toContain(what)
    expect((await readdir(at('.'))).filter((name) => name.startsWith('to'))).toEqual([])
  }
  const file = join(backup, 'data.mdb')
  const whole = await readFile(file)
  await writeFile(file, Buffer.concat([whole.subarray(0, 40_000), Buffer.of((whole[40_000] ?? 0) ^ 1), whole.subarray(40_001)]))
  await refused('is damaged')
  await truncate(file, 8192)
  await refused('is damaged')
  await writeFile(file, whole)
  await rename(join(backup, 'manifest.json'), at('manifest.json'))
  await refused('no backup, or one that was not finished')
  await rename(at('manifest.json'), join(backup, 'manifest.json'))
  expect((await restore()).position.seq).toBe(seq)
  expect(await refusalOf(restore())).toMatchObject({ code: 'occupied' })
})

test('another place than before is refused until the one before is ended', async () => {
  const master = await opened()
  await put(master, 1)
  await close(master)
  const elsewhere = { mode: 'sync', ship: (epoch: string) => openShipFolder(at('elsewhere'), epoch, secureRandom) } as const
  const open = (ship: typeof elsewhere | 'off') =>
    openLmdbMaster({ folder: at('master'), clock: systemClock, diskClock: systemClock, random: secureRandom, ship })
  expect(await refusalOf(open(elsewhere))).toMatchObject({ code: 'ship-elsewhere', message: expect.stringContaining(place()) })
  await (await open('off')).close()
  const there = await open(elsewhere)
  await put(there, 2)
  await there.close()
  await (await open('off')).close()
  await put(await opened(), 3)
  expect((await wholeLog((await restored()).master)).length).toBe(3)
})

test('what comes after a restoration is not brought back over a base of before', async () => {
  const master = await opened()
  await put(master, 1)
  await close(master)
  const later = join(place(), '20991231T235959999Z-000000000000')
  await mkdir(later)
  const [segment = ''] = await segments()
  expect(segment.startsWith(later)).toBe(false)
  expect((await wholeLog((await restored()).master)).length).toBe(1)
  await writeFile(join(later, '000000000000001-00000000.ship'), '')
  expect(await refusalOf(restored())).toMatchObject({ code: 'ship-empty', message: expect.stringContaining('20991231') })
})
