// Brings a build that nobody else projects into to a position of the log, and two builds to the same one.
import { type Clock, instant } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Build, Checksums, Projection } from '../../ports/projection.ts'

export interface ReplayPorts {
  master: Pick<Master, 'head' | 'feed'>
  projection: Projection
  clock: Clock
}

export interface Watching {
  signal: AbortSignal
  /** After each batch. */
  progress: (done: { seq: number; of: number }) => void
}

const batchMax = 1000

/** Until the build holds the whole log. Rejects on abort. */
export async function catchUp({ master, projection, clock }: ReplayPorts, build: Build, { signal, progress }: Watching): Promise<Build> {
  let now = build
  for (;;) {
    signal.throwIfAborted()
    const end = { at: instant(clock), ...(await master.head()) }
    if (end.epoch !== build.position.epoch)
      throw new Refusal('conflict', 'The master was restored meanwhile: begin again.', { code: 'epoch' })
    const changes = now.position.seq < end.seq ? await master.feed(now.position.seq, batchMax) : []
    now = await projection.apply(now.schema, changes, end)
    progress({ seq: now.position.seq, of: Math.max(end.seq, now.position.seq) })
    if (now.position.seq >= end.seq) return now
  }
}

/** The checksums of both at one position. `first` may go on meanwhile, projected by others too. */
export async function aligned(ports: ReplayPorts, first: string, second: Build, signal: AbortSignal): Promise<[Checksums, Checksums]> {
  let reached = second.position.seq
  for (;;) {
    signal.throwIfAborted()
    const a = await ports.projection.checksums(first)
    if (a.position.seq < reached) {
      await bring(ports, first, a.position.seq, reached)
      continue
    }
    await bring(ports, second.schema, reached, a.position.seq)
    reached = a.position.seq
    return [a, await ports.projection.checksums(second.schema)]
  }
}

async function bring({ master, projection }: ReplayPorts, schema: string, from: number, to: number): Promise<void> {
  for (let seq = from; seq < to; ) {
    const changes = await master.feed(seq, Math.min(batchMax, to - seq))
    const applied = await projection.apply(schema, changes, null)
    seq = Math.max(seq + changes.length, applied.position.seq)
    if (changes.length === 0) throw new Refusal('unavailable', `The log gives nothing after ${seq}.`)
  }
}

/** The names of the tables that differ. */
export const unequal = (a: Checksums, b: Checksums): string[] =>
  Object.keys(a.tables).filter((table) => a.tables[table] !== b.tables[table])
