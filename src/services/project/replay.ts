// Brings a build that nobody else projects into to a position of the log, and two builds to the same one.
import { type Change, comparePositions, type Position } from '../../domain/change.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { patiently } from '../../kit/patiently.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Build, Checksums, Projection } from '../../ports/projection.ts'

export type FeedingMaster = Pick<Master, 'head' | 'feed'>

export interface ReplayPorts {
  master: FeedingMaster
  projection: Projection
  clock: Clock
}

export interface Watching {
  signal: AbortSignal
  /** After each batch. */
  progress: (done: { seq: number; of: number }) => void
}

const batchMax = 1000

/** At least one change after a position of the log that there are changes after, all of the epoch of the position. */
export async function feedOf(master: FeedingMaster, { epoch, seq }: Position, most: number): Promise<Change[]> {
  const changes = await master.feed(seq, most)
  // Changes do not name their epoch: read before or after a restoration, they would enter a build of another log.
  if ((await master.head()).epoch !== epoch) throw new Refusal('conflict', 'The master was restored meanwhile.', { code: 'epoch' })
  if (changes.length === 0) throw new Refusal('unavailable', `The log gives nothing after ${seq}, and does not end there.`)
  return changes
}

/** Until the build holds the whole log. Rejects on abort. */
export async function catchUp(ports: ReplayPorts, build: Build, { signal, progress }: Watching): Promise<Build> {
  const { master, projection, clock } = ports
  for (let now = build; ; ) {
    signal.throwIfAborted()
    const end = await patiently({ clock, signal }, async () => {
      const end = { at: instant(clock), ...(await master.head()) }
      if (end.epoch !== build.position.epoch) throw new Refusal('conflict', 'The master was restored meanwhile.', { code: 'epoch' })
      const changes = now.position.seq < end.seq ? await feedOf(master, now.position, batchMax) : []
      now = await projection.apply(now.schema, changes, end)
      return end
    })
    progress({ seq: now.position.seq, of: Math.max(end.seq, now.position.seq) })
    if (now.position.seq >= end.seq) return now
  }
}

/**
 * The checksums of both at one position. `first` may go on meanwhile, projected by others too. It is brought to the end of the log
 * before: until a build was there once it counts no words, and would differ by that alone.
 */
export async function aligned(ports: ReplayPorts, first: Build, second: Build, signal: AbortSignal): Promise<[Checksums, Checksums]> {
  const sums = (schema: string) => patiently({ clock: ports.clock, signal }, () => ports.projection.checksums(schema))
  const advance = (schema: string, from: Position, to: number) =>
    patiently({ clock: ports.clock, signal }, () => bring(ports, schema, from, to))
  await catchUp(ports, first, { signal, progress: () => {} })
  let reached = second.position.seq
  for (;;) {
    signal.throwIfAborted()
    const a = await sums(first.schema)
    if (a.position.seq < reached) {
      await advance(first.schema, a.position, reached)
      continue
    }
    await advance(second.schema, { ...a.position, seq: reached }, a.position.seq)
    const b = await sums(second.schema)
    if (comparePositions(a.position, b.position) === 0) return [a, b]
    // A batch that was believed lost has come after all.
    reached = b.position.seq
  }
}

async function bring({ master, projection }: ReplayPorts, schema: string, from: Position, to: number): Promise<void> {
  for (let position = from; position.seq < to; ) {
    const changes = await feedOf(master, position, Math.min(batchMax, to - position.seq))
    position = (await projection.apply(schema, changes, null)).position
  }
}

/** The names of the tables that differ. */
export const unequal = (a: Checksums, b: Checksums): string[] =>
  Object.keys(a.tables).filter((table) => a.tables[table] !== b.tables[table])
