// Whether the replicas hold what the log says: each is compared slice by slice, at the position that it has when the slice is read.
//
// What the log says grows along with them: it is brought to the position of a slice, and then its own slice is taken. It never goes
// back, so the replica that is furthest behind comes first, and one that has fallen behind the others meanwhile is waited for.
import type { Position } from '../../domain/change.ts'
import { instant } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Build, Difference, Range, Replica, Slice } from '../../ports/projection.ts'
import { feedOf, patiently, type ReplayPorts, type Watching } from './replay.ts'

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
  const log = openExpected(ports, expected, watching)
  const looks = await Promise.all(replicas.map(async (replica) => ({ replica, seq: await standing(replica) })))
  const reports: ReplicaReport[] = []
  for (const { replica } of looks.toSorted((a, b) => a.seq - b.seq)) reports.push(await report(ports, replica, log, watching))
  const inOrder = replicas.flatMap(({ region }) => reports.filter((one) => one.region === region))
  return { reports: inOrder, expected: { ...expected, position: { ...expected.position, seq: log.reached() } } }
}

const standing = (replica: Replica): Promise<number> =>
  replica.live().then(
    ({ position }) => position.seq,
    () => -1, // told of when its turn comes
  )

async function report(ports: ReplayPorts, replica: Replica, log: Expected, watching: Watching): Promise<ReplicaReport> {
  const found: ReplicaReport = {
    ...{ region: replica.region, schema: null, position: null, behind: 0 },
    ...{ differing: [], differences: [], fault: null },
  }
  try {
    await compare(ports, replica, log, watching, found)
  } catch (error) {
    watching.signal.throwIfAborted()
    if (!(error instanceof Refusal)) throw error
    found.fault = error.message
  }
  const { seq } = await ports.master.head()
  return { ...found, behind: found.position === null ? 0 : Math.max(0, seq - found.position.seq) }
}

/** What readers are switched to meanwhile is compared too; of a build that they have left nobody wants to know. */
async function compare(ports: ReplayPorts, replica: Replica, log: Expected, watching: Watching, found: ReplicaReport): Promise<void> {
  for (let { schema, position } = await replica.live(); schema !== found.schema; { schema, position } = await replica.live()) {
    Object.assign(found, { schema, position, differing: [], differences: [] })
    if (position.epoch !== log.epoch)
      throw new Refusal('conflict', `It shows the log of epoch ${position.epoch}, the master is of ${log.epoch}.`, { code: 'epoch' })
    for (const table of replica.tables) await compareTable(ports, replica, log, table, watching, found)
  }
}

async function compareTable(
  ports: ReplayPorts,
  replica: Replica,
  log: Expected,
  table: string,
  { signal }: Watching,
  found: ReplicaReport,
): Promise<void> {
  const { schema } = found
  const pair = (range: Range) => together(ports, replica, schema ?? '', log, range, signal)
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
  log: Expected,
  range: Range,
  signal: AbortSignal,
): Promise<[there: Slice, said: Slice, upTo: Range['upTo']]> {
  const { clock } = ports
  let stoodMs = clock.monotonic()
  let seq = -1
  for (;;) {
    const there = await patiently(ports, signal, () => replica.slice(schema, range))
    if (there.position.seq > seq) stoodMs = clock.monotonic()
    seq = there.position.seq
    if (seq < log.reached()) {
      if (clock.monotonic() - stoodMs > patienceMs)
        throw new Refusal('late', `It stands at ${seq} and does not move; the others were compared at ${log.reached()}.`)
      await clock.sleep(pollMs, signal)
      continue
    }
    await log.bringTo(seq)
    const upTo = there.count < range.limit ? range.upTo : there.last
    const said = await log.slice({ ...range, upTo, limit: range.each ? range.limit : Number.MAX_SAFE_INTEGER })
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

interface Expected {
  epoch: string
  reached(): number
  bringTo(seq: number): Promise<void>
  slice(range: Range): Promise<Slice>
}

const batchMax = 1000

/** What the log says, in a build that nobody reads. At each stop it counts as whole: else it would hold no words. */
function openExpected(ports: ReplayPorts, { schema, position: { epoch, seq } }: Build, { signal, progress }: Watching): Expected {
  const { master, projection, clock } = ports
  let reached = seq
  let isWhole = false
  return {
    epoch,
    reached: () => reached,
    async bringTo(to) {
      while (reached < to || !isWhole) {
        signal.throwIfAborted()
        const applied = await patiently(ports, signal, async () => {
          const changes = reached < to ? await feedOf(master, { epoch, seq: reached }, Math.min(batchMax, to - reached)) : []
          return projection.apply(schema, changes, { seq: to, at: instant(clock) })
        })
        reached = applied.position.seq
        isWhole = applied.caughtUpAt !== null
        progress({ seq: reached, of: Math.max(reached, (await master.head()).seq) })
      }
    },
    async slice(range) {
      const cut = await patiently(ports, signal, () => projection.slice(schema, range))
      reached = cut.position.seq
      return cut
    },
  }
}
