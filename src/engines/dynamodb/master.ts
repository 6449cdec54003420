// The master on DynamoDB: one table, whose log items are the only point at which anything is committed.
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { type Log as Lines, silentLog } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { watcher } from '../../kit/watch.ts'
import { commitDeadlineMs, type Kind, type Master } from '../../ports/master.ts'
import { backup } from './backup.ts'
import { type Behind, openBehind } from './behind.ts'
import type { Call } from './client.ts'
import { type Committer, openCommitter } from './commit.ts'
import { draft } from './draft.ts'
import { guarded } from './failure.ts'
import { hasExpired } from './judge.ts'
import { claimPartition, counterPartition, repeatPartition } from './keys.ts'
import { type Loader, openLoader } from './load.ts'
import { type Log, openLog } from './log.ts'
import { settleEpoch } from './meta.ts'
import { change, feed, history, list, type Marks, privates } from './pages.ts'
import { openPending, type Pending } from './pending.ts'
import { type CellValues, documentIn, type Head } from './records.ts'
import { sweep } from './sweep.ts'
import { openTable, type Table } from './table.ts'

interface DynamoMasterOptions {
  table: string
  call: Call
  clock: Clock
  random: RandomBytes
  log?: Lines
  commitMs?: number
}

export async function openDynamoMaster(options: DynamoMasterOptions): Promise<Master> {
  const { table: name, call, clock, random, log: lines = silentLog, commitMs = commitDeadlineMs } = options
  const table = openTable(name, call)
  const epoch = await guarded(name, () => settleEpoch(table, clock.now(), random))
  const pending = openPending(clock.monotonic)
  const log = openLog(table, pending, clock, call.pause)
  await guarded(name, log.refresh)
  const behind = openBehind(table, pending, clock, lines)
  behind.wake()
  lines.info('master opened', { engine: 'dynamodb', table: name, epoch, seq: log.head().seq })
  const loader = openLoader(table, pending)
  const committer = openCommitter({ table, epoch, log, loader, behind, clock, pause: call.pause, random, commitMs })
  return masterOver({ table, epoch, pending, log, behind, loader, committer, clock })
}

interface Parts {
  table: Table
  epoch: string
  pending: Pending
  log: Log
  behind: Behind
  loader: Loader
  committer: Committer
  clock: Clock
}

function masterOver({ table, epoch, pending, log, behind, loader, committer, clock }: Parts): Master {
  // A look is a query that finds nothing: one read unit. One follower that waits all day costs 430,000 to 3,500,000 of them. A stream
  // of the table could wake instead, but would be one more thing to set up, to pay for and to read, and no faster than this.
  const newest = async () => {
    await log.refresh()
    behind.wake()
    return log.head().seq
  }
  const watch = watcher({ clock, newest, shortestMs: 25, longestMs: 200 })
  let closing: Promise<void> | undefined
  const open = <T>(act: () => Promise<T>): Promise<T> =>
    guarded(table.name, () => {
      if (closing !== undefined) throw new Refusal('unavailable', 'The master is closed.')
      return act()
    })
  /** Looks while it asks whether others have committed anything; when they have, looks again. */
  const fresh = <T>(look: () => Promise<T>): Promise<T> =>
    open(async () => {
      const before = log.lastForeign()
      const [found] = await Promise.all([look(), log.refresh()])
      return log.lastForeign() === before ? found : look()
    })
  /** Looks when all that is committed can be seen in the table. */
  const written = <T>(look: () => Promise<T>): Promise<T> =>
    open(async () => {
      await log.refresh()
      await behind.settled()
      return look()
    })
  const head = async (kind: Kind, id: string): Promise<Head | undefined> => {
    const found = await loader.head(kind, id)
    return hasExpired(found?.expiresAt, clock.now()) ? undefined : found
  }
  const cell = <K extends keyof CellValues>(_: K, pk: string) => loader.cell(pk) as Promise<CellValues[K] | undefined>
  const marks: Marks = new Map()

  return {
    lost: new Promise(() => {}),
    commit: (wanted) =>
      open(async () => {
        const outcome = await committer.commit(draft(wanted))
        if (outcome.committed) watch.reached(outcome.position.seq)
        return outcome
      }),
    read: (kind, id) => fresh(async () => documentIn(id, await head(kind, id)) as never),
    versionOf: (kind, id) => fresh(async () => (await head(kind, id))?.version ?? 0),
    list: (index, partition, page) => written(() => list(table, index, partition, page, clock.now()) as never),
    owner: (claim) => fresh(async () => (await cell('claim', claimPartition(claim))) ?? null),
    counter: (counter) => fresh(async () => (await cell('counter', counterPartition(counter))) ?? 0),
    idempotency: (key) =>
      fresh(async () => {
        const found = await cell('repeat', repeatPartition(key))
        return found === undefined || hasExpired(found.until, clock.now()) ? null : found.record
      }),
    history: (kind, id, page) => written(() => history(table, kind, id, page) as never),
    change: (kind, id, version) => written(() => change(table, kind, id, version) as never),
    head: () => fresh(async () => {}).then(() => ({ epoch, seq: log.head().seq })),
    feed: (after, limit) => fresh(async () => {}).then(() => guarded(table.name, () => feed(table, log, marks, after, limit))),
    wait: watch.wait,
    privates: (kind) => privates(table, kind, written, clock.now) as never,
    backup: (folder) => open(() => backup({ table, log, behind, pending, clock, epoch }, folder)),
    sweep: (now) =>
      written(async () => {
        await log.tidy()
        behind.wake()
        return sweep(table, now)
      }),
    close() {
      watch.close()
      closing ??= committer.idle().then(behind.close)
      return closing
    },
  }
}
