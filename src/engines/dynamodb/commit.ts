// Commits in micro-batches: one log item takes whatever came while the one before was under way.
//
//   queue ─▶ read what the conditions are about ─▶ judge one after another ─▶ put item n + 1 ─▶ answer ─▶ written behind
//                 ▲                                                              │ taken
//                 └──────────────── read what others have put ◀──────────────────┘
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { within } from '../../kit/deadline.ts'
import { Refusal } from '../../kit/refusal.ts'
import { commitMaxBytes, type Outcome } from '../../ports/master.ts'
import type { Behind } from './behind.ts'
import type { Call } from './client.ts'
import type { Draft } from './draft.ts'
import { late } from './failure.ts'
import { deedOf, isEmpty, judge, newTrial } from './judge.ts'
import { askPartition } from './keys.ts'
import type { Loader } from './load.ts'
import type { Log } from './log.ts'
import { type CellValues, type Deed, logItem, redoItem } from './records.ts'
import type { Table } from './table.ts'
import { openTurns } from './turns.ts'

interface Parts {
  table: Table
  epoch: string
  log: Log
  loader: Loader
  behind: Behind
  clock: Clock
  pause: Call['pause']
  random: RandomBytes
  /** Whoever waits longer is told that the outcome is unknown. */
  commitMs: number
}

export interface Committer {
  commit(draft: Draft): Promise<Outcome>
  /** After all that is under way. */
  idle(): Promise<void>
}

interface Job {
  draft: Draft
  answer: (outcome: Outcome) => void
  refuse: (reason: unknown) => void
  /** Nobody waits any more: what is not begun need not be. */
  given: boolean
}

const mostAtOnce = 64
/** DynamoDB takes items of 400 KB; names and numbers need some of it. */
const itemMaxBytes = 390_000

export function openCommitter({ table, epoch, log, loader, behind, clock, pause, random, commitMs }: Parts): Committer {
  const queue: Job[] = []
  const turns = openTurns(table, log, clock, Buffer.from(random(8)).toString('hex'))
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    await null // those who come in the same moment go together
    while (queue.length > 0) {
      const batch = next(queue)
      await settle(batch).catch((thrown: unknown) => {
        for (const { refuse } of batch) refuse(thrown)
      })
    }
    running = undefined
  }

  async function settle(jobs: readonly Job[]): Promise<void> {
    await behind.room()
    for (let tries = 1; ; tries++) {
      const waiting = jobs.filter(({ given }) => !given)
      if (waiting.length === 0) return
      const head = log.head()
      const values = await loader.before(
        waiting.map(({ draft }) => draft),
        [askPartition],
      )
      if (await turns.left(values.get(askPartition) as CellValues['ask'] | undefined, head.n)) continue
      const trial = newTrial({ n: head.n + 1, seq: head.seq, epoch, nowMs: clock.now(), values })
      const outcomes = waiting.map(({ draft }) => judge(trial, draft))
      const deed = deedOf(trial, Buffer.from(random(16)).toString('hex'))
      if (isTooLarge(deed)) return apart(waiting)
      if (isEmpty(trial) ? await isCurrent(head.n) : await append(deed)) {
        for (const [i, { answer }] of waiting.entries()) answer(outcomes[i] as Outcome)
        return
      }
      await pause(tries)
    }
  }

  async function append(deed: Deed): Promise<boolean> {
    if (await log.append(deed)) {
      behind.wake()
      return true
    }
    await Promise.all([turns.ask(deed.n), log.refresh()])
    behind.wake()
    return false
  }

  /** An answer that writes nothing is true when nobody has put anything since. */
  async function isCurrent(n: number): Promise<boolean> {
    await log.refresh()
    return log.head().n === n
  }

  async function apart(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 1) throw new Refusal('too-large', 'What is written at once has too many places and names.')
    for (const job of jobs) await settle([job]).catch(job.refuse)
  }

  return {
    commit(draft) {
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
      const job: Job = { draft, answer: resolve, refuse: reject, given: false }
      queue.push(job)
      running ??= run()
      return within(clock, commitMs, promise, () => {
        job.given = true
        const place = queue.indexOf(job)
        if (place >= 0) queue.splice(place, 1)
        return late()
      })
    },
    idle: async () => running,
  }
}

function next(queue: Job[]): Job[] {
  let sizeBytes = 0
  const count = queue.findIndex(({ draft }, i) => {
    sizeBytes += draft.sizeBytes
    return i > 0 && (i >= mostAtOnce || sizeBytes > commitMaxBytes)
  })
  return queue.splice(0, count === -1 ? queue.length : count)
}

function isTooLarge(deed: Deed): boolean {
  const bytes = (texts: readonly string[]) => texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 4, 0)
  return bytes(logItem(deed).changes as readonly string[]) > itemMaxBytes || bytes([redoItem(deed).body as string]) > itemMaxBytes
}
