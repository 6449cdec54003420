// kill -9 of a writer at random moments: nothing acknowledged is lost, nothing is half there.
import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import type { Master } from '../../src/ports/master.ts'
import type { Acknowledged } from '../lmdb-writer.ts'

const rounds = 3
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

// mulberry32: the same moments for the same seed.
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Writes with 8 writers until `acks` were acknowledged and some µs more, then dies without warning. */
async function killedWriter(folder: string, acks: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [join(import.meta.dir, '../lmdb-writer.ts'), folder, 'one', '8', '100000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged)
    if (acknowledged.length === acks) child.kill('SIGKILL')
  }
  expect((await ended)[1]).toBe('SIGKILL')
  return acknowledged
}

/** The whole of the master agrees with itself: log, documents, history, claims, counter, records. */
async function verify(master: Master): Promise<void> {
  const changes = []
  for (let after = 0; ; after = changes.length) {
    const more = await master.feed(after, 5000)
    if (more.length === 0) break
    changes.push(...more)
  }
  expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: changes.length }, (_, n) => n + 1))
  expect((await master.head()).seq).toBe(changes.length)
  const versions = new Map<string, number>()
  for (const { seq, kind, id, version } of changes) {
    expect(version).toBe((versions.get(id) ?? 0) + 1)
    versions.set(id, version)
    expect(await master.change(kind, id, version)).toMatchObject({ seq })
    if (kind !== 'review') continue
    expect(await master.owner(`slug:${id}`)).toBe(id)
    expect(await master.idempotency(id)).toMatchObject({ position: { seq: seq + 1 } })
  }
  for (const { kind, id } of changes) expect(await master.read(kind, id)).toMatchObject({ id, version: versions.get(id) ?? 0 })
  expect(await master.counter('acknowledged')).toBe(changes.length / 2)
}

test(`a writer killed ${rounds} times (SEED=${seed}) loses nothing that it was acknowledged`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-kill-'))
  const next = random(seed)
  const acknowledged: Acknowledged[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await killedWriter(folder, 100 + Math.floor(next() * 200))))
      const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
      try {
        await verify(master)
        for (const { seq, camera, version, review } of acknowledged) {
          const pair = await master.feed(seq - 2, 2)
          expect(pair).toMatchObject([
            { kind: 'review', id: review, version: 1 },
            { kind: 'camera', id: camera, version },
          ])
        }
      } finally {
        await master.close()
      }
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}, 60_000)
