// Whether readers see what the master holds: the log is replayed into a build of its own and compared with the live one.
import type { Position } from '../../domain/change.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build, Difference, ParkedChange, Projection, Replica } from '../../ports/projection.ts'
import { aligned, catchUp, type ReplayPorts, unequal, type Watching } from './replay.ts'
import { type ReplicaReport, verifyReplicas } from './verify-replicas.ts'

export interface VerifyReport {
  /** Where both were compared. */
  position: Position
  schema: string
  /** Tables that are not as the log says. Empty: all is well. */
  differing: string[]
  /** Rows of them, at most 100 a table: `first` is what the log says, `second` what readers see. */
  differences: Difference[]
  parked: ParkedChange[]
  /** Of each replica that was asked for. */
  replicas: ReplicaReport[]
}

/**
 * First the replicas, each where it stands, then the database that is projected into. Refuses (`conflict`, code `epoch`) when the
 * master is restored meanwhile. What readers are switched to meanwhile is compared too.
 */
export async function verify(
  ports: ReplayPorts & { log: Log },
  watching: Watching,
  replicas: readonly Replica[] = [],
): Promise<VerifyReport> {
  const { master, projection, log } = ports
  const { epoch } = await master.head()
  await liveOf(projection, epoch)
  const made = await projection.create(epoch)
  try {
    const { reports, expected } = await verifyReplicas(ports, replicas, made, watching)
    const full = await catchUp(ports, expected, watching)
    for (;;) {
      const live = await liveOf(projection, epoch)
      const compared = await compare(ports, live, full, watching.signal)
      const parked = await projection.parked(live.schema)
      // Of a build that readers have left nobody wants to know.
      if ((await liveOf(projection, epoch)).schema === live.schema) return { ...compared, schema: live.schema, parked, replicas: reports }
    }
  } finally {
    await projection.drop(made.schema).catch((error) => log.warn('a build that nobody uses is left', { schema: made.schema, error }))
  }
}

async function liveOf(projection: Projection, epoch: string): Promise<Build> {
  const live = (await projection.builds()).find((build) => build.live)
  if (live === undefined) throw new Refusal('missing', 'There is no read model of this version yet.', { code: 'not-built' })
  if (live.position.epoch === epoch) return live
  throw new Refusal(
    'conflict',
    'The read model has not followed the master to its present epoch yet, or the master was restored meanwhile.',
    {
      code: 'epoch',
    },
  )
}

const looksMost = 5

/**
 * Rows are looked up after the checksums, and the live build may have gone on in between: then the look is repeated, and only rows
 * that differed each time are told.
 */
async function compare(ports: ReplayPorts, live: Build, full: Build, signal: AbortSignal) {
  const { projection } = ports
  let told = null as Difference[] | null
  for (let look = 1; ; look++) {
    const [seen, said] = await aligned(ports, live, full, signal)
    const { position } = said
    const differing = unequal(said, seen)
    if (differing.length === 0) return { position, differing, differences: [] }
    const rows = (await projection.differences(full.schema, live.schema, 100)).filter(({ table }) => differing.includes(table))
    const now = (await projection.builds()).find(({ schema }) => schema === live.schema)
    if (now?.position.seq === position.seq) return { position, differing, differences: rows }
    const again = new Set(rows.map(named))
    told = told?.filter((row) => again.has(named(row))) ?? rows
    if (look === looksMost) return { position, differing, differences: told }
  }
}

const named = ({ table, key }: Difference): string => `${table} ${key}`
