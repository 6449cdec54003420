// A new build from the first change on, beside the live one, compared with it and switched to. Readers notice nothing.
import type { Position } from '../../domain/change.ts'
import type { Log } from '../../kit/log.ts'
import { patiently } from '../../kit/patiently.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build } from '../../ports/projection.ts'
import { isFarBehind } from './choose.ts'
import { aligned, catchUp, type ReplayPorts, unequal, type Watching } from './replay.ts'

export interface RebuildReport {
  schema: string
  position: Position
  parked: number
  /** What readers used before; null when this is the first of this code. */
  replaced: string | null
  /**
   * Tables in which it differs from what it replaced at the same position; null when there was nothing to compare with, or that was far
   * behind.
   */
  differing: string[] | null
}

/** Aborted or failed, it leaves nothing behind. What it replaced stays until it is pruned. */
export async function rebuild(ports: ReplayPorts & { log: Log; farBehind?: number }, watching: Watching): Promise<RebuildReport> {
  const { master, projection, log } = ports
  const { epoch } = await master.head()
  const made = await projection.create(epoch)
  try {
    const full = await catchUp(ports, made, watching)
    const before = (await projection.builds()).find((build) => build.live) ?? null
    const isNear = before?.position.epoch === epoch && !isFarBehind(before, full.position.seq, ports.farBehind)
    const comparable = isNear ? before : null
    const differing = comparable && unequal(...(await aligned(ports, comparable, full, watching.signal)))
    if (differing && differing.length > 0) log.warn('the new build differs from the one it replaces', { differing, before, made })
    const { schema, position, parked } = await switchTo(ports, full, watching)
    return { schema, position, parked, replaced: before?.schema ?? null, differing }
  } catch (error) {
    await projection
      .drop(made.schema)
      .catch((failure) => log.warn('a build that nobody uses is left', { schema: made.schema, error: failure }))
    throw error
  }
}

/** The live build goes on meanwhile, and readers are not taken back: the new one catches up until it stands no less far. */
async function switchTo(ports: ReplayPorts, build: Build, watching: Watching): Promise<Build> {
  for (;;) {
    const now = await catchUp(ports, build, watching)
    try {
      await patiently({ clock: ports.clock, signal: watching.signal }, () => ports.projection.switch(now.schema))
      return now
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'behind') throw error
    }
  }
}
