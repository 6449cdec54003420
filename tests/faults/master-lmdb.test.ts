// The folder of a master on LMDB that is full, damaged, foreign, newer or somebody else's: a clear no, and never invented data.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { open as openLmdb } from 'lmdb'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Master } from '../../src/ports/master.ts'
import type { Acknowledged, Refused } from '../lmdb-writer.ts'
import { sampleAccount, sampleReview, sampleTime } from '../samples.ts'

const reviews = 12
let room: string
let whole: string
const file = (folder: string) => join(folder, 'data.mdb')
const opened = (folder: string) => openLmdbMaster({ folder, clock: systemClock, random: secureRandom })

/** What the master holds, or the refusal that stands in its place. Anything else thrown is a failure of the test. */
async function contents(folder: string): Promise<unknown> {
  let master: Master | undefined
  try {
    master = await opened(folder)
    const changes = await master.feed(0, 5000)
    const documents = await Promise.all(changes.map(({ kind, id }) => master?.read(kind, id)))
    const accounts = await Array.fromAsync(master.privates('account'))
    return { head: await master.head(), changes, documents, accounts, listed: await master.list('reviews', '*', { limit: 200 }) }
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  } finally {
    await master?.close()
  }
}

async function refusal(folder: string): Promise<Refusal> {
  const found = await contents(folder)
  expect(found).toBeInstanceOf(Refusal)
  const refused = found as Refusal
  expect(refused.reason).toBe('unavailable')
  expect(refused.message).toContain(folder)
  return refused
}

const copyOf = async (name: string): Promise<string> => {
  const copy = join(room, name)
  await mkdir(copy)
  await cp(file(whole), file(copy))
  return copy
}

beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), 'rcr-folder-'))
  whole = join(room, 'whole')
  const master = await opened(whole)
  for (let n = 0; n < reviews; n++) {
    const [document, account] = [sampleReview(n), sampleAccount(n)]
    await master.commit({
      at: sampleTime,
      by: null,
      writes: [
        { kind: 'review', id: document.id, expected: 0, document },
        { kind: 'account', id: account.id, expected: 0, document: account },
      ],
    })
  }
  await master.close()
})
afterEach(() => rm(room, { recursive: true, force: true }))

test('a folder with other things in it is refused and left alone', async () => {
  const folder = join(room, 'letters')
  await mkdir(folder)
  await writeFile(join(folder, 'letter.txt'), 'Dear reader')
  expect((await refusal(folder)).message).toContain('not empty')
  expect(await readdir(folder)).toEqual(['letter.txt'])
})

test('a file that LMDB did not write is refused', async () => {
  for (const [name, bytes] of Object.entries({
    text: Buffer.from('hello'),
    noise: Buffer.alloc(100_000, 0xa5),
    zeros: Buffer.alloc(100_000),
  })) {
    const folder = join(room, name)
    await mkdir(folder)
    await writeFile(file(folder), bytes)
    expect((await refusal(folder)).message).toContain('damaged, or holds the data of another program')
  }
})

test('the data of another program on LMDB is refused and left alone', async () => {
  const folder = join(room, 'other')
  const other = openLmdb({ path: folder, noSubdir: false })
  await other.openDB({ name: 'mails' }).put('a', 'b')
  await other.close()
  expect((await refusal(folder)).message).toContain('another program')
  const again = openLmdb({ path: folder, noSubdir: false })
  expect([...again.getKeys()]).toEqual(['mails'])
  await again.close()
})

test('a master of a newer format is refused and left alone', async () => {
  const newer = openLmdb<Buffer, Buffer>({ path: whole, noSubdir: false, encoding: 'binary', keyEncoding: 'binary' })
  const meta = newer.openDB<Buffer, Buffer>({ name: 'meta', encoding: 'binary', keyEncoding: 'binary' })
  await meta.put(Buffer.from('format'), Buffer.from('3'))
  await newer.close()
  expect((await refusal(whole)).message).toContain('format 3')
})

test("somebody else's folder is refused by name of the owner, or by what the system says", async () => {
  if (process.getuid?.() === 0) {
    await chown(file(whole), 65534, 65534)
    expect((await refusal(whole)).message).toContain('belongs to user id 65534')
  } else {
    await chmod(file(whole), 0)
    expect((await refusal(whole)).message).toContain('EACCES')
  }
})

test('only the owner may read a master and its copies', async () => {
  const master = await opened(whole)
  await master.backup(join(room, 'copy'))
  await master.close()
  for (const folder of [whole, join(room, 'copy')]) expect((await stat(folder)).mode & 0o077).toBe(0)
  expect((await stat(file(whole))).mode & 0o077).toBe(0)
})

test('a file that was cut off anywhere is refused, or still holds everything', async () => {
  const healthy = await contents(whole)
  expect(healthy).toMatchObject({ head: { seq: reviews } })
  const { size } = await stat(file(whole))
  let refused = 0
  for (let cut = 0; cut < size; cut += 4096 * 3 + 500) {
    const folder = await copyOf(`cut-${cut}`)
    await truncate(file(folder), cut)
    if (cut === 0) continue // waits a second for whoever might be making it
    const found = await contents(folder)
    if (found instanceof Refusal) refused += 1
    else expect(found).toEqual(healthy)
  }
  expect(refused).toBeGreaterThan(0)
  expect((await refusal(join(room, 'cut-0'))).message).toContain('damaged')
})

test('a page that was lost is refused where it is missed; what is answered is what was written', async () => {
  const healthy = await contents(whole)
  const { size } = await stat(file(whole))
  let refused = 0
  for (let page = 0; page * 4096 < size; page++) {
    const folder = await copyOf(`page-${page}`)
    const copy = await open(file(folder), 'r+')
    await copy.write(Buffer.alloc(4096), 0, 4096, page * 4096)
    await copy.close()
    const found = await contents(folder)
    if (found instanceof Refusal) refused += 1
    else expect(found).toEqual(healthy)
  }
  expect(refused).toBeGreaterThan(5)
})

test('with no room left commits are refused as `full`, reads go on, and nothing acknowledged is lost', async () => {
  const folder = join(room, 'narrow')
  // A bound for the size of files stands for the disk: 2 MB where sh counts in 512 bytes, 4 MB where in 1,024.
  const command = 'trap "" XFSZ; ulimit -f 4000; exec "$0" "$@"'
  const args = [process.execPath, join(import.meta.dir, '../lmdb-writer.ts'), folder, 'one', '4', '100000']
  const child = spawn('sh', ['-c', command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const acknowledged: Acknowledged[] = []
  const refused: Refused[] = []
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Acknowledged | Refused
    if ('refused' in line) refused.push(line)
    else acknowledged.push(line)
  }
  expect(await ended).toEqual([0, null])
  expect(refused.map((one) => one.refused)).toEqual(Array.from({ length: 4 }, () => 'full'))
  expect(acknowledged.length).toBeGreaterThan(20)
  for (const { head, camera } of refused) {
    expect(head).toBeGreaterThan(0)
    expect(camera).toBeGreaterThan(0)
  }

  const master = await opened(folder)
  try {
    const changes = await master.feed(0, 5000)
    expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: acknowledged.length * 2 }, (_, n) => n + 1))
    for (const { seq, camera, version } of acknowledged) expect(changes[seq - 1]).toMatchObject({ id: camera, version })
    expect(await master.counter('acknowledged')).toBe(acknowledged.length)
    const document = sampleReview(1)
    const again = await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id: document.id, expected: 0, document }] })
    expect(again).toMatchObject({ committed: true, position: { seq: changes.length + 1 } })
  } finally {
    await master.close()
  }
}, 30_000)
