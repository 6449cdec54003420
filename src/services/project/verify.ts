// Whether readers see what the master holds: the log is replayed into a build of its own and compared with the live one.
import type { Position } from '../../domain/change.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Difference, ParkedChange } from '../../ports/projection.ts'
import { aligned, catchUp, type ReplayPorts, unequal, type Watching } from './replay.ts'

export interface VerifyReport {
  /** Where both were compared. */
  position: Position
  schema: string
  /** Tables that are not as the log says. Empty: all is well. */
  differing: string[]
  /** Rows of them, at most 100 a table: `first` is what the log says, `second` what readers see. */
  differences: Difference[]
  parked: ParkedChange[]
}

export async function verify(ports: ReplayPorts & { log: Log }, watching: Watching): Promise<VerifyReport> {
  const { master, projection, log } = ports
  const { epoch } = await master.head()
  const live = (await projection.builds()).find((build) => build.live)
  if (live === undefined) throw new Refusal('missing', 'There is no read model of this version yet.', { code: 'not-built' })
  if (live.position.epoch !== epoch)
    throw new Refusal('conflict', 'The read model has not followed the master to its present epoch yet.', { code: 'epoch' })
  const expected = await projection.create(epoch)
  try {
    const full = await catchUp(ports, expected, watching)
    const [seen, said] = await aligned(ports, live.schema, full, watching.signal)
    const differing = unequal(said, seen)
    // The live build may have gone on since: only rows of tables that were seen to differ are told.
    const rows = differing.length === 0 ? [] : await projection.differences(expected.schema, live.schema, 100)
    return {
      position: said.position,
      schema: live.schema,
      differing,
      differences: rows.filter(({ table }) => differing.includes(table)),
      parked: await projection.parked(live.schema),
    }
  } finally {
    await projection
      .drop(expected.schema)
      .catch((error) => log.warn('a build that nobody uses is left', { schema: expected.schema, error }))
  }
}
