// Whether the replicas hold what the log says: each is compared slice by slice, at the position that it has when the slice is read.
//
// What the log says grows along with them: it is brought to the position of a slice, and then its own slice is taken. It never goes
// back, so the replica that is furthest behind comes first, and one that has fallen behind the others meanwhile is waited for.
import type { Position } from '../../domain/change.ts'
import { patiently } from '../../kit/patiently.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build, Difference, Range, Replica, Slice } from '../../ports/projection.ts'
import type { ReplayPorts, Watching } from './replay.ts'
import { openTruth, type Truth } from './truth.ts'

export interface ReplicaReport {
  region: string
  /** What its readers use, and where it was compared; null when it could not be looked at. */
  schema: string | null
  position: Position | null
  /** So many changes it lacked when it was compared. */
  behind: number
  /** Tables that are not as the log says, and rows of them, at most 100 a table. */
  differing: string[]
  differences: Difference[]
  /** Why it could not be compared, or not to its end; null when it was. */
  fault: string | null
}

const sliceRows = 1000
const toldMost = 100
const pollMs = 50
/** One that does not move for so long stands where it is. */
const patienceMs = 10_000

/** Returns the build of what the log says as well, where it stands then. */
export async function verifyReplicas(
  ports: ReplayPorts,
  replicas: readonly Replica[],
  expected: Build,
  watching: Watching,
): Promise<{ reports: ReplicaReport[]; expected: Build }> {
  const truth = openTruth(ports, expected, watching)
  const looks = await Promise.all(replicas.map(async (replica) => ({ replica, seq: await standing(replica) })))
  const reports: ReplicaReport[] = []
  for (const { replica } of looks.toSorted((a, b) => a.seq - b.seq)) reports.push(await report(ports, replica, truth, watching))
  const inOrder = replicas.flatMap(({ region }) => reports.filter((one) => one.region === region))
  return { reports: inOrder, expected: { ...expected, position: { ...expected.position, seq: truth.reached() } } }
}

const standing = (replica: Replica): Promise<number> =>
  replica.live().then(
    ({ position }) => position.seq,
    () => -1, // told of when its turn comes
  )

async function report(ports: ReplayPorts, replica: Replica, truth: Truth, watching: Watching): Promise<ReplicaReport> {
  const found: ReplicaReport = {
    ...{ region: replica.region, schema: null, position: null, behind: 0 },
    ...{ differing: [], differences: [], fault: null },
  }
  try {
    await compare(ports, replica, truth, watching, found)
  } catch (error) {
    watching.signal.throwIfAborted()
    if (!(error instanceof Refusal)) throw error
    found.fault = error.message
  }
  const { seq } = await ports.master.head()
  return { ...found, behind: found.position === null ? 0 : Math.max(0, seq - found.position.seq) }
}

/** What readers are switched to meanwhile is compared too; of a build that they have left nobody wants to know. */
async function compare(ports: ReplayPorts, replica: Replica, truth: Truth, watching: Watching, found: ReplicaReport): Promise<void> {
  for (let { schema, position } = await replica.live(); schema !== found.schema; { schema, position } = await replica.live()) {
    Object.assign(found, { schema, position, differing: [], differences: [] })
    if (position.epoch !== truth.epoch)
      throw new Refusal('conflict', `It shows the log of epoch ${position.epoch}, the master is of ${truth.epoch}.`, { code: 'epoch' })
    for (const table of replica.tables) await compareTable(ports, replica, truth, table, watching, found)
  }
}

async function compareTable(
  ports: ReplayPorts,
  replica: Replica,
  truth: Truth,
  table: string,
  { signal }: Watching,
  found: ReplicaReport,
): Promise<void> {
  const { schema } = found
  const pair = (range: Range) => together(ports, replica, schema ?? '', truth, range, signal)
  let told = 0
  let after: Range['after'] = null
  do {
    const [there, said, upTo] = await pair({ table, after, upTo: null, limit: sliceRows })
    found.position = there.position
    if (there.sum !== said.sum) {
      if (told === 0) found.differing.push(table)
      if (told < toldMost) {
        const range = { table, after, upTo, limit: 2 * sliceRows, each: true }
        const [theirs, ours] = await pair(range)
        const rows = differing(table, theirs, ours).slice(0, toldMost - told)
        found.differences.push(...rows)
        told += Math.max(1, rows.length)
      }
    }
    after = upTo
  } while (after !== null)
}

/** The same range of both at one position, and where it ends: null at the end of the table. */
async function together(
  ports: ReplayPorts,
  replica: Replica,
  schema: string,
  truth: Truth,
  range: Range,
  signal: AbortSignal,
): Promise<[there: Slice, said: Slice, upTo: Range['upTo']]> {
  const { clock } = ports
  let stoodMs = clock.monotonic()
  let seq = -1
  for (;;) {
    const there = await patiently({ clock, signal }, () => replica.slice(schema, range))
    if (there.position.seq > seq) stoodMs = clock.monotonic()
    seq = there.position.seq
    if (seq < truth.reached()) {
      if (clock.monotonic() - stoodMs > patienceMs)
        throw new Refusal('late', `It stands at ${seq} and does not move; the others were compared at ${truth.reached()}.`)
      await clock.sleep(pollMs, signal)
      continue
    }
    await truth.bringTo(seq)
    const upTo = there.count < range.limit ? range.upTo : there.last
    const said = await truth.slice({ ...range, upTo, limit: range.each ? range.limit : Number.MAX_SAFE_INTEGER })
    // A batch that was believed lost has come after all.
    if (said.position.seq === seq) return [there, said, upTo]
  }
}

/** A list that was cut off says nothing of what it lacks. */
function differing(table: string, there: Slice, said: Slice): Difference[] {
  const keys = new Set([...said.rows.keys(), ...there.rows.keys()])
  return [...keys].flatMap((key): Difference[] => {
    const [first, second] = [said.rows.get(key), there.rows.get(key)]
    if (
      first === second ||
      (second === undefined && there.count === 2 * sliceRows) ||
      (first === undefined && said.count === 2 * sliceRows)
    )
      return []
    return [{ table, key, in: second === undefined ? 'first' : first === undefined ? 'second' : 'both' }]
  })
}
