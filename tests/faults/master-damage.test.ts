// A disk that gives back other bytes than it was given: the start refuses in words, or serves exactly what was written.
//
//   DAMAGED_COPIES=2000 SEED=7 bun test tests/faults/master-damage.test.ts
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, open as openFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { open } from 'lmdb'
import { endsWithFree } from '../../src/engines/lmdb/inspection.ts'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { binary } from '../../src/engines/lmdb/store.ts'
import { metaOf } from '../../src/engines/lmdb/structure.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import type { Write } from '../../src/ports/master.ts'
import type { Told } from '../lmdb-reader.ts'
import { seeded } from '../random.ts'
import { sampleAccount, sampleCamera, sampleReview, sampleTime } from '../samples.ts'

const copies = Number(process.env.DAMAGED_COPIES ?? 100)
const seed = Number(process.env.SEED ?? Date.now() % 1e9)
const pageBytes = 4096
const processes = 4

let room: string
let whole: string
const fileOf = (folder: string) => join(folder, 'data.mdb')

/** With a past: versions, deletions, expired and removed documents, so that pages were freed and used again. */
beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), 'rcr-damage-'))
  whole = join(room, 'whole')
  const master = await openLmdbMaster({ folder: whole, clock: systemClock, random: secureRandom })
  const commit = (...writes: Write[]) =>
    master
      .commit({ at: sampleTime, by: null, writes, adjust: [{ counter: 'acknowledged', by: 1 }] })
      .then(({ committed }) => expect(committed).toBe(true))
  for (let n = 0; n < 60; n++) {
    const [review, camera, account] = [sampleReview(n, { body: 'Text. '.repeat(n * 20) }), sampleCamera(n), sampleAccount(n)]
    await master.commit({
      at: sampleTime,
      by: null,
      writes: [
        { kind: 'review', id: review.id, expected: 0, document: review },
        { kind: 'camera', id: camera.id, expected: 0, document: camera },
        { kind: 'account', id: account.id, expected: 0, document: account },
      ],
      claims: { take: [{ name: `slug:${review.id}`, owner: review.id }] },
      idempotency: { key: review.id, requestHash: '', answer: { status: 201 } },
    })
    if (n % 2 === 0) await commit({ kind: 'review', id: review.id, expected: 1, document: { ...review, title: `Again ${n}` } })
    if (n % 3 === 0) await commit({ kind: 'account', id: account.id, expected: 1, document: null })
  }
  await master.close()
})
afterAll(() => rm(room, { recursive: true, force: true }))

/** What was done to the copy, in words. */
async function damage(folder: string, random: () => number): Promise<string> {
  const { size } = await stat(fileOf(folder))
  const whole = (most: number) => Math.floor(random() * most)
  const kind = random()
  if (kind < 0.2) {
    const end = whole(size)
    await truncate(fileOf(folder), end)
    return `cut off at ${end} of ${size}`
  }
  const page = whole(size / pageBytes)
  const [from, bytes] = kind < 0.4 ? [0, pageBytes] : [whole(pageBytes - 1), 1 + whole(kind < 0.7 ? 4 : 64)]
  const garbage = Buffer.from(Array.from({ length: Math.min(bytes, pageBytes - from) }, () => (kind < 0.4 ? 0 : whole(256))))
  const file = await openFile(fileOf(folder), 'r+')
  await file.write(garbage, 0, garbage.length, page * pageBytes + from)
  await file.close()
  return `${garbage.length} bytes of page ${page} from ${from} on ${kind < 0.4 ? 'zeroed' : 'changed'}`
}

async function tell(folders: readonly string[]): Promise<Map<string, Told>> {
  const told = new Map<string, Told>()
  const child = spawn(process.execPath, [join(import.meta.dir, '../lmdb-reader.ts'), ...folders], { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const one = JSON.parse(line) as Told
    told.set(one.folder, one)
  }
  return told
}

test(`${copies} damaged copies (SEED=${seed}): each is refused in words or serves exactly what was written`, async () => {
  const random = seeded(seed)
  const { holds } = (await tell([await copyOf('healthy')])).get(join(room, 'healthy')) ?? {}
  expect(holds).toBeDefined()
  const damages = new Map<string, string>()
  for (let n = 0; n < copies; n++) {
    const folder = await copyOf(String(n))
    damages.set(folder, await damage(folder, random))
  }
  const shares = Array.from({ length: processes }, (_, share) => [...damages.keys()].filter((_, n) => n % processes === share))
  const told = new Map((await Promise.all(shares.map(tell))).flatMap((map) => [...map]))
  let refused = 0
  for (const [folder, what] of damages) {
    const one = told.get(folder)
    if (one?.refused === undefined) expect({ what, ...one }).toEqual({ what, folder, holds, goesOn: true } as never)
    else {
      refused += 1
      expect({ what, ...one.refused }).toEqual({ what, reason: 'unavailable', message: expect.stringMatching(/damaged/) })
    }
  }
  console.log(`${refused} refused, ${copies - refused} served what was written`)
  expect(refused).toBeGreaterThan(copies / 4)
}, 3_600_000)

test('a file that ends before pages which one commit took and gave back is whole, and one that lost a page in use is not', async () => {
  const folder = await copyOf('short')
  const env = open({ path: folder, noSubdir: false, maxDbs: 30, ...binary })
  const meta = env.openDB({ name: 'meta', ...binary })
  env.transactionSync(() => {
    meta.putSync('large', Buffer.alloc(100 * pageBytes))
    meta.removeSync('large')
  })
  await env.close()
  const lacking = async () => (metaOf(fileOf(folder))?.pages ?? 0) - (await stat(fileOf(folder))).size / pageBytes
  expect(await lacking()).toBeGreaterThan(90)
  expect(endsWithFree(fileOf(folder))).toBe(true)
  const { holds } = (await tell([whole])).get(whole) ?? {}
  expect((await tell([folder])).get(folder)).toEqual({ folder, holds, goesOn: true } as never)

  const cut = await copyOf('cut')
  await truncate(fileOf(cut), (await stat(fileOf(cut))).size / 2)
  expect(endsWithFree(fileOf(cut))).toBe(false)
})

async function copyOf(name: string): Promise<string> {
  const folder = join(room, name)
  await mkdir(folder)
  await cp(fileOf(whole), fileOf(folder))
  return folder
}
