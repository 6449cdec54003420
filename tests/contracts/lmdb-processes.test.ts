// The master on LMDB between processes: what one commits the others see, and none steps on another's toes.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { type Clock, instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import type { Master } from '../../src/ports/master.ts'
import type { Acknowledged } from '../lmdb-writer.ts'
import { sampleId, sampleReview } from '../samples.ts'

let folder: string
let master: Master
let children: ChildProcess[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-processes-'))
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await master.close()
  await rm(folder, { recursive: true })
})

const open = (clock: Clock = systemClock) => openLmdbMaster({ folder, clock, random: secureRandom })

/** Its acknowledgements as they come, ended by its good end. */
async function* writer(name: string, writers: number, commits: number): AsyncGenerator<Acknowledged> {
  const args = [join(import.meta.dir, '../lmdb-writer.ts'), folder, name, String(writers), String(commits)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Acknowledged
  expect((await ended)[0]).toBe(0)
}

test('a reader sees at once what another process was acknowledged, and is woken by it', async () => {
  master = await open()
  const seen: number[] = []
  const reader = (async () => {
    while (seen.length < 200) {
      await master.wait(seen.length, 60_000, new AbortController().signal)
      for (const { seq } of await master.feed(seen.length, 5000)) seen.push(seq)
    }
  })()
  for await (const { seq, review, camera, version } of writer('one', 1, 100)) {
    expect((await master.head()).seq).toBeGreaterThanOrEqual(seq)
    expect(await master.read('review', review)).toMatchObject({ id: review, version: 1 })
    expect(await master.versionOf('camera', camera)).toBeGreaterThanOrEqual(version)
    expect(await master.owner(`slug:${review}`)).toBe(review)
    expect(await master.idempotency(review)).toMatchObject({ position: { seq } })
  }
  await reader
  expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n + 1))
})

test('a commit wakes those who wait in its own process without any polling', async () => {
  const untilAbort = (_: number, signal?: AbortSignal) => new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
  master = await open({ ...systemClock, sleep: untilAbort })
  const waits = [1, 2, 3].map(() => master.wait(0, 60_000, new AbortController().signal))
  const document = sampleReview(1)
  await master.commit({ at: instant(systemClock), by: null, writes: [{ kind: 'review', id: document.id, expected: 0, document }] })
  await Promise.all(waits)
  expect((await master.head()).seq).toBe(1)
})

test('three processes that open a new folder at once agree on it, and write without gaps or losses', async () => {
  const [first, second, mine] = await Promise.all([
    Array.fromAsync(writer('one', 8, 20)),
    Array.fromAsync(writer('two', 8, 20)),
    (async () => {
      master = await open()
      const outcomes = []
      for (let n = 0; n < 100; n++) {
        const document = sampleReview(n)
        const writes = [{ kind: 'review', id: document.id, expected: 0, document }] as const
        outcomes.push(await master.commit({ at: instant(systemClock), by: null, writes, adjust: [{ counter: 'acknowledged', by: 1 }] }))
      }
      return outcomes
    })(),
  ])
  expect([first.length, second.length]).toEqual([160, 160])
  expect(mine.every(({ committed }) => committed)).toBe(true)
  const changes = await master.feed(0, 5000)
  expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * 320 + 100 }, (_, n) => n + 1))
  expect(await master.counter('acknowledged')).toBe(420)
  for (const { seq, camera, version } of [...first, ...second]) expect(changes[seq - 1]).toMatchObject({ seq, id: camera, version })
  expect(await master.versionOf('review', sampleId('review', 99))).toBe(1)
})
