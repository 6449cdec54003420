// A process that opens one master after the other, and says of each on one line what it holds, as a checksum, or why it is refused.
//
//   <folder> …: a file that ends the process shows as a missing line.
import { createHash } from 'node:crypto'
import { openLmdbMaster } from '../src/engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../src/kit/clock.ts'
import { Refusal } from '../src/kit/refusal.ts'
import type { Master } from '../src/ports/master.ts'
import { wholeLog } from './whole-log.ts'

export interface Told {
  folder: string
  /** SHA-256 over everything that the master answers. */
  holds?: string
  refused?: { reason: string; message: string }
  /** A later commit went well, and what was there before was still there. */
  goesOn?: boolean
}

/** Everything that can be asked of it. */
async function holdings(master: Master): Promise<string> {
  const hash = createHash('sha256')
  const add = (value: unknown) => hash.update(`${JSON.stringify(value)}\n`)
  const changes = await wholeLog(master)
  add(await master.head())
  for (const change of changes) {
    const { kind, id, version } = change
    add(change)
    add(await master.read(kind, id))
    add(await master.change(kind, id, version))
    add(await master.owner(`slug:${id}`))
    add(await master.idempotency(id))
  }
  for (const index of ['reviews', 'cameras'] as const) {
    for (let after: string | null | undefined; after !== null; ) {
      const page: { documents: unknown[]; next: string | null } = await master.list(index, '*', { limit: 200, ...(after && { after }) })
      add(page.documents)
      after = page.next
    }
  }
  for (const kind of ['account', 'session', 'note'] as const) add(await Array.fromAsync(master.privates(kind)))
  add(await master.counter('acknowledged'))
  return hash.digest('hex')
}

if (import.meta.main)
  for (const folder of process.argv.slice(2)) {
    let told: Told = { folder }
    try {
      const master = await openLmdbMaster({ folder, clock: systemClock, random: secureRandom })
      try {
        const before = await holdings(master)
        const note = { kind: 'note', id: 'test:damage', expected: 0, document: { id: 'test:damage', value: 'x'.repeat(20_000) } } as const
        await master.commit({ at: '2026-11-21T10:00:00.000Z', by: null, writes: [note] })
        await master.commit({ at: '2026-11-21T10:00:00.000Z', by: null, writes: [{ ...note, expected: 1, document: null }] })
        told = { folder, holds: before, goesOn: (await holdings(master)) === before }
      } finally {
        await master.close()
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      told = { folder, refused: { reason: error.reason, message: error.message } }
    }
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
