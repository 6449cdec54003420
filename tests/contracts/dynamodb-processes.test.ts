// The master on DynamoDB between processes: what one commits the others see, and none steps on another's toes.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { instant, secureRandom, systemClock } from '../../src/kit/clock.ts'
import type { Master } from '../../src/ports/master.ts'
import { auditWriters, dynamoIsMissing, testTable, writerProcess } from '../dynamodb.ts'
import { sampleEditor, sampleId, sampleReview } from '../samples.ts'

describe.skipIf(dynamoIsMissing !== null)('processes that share a master on DynamoDB', () => {
  let at: Awaited<ReturnType<typeof testTable>>
  let master: Master | undefined
  const children: ReturnType<typeof writerProcess>[] = []

  beforeEach(async () => {
    at = await testTable()
  })
  afterEach(async () => {
    for (const { child } of children.splice(0)) child.kill('SIGKILL')
    await master?.close()
    await at.drop()
  })
  const open = async () => {
    master = await openDynamoMaster({ table: at.table, call: at.call, clock: systemClock, random: secureRandom, commitMs: 30_000 })
    return master
  }
  const writer = (name: string, writers: number, commits: number) => {
    const started = writerProcess(at.endpoint, at.table, name, writers, commits)
    children.push(started)
    return started
  }

  test('a reader sees at once what another process was acknowledged, and is woken by it', async () => {
    const reading = await open()
    const seen: number[] = []
    const reader = (async () => {
      while (seen.length < 40) {
        await reading.wait(seen.length, 60_000, new AbortController().signal)
        for (const { seq } of await reading.feed(seen.length, 5000)) seen.push(seq)
      }
    })()
    for await (const { seq, review } of writer('one', 1, 20).acknowledgements) {
      const [{ seq: head }, found, owner, record, note] = await Promise.all([
        reading.head(),
        reading.read('review', review),
        reading.owner(`slug:${review}`),
        reading.idempotency(review),
        reading.read('note', `test:${review}`),
      ])
      expect(head).toBeGreaterThanOrEqual(seq)
      expect(found).toMatchObject({ id: review, version: 1 })
      expect(owner).toBe(review)
      expect(record).toMatchObject({ position: { seq } })
      expect(note).toMatchObject({ value: review })
      const { documents } = await reading.list('reviews', '*', { limit: 200 })
      expect(documents.map(({ id }) => id)).toContain(review)
    }
    await reader
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
  }, 120_000)

  test('three that open a new table at once agree on it, and write without gaps, losses or starving', async () => {
    const mine = async () => {
      const writing = await open()
      const seqs: number[] = []
      for (let n = 0; n < 30; n++) {
        const document = sampleReview(n)
        const outcome = await writing.commit({
          at: instant(systemClock),
          by: null,
          writes: [
            { kind: 'review', id: document.id, expected: 0, document },
            { kind: 'editor', id: sampleId('editor', n), expected: 0, document: sampleEditor(n) },
            { kind: 'note', id: `test:${document.id}`, expected: 0, document: { id: '', value: document.id } },
          ],
          claims: { take: [{ name: `slug:${document.id}`, owner: document.id }] },
          adjust: [{ counter: 'acknowledged', by: 1 }],
          idempotency: { key: document.id, requestHash: '', answer: { status: 201 } },
        })
        if (!outcome.committed) throw new Error(JSON.stringify(outcome))
        seqs.push(outcome.position.seq)
      }
      await writing.close()
      return seqs
    }
    const [first, second, seqs] = await Promise.all([
      Array.fromAsync(writer('one', 8, 10).acknowledgements),
      Array.fromAsync(writer('two', 8, 10).acknowledgements),
      mine(),
    ])
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([
      { status: 0, signal: null },
      { status: 0, signal: null },
    ])
    expect([first.length, second.length, seqs.length]).toEqual([80, 80, 30])
    expect(new Set([...first, ...second].map(({ seq }) => seq).concat(seqs)).size).toBe(190)
    await auditWriters(at.call, at.table, [...first, ...second])
  }, 120_000)

  test('of two that are busy all the time neither keeps the other from writing', async () => {
    const masters = await Promise.all([open(), open()])
    const counts = [0, 0]
    const busy = async (which: number, writer: number) => {
      while (Math.min(...counts) < 24 && Math.max(...counts) < 240) {
        const id = `${which} ${writer} ${counts[which]}`
        const write = { kind: 'note', id, expected: 0, document: { id, value: 1 } } as const
        const outcome = await masters[which]?.commit({ at: instant(systemClock), by: null, writes: [write] })
        expect(outcome?.committed).toBe(true)
        counts[which] = (counts[which] ?? 0) + 1
      }
    }
    await Promise.all([0, 1].flatMap((which) => Array.from({ length: 8 }, (_, writer) => busy(which, writer))))
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(24)
    await Promise.all(masters.map((one) => one.close()))
  }, 120_000)
})
