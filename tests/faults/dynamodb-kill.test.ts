// kill -9 and SIGSTOP of processes that write to DynamoDB, at random moments: nothing acknowledged is lost, nothing is there twice,
// nothing is half there. RCR_KILLS and RCR_ACKS set the size; the goal is stated for 20 kills and 5,000 acknowledgements.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { chanceFrom } from '../contracts/histories.ts'
import { auditWriters, dynamoIsMissing, testTable, writerProcess } from '../dynamodb.ts'
import type { Acknowledged } from '../dynamodb-writer.ts'

const kills = Number(process.env.RCR_KILLS ?? 4)
const acks = Number(process.env.RCR_ACKS ?? 80)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.skipIf(dynamoIsMissing !== null)('a master on DynamoDB', () => {
  let at: Awaited<ReturnType<typeof testTable>>
  const children: ReturnType<typeof writerProcess>[] = []

  beforeEach(async () => {
    at = await testTable()
  })
  afterEach(async () => {
    for (const { child } of children.splice(0)) child.kill('SIGKILL')
    await at.drop()
  })
  const writer = (name: string, commits: number) => {
    const started = writerProcess(at.endpoint, at.table, name, 16, commits)
    children.push(started)
    return started
  }
  /** Whoever opens it completes what those who died have left. */
  const complete = async () => {
    const master = await openDynamoMaster({ table: at.table, call: at.call, clock: systemClock, random: secureRandom })
    await master.list('reviews', '*', { limit: 1 })
    await master.close()
  }

  test(`whose writer is killed ${kills} times (SEED=${seed}) loses nothing that was acknowledged`, async () => {
    const chance = chanceFrom(seed)
    const acknowledged: Acknowledged[] = []
    for (let round = 0; round < kills; round++) {
      // The first half of an id would do, but each round must make reviews of its own.
      const { child, ended, acknowledgements } = writer(`round ${round}`, 100_000)
      const last = acknowledged.length + Math.ceil(acks * (0.5 + chance()))
      for await (const one of acknowledgements) {
        acknowledged.push(one)
        if (acknowledged.length === last) setTimeout(() => child.kill('SIGKILL'), chance() * 30)
      }
      expect((await ended).signal).toBe('SIGKILL')
      if (round % 2 === 0) continue // and the next writer has to find out itself
      await complete()
      await auditWriters(at.call, at.table, acknowledged)
    }
    await complete()
    await auditWriters(at.call, at.table, acknowledged)
    expect(acknowledged.length).toBeGreaterThan(kills)
  }, 600_000)

  test('whose writer is paused, overtaken by another and goes on, has every commit of both exactly once', async () => {
    const paused = writer('paused', 6)
    const acknowledged: Acknowledged[] = []
    let stopped: Promise<void> | undefined
    const overtake = async () => {
      paused.child.kill('SIGSTOP')
      const other = writer('other', 4)
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
