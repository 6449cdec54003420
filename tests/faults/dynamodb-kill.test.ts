// kill -9 and SIGSTOP of processes that write to DynamoDB, at random moments: nothing acknowledged is lost, nothing is there twice,
// nothing is half there, and readers see all of it.
//
//   DYNAMODB_ROUNDS=20 DYNAMODB_ACKS=1000 SEED=7 bun test tests/faults/dynamodb-kill.test.ts
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../../src/kit/clock.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import { auditWriters, clientAt, dynamoIsMissing, testTable, writerProcess } from '../dynamodb.ts'
import type { Acknowledged } from '../dynamodb-writer.ts'
import { following } from '../following.ts'
import { testPostgres } from '../postgres.ts'
import { seeded } from '../random.ts'

const rounds = Number(process.env.DYNAMODB_ROUNDS ?? 4)
const acks = Number(process.env.DYNAMODB_ACKS ?? 80)
const seed = Number(process.env.SEED ?? Date.now() % 1e9)
const commits = 1_000_000

describe.skipIf(dynamoIsMissing !== null)('a master on DynamoDB', () => {
  let stack: AsyncDisposableStack
  let at: Awaited<ReturnType<typeof testTable>>

  beforeEach(async () => {
    stack = new AsyncDisposableStack()
    at = await testTable()
    stack.defer(() => at.drop())
  })
  afterEach(() => stack.disposeAsync())

  const writer = (name: string, writers: number, most: number, done: number[] = []) => {
    const started = writerProcess(at.endpoint, at.table, name, writers, most, done)
    stack.defer(async () => {
      started.child.kill('SIGKILL')
      await started.ended
    })
    return started
  }
  /** A page of a table of a hundred thousand items, on a machine that does other things too. */
  const patient = () => clientAt(at.endpoint, undefined, 120_000)
  const open = () => openDynamoMaster({ table: at.table, call: at.call, clock, random })
  /** Whoever opens it completes what those who died have left. */
  const complete = async () => {
    const master = await open()
    await master.list('reviews', '*', { limit: 1 })
    await master.close()
  }

  /** Writers who are started again after a kill, and then repeat with its key whatever was not acknowledged. */
  function office(name: string, writers: number, onAcknowledged: (one: Acknowledged) => void) {
    const done = Array.from({ length: writers }, () => 0)
    const start = () => {
      const { child, ended, acknowledgements } = writer(name, writers, commits, done)
      const heard = (async () => {
        for await (const one of acknowledgements) {
          done[one.writer] = one.done
          onAcknowledged(one)
        }
      })()
      return { child, ended, heard }
    }
    let now = start()
    return {
      async kill() {
        now.child.kill('SIGKILL')
        expect(await now.ended).toEqual({ status: null, signal: 'SIGKILL' })
        await now.heard
      },
      start() {
        now = start()
      },
      async pause(ms: number) {
        now.child.kill('SIGSTOP')
        await clock.sleep(ms)
        now.child.kill('SIGCONT')
      },
      /** Rejects when it ended by itself. */
      broken: () =>
        now.ended.then(({ status }) => (status === null ? new Promise<never>(() => {}) : expect.unreachable(`${name}: ${status}`))),
    }
  }

  async function projecting() {
    const database = await (await testPostgres()).database()
    stack.defer(() => database.drop())
    await prepareDatabase(database.url, log)
    const [master, projection] = [await open(), openProjection({ url: database.url, clock, log })]
    stack.defer(async () => void (await Promise.all([projection.close(), master.close()])))
    return { master, project: following(master, projection, stack) }
  }

  test(`with 16 writers in two processes, killed and paused ${rounds} times: each commit once, and read as it was written`, async () => {
    console.log(`seed ${seed}: SEED=${seed} draws the same again`)
    const chance = seeded(seed)
    const { master, project } = await projecting()
    const acknowledged: Acknowledged[] = []
    let tell = () => {}
    const heard = (one: Acknowledged) => {
      acknowledged.push(one)
      tell()
    }
    // Who writes most wins most races for the next place in the log: as near to a leader as there is without a lease.
    const offices = [office('busy', 12, heard), office('other', 4, heard)] as const
    const some = () => offices[chance() < 0.7 ? 0 : 1]
    const reaches = (count: number) => {
      const reached = new Promise<void>((resolve) => {
        tell = () => acknowledged.length >= count && resolve()
        tell()
      })
      return Promise.race([reached, ...offices.map((one) => one.broken())])
    }
    const count = { kills: 0, pauses: 0 }
    const kill = async (who: readonly (typeof offices)[number][]) => {
      count.kills += who.length
      await Promise.all(who.map((one) => one.kill()))
    }
    const trouble = async (round: number) => {
      if (round > rounds / 2 && chance() < 0.7) {
        count.pauses += 1
        return some().pause(50 + chance() * 4000) // others finish after 500 ms what it has begun
      }
      const killed = chance() < 0.2 ? offices : [some()]
      await kill(killed)
      // Now and then the others go on without it for a while.
      if (killed.length === 1 && chance() < 0.5) await reaches(acknowledged.length + Math.ceil(acks * 0.1))
      for (const one of killed) one.start()
    }
    const audit = async (but?: 'late places') => {
      await kill(offices)
      await complete()
      await auditWriters(patient(), at.table, acknowledged, but)
    }

    for (let round = 1; round <= rounds; round++) {
      await reaches((round - 1 + 0.8 * chance()) * acks)
      await clock.sleep(chance() * 30)
      await trouble(round)
      await reaches(round * acks)
      if (round !== Math.floor(rounds / 2)) continue
      // Only whoever was paused may come too late with a place in a list, in which no document then stands.
      await audit()
      for (const one of offices) one.start()
    }
    await audit('late places')
    const repeated = acknowledged.filter((one) => one.repeated).length
    console.log(JSON.stringify({ ...count, acknowledged: acknowledged.length, repeated }))

    const { seq } = await master.head()
    await project.settled(seq)
    const report = await project.verify({ signal: new AbortController().signal, progress: () => {} })
    expect(report).toMatchObject({ differing: [], differences: [], parked: [], position: { seq } })
  }, 3_600_000)

  test('whose writer is paused, overtaken by another and goes on, has every commit of both exactly once', async () => {
    const paused = writer('paused', 16, 6)
    const acknowledged: Acknowledged[] = []
    let stopped: Promise<void> | undefined
    const overtake = async () => {
      paused.child.kill('SIGSTOP')
      const other = writer('other', 16, 4)
      for await (const one of other.acknowledgements) acknowledged.push(one)
      expect(await other.ended).toEqual({ status: 0, signal: null })
      paused.child.kill('SIGCONT')
    }
    for await (const one of paused.acknowledgements) {
      acknowledged.push(one)
      if (acknowledged.length >= 20) stopped ??= overtake()
    }
    await stopped
    expect(await paused.ended).toEqual({ status: 0, signal: null })
    expect(acknowledged.length).toBe(16 * (6 + 4))
    await complete()
    await auditWriters(at.call, at.table, acknowledged)
  }, 300_000)
})
