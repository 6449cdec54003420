// The contract of `ports/master.ts` as tests: every engine passes all of them.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/kit/clock.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import { type Commit, commitMaxBytes, documentMaxBytes, type Master, type Outcome, type Write } from '../../src/ports/master.ts'
import { sampleAccount, sampleCamera, sampleEditor, sampleId, sampleReview, sampleSession, sampleTime } from '../samples.ts'

export interface OpenedMaster {
  master: Master
  /** Closes it and opens the same data again. */
  reopen(): Promise<Master>
  /** Opens what `master.backup(folder)` made, beside the first. The suite closes it. */
  openCopy(folder: string): Promise<Master>
  dispose(): Promise<void>
}

/** `open` gives an empty master that reads the time from `clock`. */
export function masterSuite(name: string, open: (clock: Clock) => Promise<OpenedMaster>): void {
  describe(`master on ${name}`, () => {
    let opened: OpenedMaster
    let master: Master
    let nowMs: number
    const later = (ms: number) => new Date(nowMs + ms).toISOString()

    beforeEach(async () => {
      nowMs = Date.parse(sampleTime)
      opened = await open({ ...systemClock, now: () => nowMs })
      master = opened.master
    })
    afterEach(() => opened.dispose())

    const commit = (wanted: Partial<Commit>): Promise<Outcome> => master.commit({ at: later(0), by: null, writes: [], ...wanted })
    const review = (n: number, expected = 0, changes = {}): Write => {
      const document = sampleReview(n, changes)
      return { kind: 'review', id: document.id, expected, document }
    }
    const camera = (n: number, expected = 0, changes = {}): Write => {
      const document = sampleCamera(n, changes)
      return { kind: 'camera', id: document.id, expected, document }
    }
    const account = (n: number, expected = 0, changes = {}): Write => {
      const document = sampleAccount(n, changes)
      return { kind: 'account', id: document.id, expected, document }
    }
    const note = (id: string, expected: number, value: unknown, expiresAt?: string): Write => ({
      kind: 'note',
      id,
      expected,
      document: { id, value },
      ...(expiresAt !== undefined && { expiresAt }),
    })
    const removal = (write: Write, expected: number): Write => ({ ...write, expected, document: null }) as Write
    const committed = async (wanted: Partial<Commit>) => {
      const outcome = await commit(wanted)
      if (!outcome.committed) throw new Error(`not committed: ${JSON.stringify(outcome)}`)
      return outcome
    }
    const seqs = async () => (await master.feed(0, 5000)).map(({ seq }) => seq)
    const refusalOf = async (promise: Promise<unknown>) => {
      const thrown = await promise.then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(thrown).toBeInstanceOf(Refusal)
      return thrown as Refusal
    }
    /** Everything that can be seen from outside, to show that nothing of a failed commit stayed. */
    const everything = async () => ({
      head: await master.head(),
      feed: await master.feed(0, 5000),
      reviews: await master.list('reviews', '*', { limit: 200 }),
      cameras: await master.list('cameras', '*', { limit: 200 }),
      accounts: await master.list('accounts', '*', { limit: 200 }),
      owners: await Promise.all(['slug:a', 'slug:b'].map((claim) => master.owner(claim))),
      counters: await Promise.all(['stock:a', 'stock:b'].map((counter) => master.counter(counter))),
      record: await master.idempotency('key-1'),
    })
    const record = (key: string) => ({
      key,
      requestHash: `hash of ${key}`,
      answer: { status: 201, kind: 'review', id: 'x', version: 1 } as const,
    })

    describe('a document', () => {
      test('is read as it was written, with version and times of the engine', async () => {
        const { id, ...fields } = sampleReview(1)
        const outcome = await committed({
          by: sampleId('account', 1),
          writes: [{ kind: 'review', id, expected: 0, document: { ...fields, id, version: 99, createdAt: 'x', updatedAt: 'x' } }],
        })
        expect(outcome.versions).toEqual([1])
        expect(outcome.position.seq).toBe(1)
        expect(await master.read('review', id)).toEqual(sampleReview(1, { version: 1, createdAt: later(0), updatedAt: later(0) }))
        expect(await master.versionOf('review', id)).toBe(1)
      })

      test('that never existed is null at version 0', async () => {
        expect(await master.read('review', sampleId('review', 9))).toBeNull()
        expect(await master.versionOf('review', sampleId('review', 9))).toBe(0)
        expect(await master.read('note', 'auth:reset:nobody')).toBeNull()
      })

      test('steps its version by one, and only from the version that was expected', async () => {
        await committed({ writes: [review(1)] })
        nowMs += 60_000
        expect((await committed({ writes: [review(1, 1, { title: 'two' })] })).versions).toEqual([2])
        const { id } = sampleReview(1)
        expect(await master.read('review', id)).toEqual(
          sampleReview(1, { title: 'two', version: 2, createdAt: later(-60_000), updatedAt: later(0) }),
        )
        for (const expected of [0, 1, 3])
          expect(await commit({ writes: [review(1, expected)] })).toEqual({
            committed: false,
            because: 'version',
            kind: 'review',
            id,
            current: 2,
          })
        expect(await seqs()).toEqual([1, 2])
      })

      test('keeps counting through deletion and restoration', async () => {
        const { id } = sampleReview(1)
        await committed({ writes: [review(1)] })
        const deleted = await committed({ writes: [removal(review(1), 1)] })
        expect(deleted.versions).toEqual([2])
        expect(await master.read('review', id)).toBeNull()
        expect(await master.versionOf('review', id)).toBe(2)
        expect((await commit({ writes: [review(1, 0)] })).committed).toBe(false)
        nowMs += 1000
        expect((await committed({ writes: [review(1, 2)] })).versions).toEqual([3])
        expect(await master.read('review', id)).toMatchObject({ version: 3, createdAt: later(-1000), updatedAt: later(0) })
        expect(
          (await master.history('review', id, { limit: 10 })).changes.map(({ version, document }) => [version, document === null]),
        ).toEqual([
          [3, false],
          [2, true],
          [1, false],
        ])
      })

      test('that does not stand cannot be deleted', async () => {
        const { id } = sampleReview(1)
        expect(await commit({ writes: [removal(review(1), 0)] })).toEqual({ committed: false, because: 'required', kind: 'review', id })
        await committed({ writes: [review(1)] })
        await committed({ writes: [removal(review(1), 1)] })
        expect(await commit({ writes: [removal(review(1), 2)] })).toEqual({ committed: false, because: 'required', kind: 'review', id })
      })

      test('keeps every text and number, and any id of text', async () => {
        const value = {
          texts: ['', ' ', '\u0000', '\u0001', '\ud800', '\u2028', '\\u0000', '"', '📷', 'ñ', 'e\u0301', '\uffff', '__proto__'],
          numbers: [0, -1, 0.1, 1e21, Number.MAX_SAFE_INTEGER, 5e-324],
          nested: [[], {}, [null, true, false], JSON.parse('{"__proto__": 1, "constructor": 2}')],
        }
        const ids = ['a', 'A', 'ä', 'a\u0308', '東京/📷', 'a b', 'a:b', '%00', '\u0001', '../x', 'x'.repeat(200), '京'.repeat(200)]
        for (const id of ids) await committed({ writes: [note(id, 0, { id, ...value })] })
        for (const id of ids) expect((await master.read('note', id))?.value).toEqual({ id, ...value })
      })

      test('of one kind is not that of another kind with the same id', async () => {
        const { id } = sampleEditor(1)
        await committed({ writes: [{ kind: 'editor', id, expected: 0, document: sampleEditor(1) }] })
        expect(await master.read('account', id)).toBeNull()
        expect(await master.versionOf('account', id)).toBe(0)
        await committed({ writes: [account(1)] })
        expect(await master.read('editor', id)).toMatchObject({ byline: sampleEditor(1).byline })
      })

      test('may have 128 KiB as JSON and not one byte more', async () => {
        const measure = async (body: string) => {
          await committed({ writes: [review(1, 0, { body })] })
          return Buffer.byteLength(JSON.stringify(await master.read('review', sampleId('review', 1))))
        }
        const spare = documentMaxBytes - (await measure('ñ'))
        const largest = review(2, 0, { body: `ñ${'x'.repeat(spare)}` })
        expect((await refusalOf(commit({ writes: [review(2, 0, { body: `ñ${'x'.repeat(spare + 1)}` })] }))).reason).toBe('too-large')
        expect(await master.versionOf('review', sampleId('review', 2))).toBe(0)
        expect((await committed({ writes: [largest] })).versions).toEqual([1])
      })

      test('names that no engine can hold are refused', async () => {
        for (const id of ['', 'a\u0000b', '\ud800', 'x'.repeat(601)])
          expect((await refusalOf(commit({ writes: [note(id, 0, 1)] }))).reason).toBe('invalid')
      })
    })

    describe('a commit', () => {
      test('numbers its public changes in the order of writes, and says where it ended', async () => {
        const outcome = await committed({ writes: [review(1), account(1), camera(1), review(2)] })
        expect(outcome).toEqual({ committed: true, position: await master.head(), versions: [1, 1, 1, 1] })
        expect((await master.feed(0, 10)).map(({ seq, kind, id }) => [seq, kind, id])).toEqual([
          [1, 'review', sampleId('review', 1)],
          [2, 'camera', sampleId('camera', 1)],
          [3, 'review', sampleId('review', 2)],
        ])
      })

      test('without public changes stays at the head', async () => {
        await committed({ writes: [review(1)] })
        const outcome = await committed({ writes: [account(1)], adjust: [{ counter: 'stock:a', by: 1 }] })
        expect(outcome.position).toEqual(await master.head())
        expect(outcome.position.seq).toBe(1)
        expect((await committed({})).versions).toEqual([])
      })

      const failing: [string, Partial<Commit>, Partial<Outcome>][] = [
        ['version', { writes: [camera(1), review(1, 0)] }, { because: 'version', current: 1 }],
        ['required', { require: [{ kind: 'camera', id: sampleId('camera', 7) }] }, { because: 'required', kind: 'camera' }],
        ['claimed', { claims: { take: [{ name: 'slug:a', owner: 'other' }] } }, { because: 'claimed', name: 'slug:a', owner: 'first' }],
        ['floor', { adjust: [{ counter: 'stock:a', by: -6, floor: 0 }] }, { because: 'counter', counter: 'stock:a', value: 5 }],
        ['ceiling', { adjust: [{ counter: 'stock:a', by: 1, ceiling: 5 }] }, { because: 'counter', counter: 'stock:a', value: 5 }],
        ['repeat', { idempotency: record('key-1') }, { because: 'repeat' }],
      ]
      const foundation: Partial<Commit> = {
        writes: [review(1)],
        claims: { take: [{ name: 'slug:a', owner: 'first' }] },
        adjust: [{ counter: 'stock:a', by: 5 }],
        idempotency: record('key-1'),
      }
      // What a commit would do besides, were it not for the failing condition.
      const effects: Required<Omit<Commit, 'at' | 'by' | 'idempotency'>> = {
        writes: [review(3), account(3)],
        require: [],
        claims: { take: [{ name: 'slug:b', owner: 'me' }], release: [{ name: 'slug:a', owner: 'first' }] },
        adjust: [{ counter: 'stock:b', by: 1 }],
      }
      const together = (...parts: Partial<Commit>[]): Partial<Commit> => ({
        writes: parts.flatMap(({ writes = [] }) => writes),
        require: parts.flatMap(({ require = [] }) => require),
        claims: {
          take: parts.flatMap(({ claims }) => claims?.take ?? []),
          release: parts.flatMap(({ claims }) => claims?.release ?? []),
        },
        adjust: parts.flatMap(({ adjust = [] }) => adjust),
        idempotency: parts.find(({ idempotency }) => idempotency !== undefined)?.idempotency ?? record('key-2'),
      })

      for (const [condition, wanted, answer] of failing)
        test(`whose condition fails (${condition}) leaves nothing`, async () => {
          await committed(foundation)
          const before = await everything()
          const { release, ...rest } = effects.claims
          const besides = { ...effects, claims: condition === 'claimed' ? rest : { ...rest, release: release ?? [] } }
          expect(await commit(together(besides, wanted))).toMatchObject({ committed: false, ...answer })
          expect(await everything()).toEqual(before)
          expect(await master.idempotency('key-2')).toBeNull()
          // The very same without the failing condition would have done something.
          expect((await commit(together(besides))).committed).toBe(true)
          expect(await everything()).not.toEqual(before)
        })

      test('with several failing conditions names one of them and leaves nothing; a repeat comes before all', async () => {
        await committed(foundation)
        const before = await everything()
        for (const mix of failing.flatMap(([, one], i) => failing.slice(i + 1).map(([, other]) => together(effects, one, other)))) {
          const outcome = await commit(mix)
          expect(outcome.committed).toBe(false)
          if (mix.idempotency?.key === 'key-1') expect(outcome).toMatchObject({ because: 'repeat' })
        }
        expect(await everything()).toEqual(before)
      })

      test('of more than 256 KiB, or of more than 100 documents, is refused whole', async () => {
        const before = await everything()
        const big = { body: 'x'.repeat(90_000) }
        expect((await refusalOf(commit({ writes: [review(1, 0, big), review(2, 0, big), review(3, 0, big)] }))).reason).toBe('too-large')
        expect((await refusalOf(commit({ writes: Array.from({ length: 101 }, (_, n) => note(`n${n}`, 0, n)) }))).reason).toBe('too-large')
        const answer = { ...record('key-1').answer, body: 'x'.repeat(commitMaxBytes) }
        expect((await refusalOf(commit({ writes: [review(1)], idempotency: { ...record('key-1'), answer } }))).reason).toBe('too-large')
        expect(await everything()).toEqual(before)
        expect((await committed({ writes: [review(1, 0, big), review(2, 0, big)] })).versions).toEqual([1, 1])
        expect((await committed({ writes: Array.from({ length: 100 }, (_, n) => note(`n${n}`, 0, n)) })).versions).toHaveLength(100)
      })

      test('that fails when half of it is written leaves nothing', async () => {
        const before = await everything()
        const wanted = {
          ...effects,
          writes: [review(1), account(1), review(2, 0, { editorId: 'é'.repeat(101) })],
          idempotency: record('key-1'),
        }
        expect((await refusalOf(commit(wanted))).reason).toBe('invalid')
        expect(await everything()).toEqual(before)
        const [beside] = await Promise.allSettled([committed({ writes: [review(3)] }), commit(wanted)])
        expect(beside).toMatchObject({ status: 'fulfilled', value: { position: { seq: 1 } } })
        expect((await everything()).feed.map(({ id }) => id)).toEqual([sampleId('review', 3)])
      })

      test('that names a document twice is refused', async () => {
        expect((await refusalOf(commit({ writes: [review(1), review(1)] }))).reason).toBe('invalid')
      })

      test('may require documents of any kind, but not deleted ones', async () => {
        const required = { kind: 'camera', id: sampleId('camera', 1) } as const
        await committed({ writes: [camera(1), account(1)] })
        await committed({ writes: [review(1)], require: [required, { kind: 'account', id: sampleId('account', 1) }] })
        await committed({ writes: [removal(camera(1), 1)] })
        expect(await commit({ writes: [review(2)], require: [required] })).toEqual({ committed: false, because: 'required', ...required })
      })
    })

    describe('a claim', () => {
      const take = (name: string, owner: string) => commit({ claims: { take: [{ name, owner }] } })
      const release = (name: string, owner: string) => commit({ claims: { release: [{ name, owner }] } })

      test('belongs to the first who takes it until that one releases it', async () => {
        expect(await master.owner('slug:a')).toBeNull()
        expect((await take('slug:a', 'one')).committed).toBe(true)
        expect((await take('slug:a', 'one')).committed).toBe(true)
        expect(await take('slug:a', 'two')).toEqual({ committed: false, because: 'claimed', name: 'slug:a', owner: 'one' })
        expect((await release('slug:a', 'two')).committed).toBe(true)
        expect((await release('slug:never', 'two')).committed).toBe(true)
        expect(await master.owner('slug:a')).toBe('one')
        await release('slug:a', 'one')
        expect(await master.owner('slug:a')).toBeNull()
        expect((await take('slug:a', 'two')).committed).toBe(true)
      })

      test('can change hands within one commit: what is released can be taken', async () => {
        await take('slug:a', 'one')
        await committed({ claims: { release: [{ name: 'slug:a', owner: 'one' }], take: [{ name: 'slug:a', owner: 'two' }] } })
        expect(await master.owner('slug:a')).toBe('two')
        await committed({ claims: { release: [{ name: 'slug:a', owner: 'two' }], take: [{ name: 'slug:a', owner: 'two' }] } })
        expect(await master.owner('slug:a')).toBe('two')
      })

      test('goes to exactly one of twenty who want it at once', async () => {
        const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => take('slug:a', `owner ${n}`)))
        expect(outcomes.filter(({ committed }) => committed)).toHaveLength(1)
        expect(await master.owner('slug:a')).toBe(`owner ${outcomes.findIndex(({ committed }) => committed)}`)
      })

      test('may have any name of 400 bytes', async () => {
        const name = 'é'.repeat(200)
        await take(name, 'Ørsted')
        expect(await master.owner(name)).toBe('Ørsted')
        expect((await refusalOf(take(`${name}x`, 'one'))).reason).toBe('invalid')
      })
    })

    describe('a counter', () => {
      test('starts at 0 and stays between floor and ceiling, both included', async () => {
        expect(await master.counter('stock:a')).toBe(0)
        const move = (by: number) => commit({ adjust: [{ counter: 'stock:a', by, floor: 0, ceiling: 10 }] })
        expect((await move(10)).committed).toBe(true)
        expect(await move(1)).toEqual({ committed: false, because: 'counter', counter: 'stock:a', value: 10 })
        expect((await move(-10)).committed).toBe(true)
        expect(await move(-1)).toEqual({ committed: false, because: 'counter', counter: 'stock:a', value: 0 })
        expect(await master.counter('stock:a')).toBe(0)
        await committed({ adjust: [{ counter: 'stock:a', by: -3 }] })
        expect(await master.counter('stock:a')).toBe(-3)
      })

      test('moved twice in a commit moves by both, each judged after the one before', async () => {
        await committed({
          adjust: [
            { counter: 'stock:a', by: 5 },
            { counter: 'stock:b', by: 1 },
            { counter: 'stock:a', by: -2, floor: 3 },
          ],
        })
        expect(await Promise.all(['stock:a', 'stock:b'].map((counter) => master.counter(counter)))).toEqual([3, 1])
        const twice = { counter: 'stock:a', by: -2, floor: 0 }
        expect(await commit({ adjust: [twice, twice] })).toMatchObject({ because: 'counter', value: 1 })
        expect(await master.counter('stock:a')).toBe(3)
      })

      test('is never oversold by fifty buyers at once', async () => {
        await committed({ adjust: [{ counter: 'stock:a', by: 20 }] })
        const outcomes = await Promise.all(Array.from({ length: 50 }, () => commit({ adjust: [{ counter: 'stock:a', by: -1, floor: 0 }] })))
        expect(outcomes.filter(({ committed }) => committed)).toHaveLength(20)
        expect(await master.counter('stock:a')).toBe(0)
      })

      test('moves by whole numbers only', async () => {
        for (const by of [0.5, Number.NaN, Number.POSITIVE_INFINITY])
          expect((await refusalOf(commit({ adjust: [{ counter: 'stock:a', by }] }))).reason).toBe('invalid')
      })
    })

    describe('an idempotency key', () => {
      test('gives the record of the first commit, whatever the second would do', async () => {
        const first = await committed({ writes: [review(1)], idempotency: record('key-1') })
        const kept = { ...record('key-1'), position: first.position }
        expect(await master.idempotency('key-1')).toEqual(kept)
        await committed({ writes: [review(2)] })
        const again = await commit({ writes: [review(3)], idempotency: { ...record('key-1'), requestHash: 'another' } })
        expect(again).toEqual({ committed: false, because: 'repeat', record: kept })
        expect(await seqs()).toEqual([1, 2])
        expect(await master.idempotency('key-2')).toBeNull()
      })

      test('is kept by committed effects only', async () => {
        expect((await commit({ writes: [review(1, 5)], idempotency: record('key-1') })).committed).toBe(false)
        expect(await master.idempotency('key-1')).toBeNull()
        await committed({ writes: [review(1)], idempotency: record('key-1') })
      })

      test('used twenty times at once commits exactly once', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            commit({ writes: [review(n)], adjust: [{ counter: 'stock:a', by: 1 }], idempotency: record('key-1') }),
          ),
        )
        const won = outcomes.filter((outcome) => outcome.committed)
        expect(won).toHaveLength(1)
        for (const outcome of outcomes)
          if (!outcome.committed) expect(outcome).toMatchObject({ because: 'repeat', record: { position: won[0]?.position } })
        expect(await seqs()).toEqual([1])
        expect(await master.counter('stock:a')).toBe(1)
      })

      test('is free again after 24 hours, and not before', async () => {
        await committed({ idempotency: record('key-1') })
        nowMs += 24 * 3_600_000 - 1
        expect((await commit({ idempotency: record('key-1') })).committed).toBe(false)
        nowMs += 1
        expect(await master.idempotency('key-1')).toBeNull()
        await committed({ idempotency: record('key-1') })
        nowMs += 12 * 3_600_000
        await master.sweep(later(0))
        expect(await master.idempotency('key-1')).not.toBeNull()
      })
    })

    describe('concurrent commits', () => {
      test('of the same version of one document: exactly one wins', async () => {
        await committed({ writes: [review(1)] })
        const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => commit({ writes: [review(1, 1, { title: `by ${n}` })] })))
        const winner = outcomes.findIndex(({ committed }) => committed)
        expect(outcomes.filter(({ committed }) => committed)).toHaveLength(1)
        expect(await master.read('review', sampleId('review', 1))).toMatchObject({ version: 2, title: `by ${winner}` })
      })

      test('200 at once get 200 consecutive numbers, each of its own', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 200 }, (_, n) => committed({ writes: n % 10 === 0 ? [review(n), camera(n)] : [review(n)] })),
        )
        const wanted = Array.from({ length: 220 }, (_, n) => n + 1)
        expect(await seqs()).toEqual(wanted)
        expect(new Set(outcomes.map(({ position }) => position.seq)).size).toBe(200)
        expect((await master.head()).seq).toBe(220)
        for (const [n, { position }] of outcomes.entries()) {
          const [last] = await master.feed(position.seq - 1, 1)
          expect(last?.id).toBe(n % 10 === 0 ? sampleId('camera', n) : sampleId('review', n))
        }
      })

      test('that fail do not disturb those beside them', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 30 }, (_, n) => {
            if (n % 3 === 0) return commit({ writes: [review(n, 7)] })
            return n % 3 === 1 ? commit({ writes: [review(n, 0, { body: 'x'.repeat(200_000) })] }) : commit({ writes: [review(n)] })
          }),
        )
        const became = outcomes.map((one) => (one.status === 'rejected' ? 'refused' : one.value.committed))
        expect(became).toEqual(Array.from({ length: 30 }, (_, n) => (n % 3 === 1 ? 'refused' : n % 3 === 2)))
        expect(await seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      })
    })

    describe('the feed', () => {
      test('gives each change whole, in order, from any position', async () => {
        const by = sampleId('account', 1)
        await committed({ by, writes: [review(1)] })
        await committed({ writes: [removal(review(1), 1)] })
        await committed({ writes: [camera(1)] })
        const id = sampleId('review', 1)
        expect(await master.feed(0, 2)).toEqual([
          {
            seq: 1,
            at: later(0),
            by,
            kind: 'review',
            id,
            version: 1,
            document: sampleReview(1, { createdAt: later(0), updatedAt: later(0) }),
          },
          { seq: 2, at: later(0), by: null, kind: 'review', id, version: 2, document: null },
        ])
        expect((await master.feed(2, 5000)).map(({ seq }) => seq)).toEqual([3])
        expect(await master.feed(3, 5000)).toEqual([])
        expect(await master.feed(99, 5000)).toEqual([])
      })

      test('gives about 4 MiB at once, and at least one change', async () => {
        const body = 'x'.repeat(120_000)
        for (let n = 0; n < 40; n += 2) await committed({ writes: [review(n, 0, { body }), review(n + 1, 0, { body })] })
        const first = await master.feed(0, 5000)
        expect(first.length).toBeGreaterThan(25)
        expect(first.length).toBeLessThan(40)
        const rest = await master.feed(first.length, 5000)
        expect([...first, ...rest].map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
      })

      test('takes limits from 1 to 5,000', async () => {
        for (const limit of [0, -1, 1.5, 5001]) expect((await refusalOf(master.feed(0, limit))).reason).toBe('invalid')
        expect(await master.feed(0, 5000)).toEqual([])
      })

      test('never shows private documents, counters, claims or keys', async () => {
        const secret = 'MARK-OF-THE-PRIVATE'
        await committed({
          writes: [
            account(1, 0, { name: secret }),
            { kind: 'session', id: sampleId('session', 1), expected: 0, document: sampleSession(1) },
            note(secret, 0, secret),
            review(1),
          ],
          claims: { take: [{ name: `email:${secret}`, owner: secret }] },
          adjust: [{ counter: secret, by: 1 }],
          idempotency: { ...record(secret), answer: { status: 201, body: secret } },
        })
        await committed({ writes: [removal(account(1), 1)] })
        const changes = await master.feed(0, 5000)
        expect(changes.map(({ kind }) => kind)).toEqual(['review'])
        expect(JSON.stringify(changes)).not.toContain(secret)
      })
    })

    describe('waiting', () => {
      const never = new AbortController().signal

      test('ends at once when there is something, and at the next commit when there is not', async () => {
        await committed({ writes: [review(1)] })
        await master.wait(0, 60_000, never)
        const waits = Array.from({ length: 50 }, () => master.wait(1, 60_000, never))
        await committed({ writes: [review(2)] })
        await Promise.all(waits)
        expect((await master.head()).seq).toBe(2)
      })

      test('goes on through commits that change nothing public', async () => {
        let woken = false
        const stop = new AbortController()
        const wait = master.wait(0, 60_000, stop.signal).then(() => {
          woken = true
        })
        await committed({ writes: [account(1)] })
        await committed({ adjust: [{ counter: 'stock:a', by: 1 }] })
        expect(woken).toBe(false)
        stop.abort()
        await wait
      })

      test('ends after its time, on abort, and at close', async () => {
        await master.wait(0, 1, never)
        await master.wait(0, 60_000, AbortSignal.abort())
        const stop = new AbortController()
        const wait = master.wait(0, 60_000, stop.signal)
        stop.abort()
        await wait
        const last = master.wait(0, 60_000, never)
        await opened.reopen()
        await last
      })
    })

    describe('a list', () => {
      const pages = async (limit: number, partition: string) => {
        const found: string[] = []
        let after: string | undefined
        do {
          const page = await master.list('reviews', partition, { limit, ...(after !== undefined && { after }) })
          expect(page.documents.length).toBeLessThanOrEqual(limit)
          found.push(...page.documents.map(({ id }) => id))
          after = page.next ?? undefined
        } while (after !== undefined)
        return found
      }

      test('is in the order of its index, whole, at any page size', async () => {
        const count = 23
        for (let n = 0; n < count; n++) await committed({ writes: [review((n * 7) % count)] })
        const newestFirst = Array.from({ length: count }, (_, n) => sampleId('review', count - 1 - n))
        for (const limit of [1, 4, 22, 23, 24, 200]) expect(await pages(limit, '*')).toEqual(newestFirst)
        await committed({ writes: ['b', 'a', 'a-b', 'aa', 'z', 'á'].map((slug, n) => camera(n, 0, { slug })) })
        const { documents, next } = await master.list('cameras', '*', { limit: 200 })
        expect(documents.map(({ slug }) => slug)).toEqual(['a', 'a-b', 'aa', 'b', 'z', 'á'])
        expect(next).toBeNull()
      })

      test('breaks ties by id, in the direction of the index', async () => {
        const same = { slug: 'same' }
        await committed({ writes: [camera(2, 0, same), camera(1, 0, same), camera(3, 0, same)] })
        const first = await master.list('cameras', '*', { limit: 2 })
        expect(first.documents.map(({ id }) => id)).toEqual([1, 2].map((n) => sampleId('camera', n)))
        const second = await master.list('cameras', '*', { limit: 2, after: first.next ?? '' })
        expect(second.documents.map(({ id }) => id)).toEqual([sampleId('camera', 3)])
      })

      test('shows a document in its partitions only, and moves it with its status', async () => {
        const editorId = sampleId('editor', 1)
        const where = async () => {
          const partitions = ['*', '*/draft', '*/published', editorId, `${editorId}/draft`, `${editorId}/published`, 'somebody']
          const lists = await Promise.all(partitions.map((partition) => master.list('reviews', partition, { limit: 10 })))
          return partitions.filter((_, i) => lists[i]?.documents.length === 1)
        }
        await committed({ writes: [review(1)] })
        expect(await where()).toEqual(['*', '*/draft', editorId, `${editorId}/draft`])
        await committed({ writes: [review(1, 1, { status: 'published' })] })
        expect(await where()).toEqual(['*', '*/published', editorId, `${editorId}/published`])
        const [shown] = (await master.list('reviews', '*', { limit: 1 })).documents
        expect(shown).toMatchObject({ version: 2, status: 'published' })
        await committed({ writes: [removal(review(1), 2)] })
        expect(await where()).toEqual([])
        await committed({ writes: [review(1, 3)] })
        expect(await where()).toEqual(['*', '*/draft', editorId, `${editorId}/draft`])
      })

      test('up to a sort key ends with that key', async () => {
        const at = (n: number) => `2026-12-0${n}T00:00:00.000Z`
        for (const n of [3, 1, 2, 5]) await committed({ writes: [review(n, 0, { status: 'scheduled', publishAt: at(n) })] })
        const due = async (upTo: string) =>
          (await master.list('scheduled', '*', { limit: 10, upTo })).documents.map(({ publishAt }) => publishAt)
        expect(await due(at(2))).toEqual([at(1), at(2)])
        expect(await due(at(4))).toEqual([at(1), at(2), at(3)])
        expect(await due(sampleTime)).toEqual([])
        const first = await master.list('scheduled', '*', { limit: 1, upTo: at(2) })
        const second = await master.list('scheduled', '*', { limit: 1, upTo: at(2), after: first.next ?? '' })
        expect([second.documents.map(({ publishAt }) => publishAt), second.next]).toEqual([[at(2)], null])
        const newest = await master.list('reviews', '*', { limit: 10, upTo: sampleId('review', 2) })
        expect(newest.documents.map(({ id }) => id)).toEqual([2, 1].map((n) => sampleId('review', n)))
      })

      test('goes on where it was when documents before the cursor come and go', async () => {
        await committed({ writes: [1, 2, 3, 4].map((n) => camera(n, 0, { slug: `slug-${n}` })) })
        const { next } = await master.list('cameras', '*', { limit: 2 })
        await committed({ writes: [removal(camera(2), 1), camera(9, 0, { slug: 'slug-0' })] })
        const { documents } = await master.list('cameras', '*', { limit: 2, after: next ?? '' })
        expect(documents.map(({ slug }) => slug)).toEqual(['slug-3', 'slug-4'])
      })

      test('refuses cursors of other lists, invented ones, and limits beyond 1 to 200', async () => {
        await committed({ writes: [1, 2, 3].flatMap((n) => [review(n), camera(n)]) })
        const { next } = await master.list('cameras', '*', { limit: 1 })
        const foreign = [next ?? '', '', 'x', '!', Buffer.from('reviews').toString('base64url'), 'a'.repeat(5000)]
        for (const after of foreign) expect((await refusalOf(master.list('reviews', '*', { limit: 1, after }))).reason).toBe('invalid')
        const drafts = await master.list('reviews', '*/draft', { limit: 1 })
        expect((await refusalOf(master.list('reviews', '*', { limit: 1, after: drafts.next ?? '' }))).reason).toBe('invalid')
        for (const limit of [0, 201, 1.5]) expect((await refusalOf(master.list('reviews', '*', { limit }))).reason).toBe('invalid')
      })
    })

    describe('the history', () => {
      test('of a document has its changes only, newest first, by pages', async () => {
        await committed({ writes: [review(1), review(2)] })
        for (let version = 1; version < 12; version++)
          await committed({ writes: [review(1, version, { title: `version ${version + 1}` })] })
        const id = sampleId('review', 1)
        const found: number[] = []
        let after: string | undefined
        do {
          const page = await master.history('review', id, { limit: 5, ...(after !== undefined && { after }) })
          found.push(...page.changes.map(({ version }) => version))
          for (const { id: whose, version, document } of page.changes) {
            expect(whose).toBe(id)
            if (version > 1) expect(document?.title).toBe(`version ${version}`)
          }
          after = page.next ?? undefined
        } while (after !== undefined)
        expect(found).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
        expect(await master.history('review', sampleId('review', 9), { limit: 5 })).toEqual({ changes: [], next: null })
      })

      test('gives one change by its version', async () => {
        await committed({ writes: [review(1)] })
        await committed({ writes: [removal(review(1), 1)] })
        const id = sampleId('review', 1)
        const [first, second] = await master.feed(0, 10)
        expect(await master.change('review', id, 1)).toEqual(first as never)
        expect(await master.change('review', id, 2)).toEqual(second as never)
        for (const version of [0, 3, -1]) expect(await master.change('review', id, version)).toBeNull()
        expect(await master.change('camera', id, 1)).toBeNull()
      })

      test('refuses cursors of another document', async () => {
        await committed({ writes: [review(1), review(2)] })
        await committed({ writes: [review(1, 1), review(2, 1)] })
        const { next } = await master.history('review', sampleId('review', 1), { limit: 1 })
        const foreign = master.history('review', sampleId('review', 2), { limit: 1, after: next ?? '' })
        expect((await refusalOf(foreign)).reason).toBe('invalid')
      })
    })

    describe('private documents', () => {
      test('are listed by their indexes and found by kind', async () => {
        const session = (n: number): Write => ({ kind: 'session', id: sampleId('session', n), expected: 0, document: sampleSession(n) })
        await committed({ writes: [account(1), account(2, 0, { bylinePending: true }), session(1), session(2)] })
        const ids = (page: { documents: { id: string }[] }) => page.documents.map(({ id }) => id)
        expect(ids(await master.list('accounts', '*', { limit: 10 }))).toEqual([1, 2].map((n) => sampleId('account', n)))
        expect(ids(await master.list('accounts', 'pending', { limit: 10 }))).toEqual([sampleId('account', 2)])
        expect(ids(await master.list('sessions', sampleId('account', 1), { limit: 10 }))).toEqual([2, 1].map((n) => sampleId('session', n)))
        expect((await Array.fromAsync(master.privates('session'))).map(({ id }) => id)).toEqual([1, 2].map((n) => sampleId('session', n)))
        expect(await Array.fromAsync(master.privates('note'))).toEqual([])
        expect(await master.read('account', sampleId('account', 1))).toEqual(sampleAccount(1, { createdAt: later(0), updatedAt: later(0) }))
      })

      test('are erased without trace: deleted, they never existed', async () => {
        await committed({ writes: [account(1)] })
        expect((await committed({ writes: [account(1, 1, { name: 'Other' })] })).versions).toEqual([2])
        expect((await commit({ writes: [account(1, 1)] })).committed).toBe(false)
        expect((await committed({ writes: [removal(account(1), 2)] })).versions).toEqual([3])
        const { id } = sampleAccount(1)
        expect([await master.read('account', id), await master.versionOf('account', id)]).toEqual([null, 0])
        expect((await master.list('accounts', '*', { limit: 10 })).documents).toEqual([])
        expect((await committed({ writes: [account(1, 0)] })).versions).toEqual([1])
      })

      test('are gone for every read from the moment they expire', async () => {
        const expiresAt = later(1000)
        const session: Write = { kind: 'session', id: sampleId('session', 1), expected: 0, document: sampleSession(1), expiresAt }
        await committed({ writes: [session, note('n', 0, 'first', expiresAt)] })
        const seen = async () => [
          await master.read('note', 'n'),
          await master.versionOf('note', 'n'),
          (await master.list('sessions', sampleId('account', 1), { limit: 10 })).documents.length,
          (await Array.fromAsync(master.privates('note'))).length,
          (await commit({ require: [{ kind: 'note', id: 'n' }] })).committed,
        ]
        nowMs += 999
        expect(await seen()).toEqual([expect.objectContaining({ value: 'first', version: 1 }), 1, 1, 1, true])
        nowMs += 1
        expect(await seen()).toEqual([null, 0, 0, 0, false])
        expect(await commit({ writes: [note('n', 1, 'late')] })).toMatchObject({ because: 'version', current: 0 })
        expect((await committed({ writes: [note('n', 0, 'second', later(1000))] })).versions).toEqual([1])
        expect(await master.read('note', 'n')).toMatchObject({ value: 'second', createdAt: later(0) })
        // The first one is swept away, the second is not taken for it.
        expect(await master.sweep(later(0))).toBe(1)
        expect(await master.read('note', 'n')).toMatchObject({ value: 'second' })
        expect(await master.list('sessions', sampleId('account', 1), { limit: 10 })).toEqual({ documents: [], next: null })
      })

      test('a write sets the expiry anew; without one there is none', async () => {
        await committed({
          writes: [note('longer', 0, 1, later(1000)), note('always', 0, 1, later(1000)), note('shorter', 0, 1, later(5000))],
        })
        await committed({ writes: [note('longer', 1, 2, later(3000)), note('always', 1, 2), note('shorter', 1, 2, later(500))] })
        nowMs += 2000
        expect(await master.sweep(later(0))).toBe(1)
        expect((await Array.fromAsync(master.privates('note'))).map(({ id }) => id)).toEqual(['always', 'longer'])
        nowMs += 60_000
        expect(await master.sweep(later(0))).toBe(1)
        expect((await Array.fromAsync(master.privates('note'))).map(({ id }) => id)).toEqual(['always'])
      })

      test('a page of a list is full although expired ones lie between', async () => {
        const write = (n: number): Write => ({
          kind: 'session',
          id: sampleId('session', n),
          expected: 0,
          document: sampleSession(n),
          ...(n % 2 === 0 && { expiresAt: later(1000) }),
        })
        await committed({ writes: Array.from({ length: 10 }, (_, n) => write(n)) })
        nowMs += 1000
        const { documents, next } = await master.list('sessions', sampleId('account', 1), { limit: 4 })
        expect(documents.map(({ id }) => id)).toEqual([9, 7, 5, 3].map((n) => sampleId('session', n)))
        const rest = await master.list('sessions', sampleId('account', 1), { limit: 4, after: next ?? '' })
        expect([rest.documents.map(({ id }) => id), rest.next]).toEqual([[sampleId('session', 1)], null])
      })

      test('public documents do not expire', async () => {
        expect((await refusalOf(commit({ writes: [{ ...review(1), expiresAt: later(1) } as Write] }))).reason).toBe('invalid')
      })
    })

    test('sweeping removes what has expired, all of it and nothing else', async () => {
      for (let n = 0; n < 250; n += 50)
        await committed({ writes: Array.from({ length: 50 }, (_, i) => note(`n${n + i}`, 0, 0, later((n + i + 1) * 10))) })
      await committed({ writes: [review(1), account(1)], idempotency: record('key-1') })
      expect(await master.sweep(later(0))).toBe(0)
      nowMs += 2200
      expect(await master.sweep(later(0))).toBe(220)
      expect(await Array.fromAsync(master.privates('note'))).toHaveLength(30)
      nowMs += 24 * 3_600_000
      expect(await master.sweep(later(0))).toBe(31)
      expect(await master.sweep(later(0))).toBe(0)
      expect(await master.read('account', sampleId('account', 1))).not.toBeNull()
      expect(await master.read('review', sampleId('review', 1))).not.toBeNull()
    })

    test('opened again, everything is as it was, and goes on from there', async () => {
      await committed({
        writes: [review(1), account(1), camera(1)],
        claims: { take: [{ name: 'slug:a', owner: 'me' }] },
        adjust: [{ counter: 'stock:a', by: 7 }],
        idempotency: record('key-1'),
      })
      await committed({ writes: [removal(camera(1), 1)] })
      const before = await everything()
      master = await opened.reopen()
      expect(await everything()).toEqual(before)
      expect((await committed({ writes: [camera(1, 2)] })).position).toEqual({ epoch: before.head.epoch, seq: 4 })
    })

    test('closed, it finishes what is under way and refuses what comes later', async () => {
      const under = Array.from({ length: 20 }, (_, n) => committed({ writes: [review(n)] }))
      const closed = master.close()
      expect((await Promise.all(under)).map(({ position }) => position.seq).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, n) => n + 1),
      )
      await closed
      await master.close()
      await master.wait(0, 60_000, new AbortController().signal)
      const late = [commit({ writes: [review(30)] }), master.read('review', 'x'), master.head(), master.feed(0, 1), master.sweep(later(0))]
      for (const call of late) expect((await refusalOf(call)).reason).toBe('unavailable')
      master = await opened.reopen()
      expect(await seqs()).toHaveLength(20)
    })

    test('a copy made while others write is a master equal to the first at its position', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'rcr-copy-'))
      try {
        for (let n = 0; n < 20; n++)
          await committed({
            writes: [review(n), account(n)],
            adjust: [{ counter: 'stock:a', by: 1 }],
            claims: { take: [{ name: `slug:${n}`, owner: 'me' }] },
          })
        const writers = Array.from({ length: 30 }, (_, n) =>
          committed({ writes: [review(100 + n)], adjust: [{ counter: 'stock:a', by: 1 }] }),
        )
        const position = await master.backup(join(folder, 'copy'))
        await Promise.all(writers)
        expect(position.epoch).toBe((await master.head()).epoch)
        expect(position.seq).toBeGreaterThanOrEqual(20)
        const copy = await opened.openCopy(join(folder, 'copy'))
        try {
          expect(await copy.head()).toEqual(position)
          expect(await copy.feed(0, 5000)).toEqual((await master.feed(0, 5000)).slice(0, position.seq))
          expect(await copy.counter('stock:a')).toBe(position.seq)
          expect(await copy.owner('slug:19')).toBe('me')
          expect(await Array.fromAsync(copy.privates('account'))).toEqual(await Array.fromAsync(master.privates('account')))
          expect(await copy.commit({ at: later(0), by: null, writes: [review(500)] })).toMatchObject({
            position: { seq: position.seq + 1 },
          })
        } finally {
          await copy.close()
        }
        expect(await master.versionOf('review', sampleId('review', 500))).toBe(0)
        expect((await refusalOf(master.backup(join(folder, 'copy')))).reason).toBe('conflict')
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    test('the epoch of a master begins with the time of its making, so that later ones are later', async () => {
      const { epoch, seq } = await master.head()
      expect(epoch).toMatch(/^20261121T100000000Z-[0-9a-f]{12}$/)
      expect(seq).toBe(0)
    })
  })
}
