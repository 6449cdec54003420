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
import type { Acknowledged } from '../lmdb-writer.ts'
import { expectAgreement } from '../master-agreement.ts'
import { seeded } from '../random.ts'

const rounds = Number(process.env.MASTER_KILLS ?? 3)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

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

test(`a writer killed ${rounds} times (SEED=${seed}) loses nothing that it was acknowledged`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-kill-'))
  const next = seeded(seed)
  const acknowledged: Acknowledged[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await killedWriter(folder, 100 + Math.floor(next() * 200))))
      const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
      try {
        await expectAgreement(master)
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
}, 600_000)
