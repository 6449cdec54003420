// A new build from the first change on, beside the live one, compared with it and switched to. Readers notice nothing.
import type { Position } from '../../domain/change.ts'
import type { Log } from '../../kit/log.ts'
import { aligned, catchUp, type ReplayPorts, unequal, type Watching } from './replay.ts'

export interface RebuildReport {
  schema: string
  position: Position
  parked: number
  /** What readers used before; null when this is the first of this code. */
  replaced: string | null
  /** Tables in which it differs from what it replaced at the same position; null when there was nothing to compare with. */
  differing: string[] | null
}

/** Aborted or failed, it leaves nothing behind. What it replaced stays until it is pruned. */
export async function rebuild(ports: ReplayPorts & { log: Log }, watching: Watching): Promise<RebuildReport> {
  const { master, projection, log } = ports
  const { epoch } = await master.head()
  const before = (await projection.builds()).find((build) => build.live) ?? null
  const made = await projection.create(epoch)
  try {
    const full = await catchUp(ports, made, watching)
    const comparable = before?.position.epoch === epoch ? before : null
    const differing = comparable && unequal(...(await aligned(ports, comparable.schema, full, watching.signal)))
    if (differing && differing.length > 0) log.warn('the new build differs from the one it replaces', { differing, before, made })
    watching.signal.throwIfAborted()
    await projection.switch(made.schema)
    return { schema: made.schema, position: full.position, parked: full.parked, replaced: before?.schema ?? null, differing }
  } catch (error) {
    await projection
      .drop(made.schema)
      .catch((failure) => log.warn('a build that nobody uses is left', { schema: made.schema, error: failure }))
    throw error
  }
}
