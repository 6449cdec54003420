import { describe, expect, test } from 'bun:test'
import { once, Repeated } from './idempotency.ts'
import type { Answer, Call } from './operation.ts'
import { Refusal } from './refusal.ts'

interface Kept {
  requestHash: string
  position: { epoch: string; seq: number }
  made: number
}

const call = (key: string | null, requestHash = 'h'): Call => ({
  requestId: 'r',
  principal: null,
  signal: new AbortController().signal,
  ifMatch: null,
  idempotency: key === null ? null : { key, requestHash },
  atLeast: null,
  userAgent: '',
  address: '',
})

/** A store whose commit and record are one step, and a command that counts its effects. */
function shop() {
  const records = new Map<string, Kept>()
  let made = 0
  const commit = (asked: Call): Answer | Repeated<Kept> => {
    const { idempotency } = asked
    const there = idempotency && records.get(idempotency.key)
    if (there) return new Repeated(there)
    made += 1
    if (idempotency) records.set(idempotency.key, { requestHash: idempotency.requestHash, position: { epoch: 'e', seq: made }, made })
    return { body: made }
  }
  const ask = (asked: Call, run = async () => commit(asked)) =>
    once<Kept>(
      asked,
      async (key) => records.get(key) ?? null,
      async (record) => ({ body: record.made }),
      run,
    )
  return { ask, commit, made: () => made }
}

describe('a command with a key', () => {
  test('has its effect once and always the first answer', async () => {
    const { ask, made } = shop()
    expect(await Promise.all([ask(call('k')), ask(call('k')), ask(call('k'))])).toEqual([{ body: 1 }, { body: 1 }, { body: 1 }])
    const never = () => Promise.reject(new Error('judged again'))
    expect(await ask(call('k'), never)).toEqual({ body: 1 })
    expect(made()).toBe(1)
  })

  test('is refused with another request, before and during the first', async () => {
    const { ask } = shop()
    const [first, other] = await Promise.allSettled([ask(call('k')), ask(call('k', 'other'))])
    expect(first.status).toBe('fulfilled')
    expect(other).toMatchObject({ status: 'rejected', reason: { reason: 'key-reused' } })
    await expect(ask(call('k', 'other'))).rejects.toMatchObject({ reason: 'key-reused' })
  })

  test('that is refused because of what its twin did gets the answer of the twin', async () => {
    const { ask, commit } = shop()
    const late = async () => {
      commit(call('k'))
      throw new Refusal('stale', 'The twin was here.')
    }
    expect(await ask(call('k'), late)).toEqual({ body: 1 })
  })

  test('that is refused for itself, or breaks, may come again', async () => {
    const { ask } = shop()
    for (const thrown of [new Refusal('conflict', 'No.'), new Error('defect')])
      await expect(
        ask(call('k'), async () => {
          throw thrown
        }),
      ).rejects.toBe(thrown)
    expect(await ask(call('k'))).toEqual({ body: 1 })
  })
})

test('without a key everything happens as often as it is asked', async () => {
  const { ask } = shop()
  expect([await ask(call(null)), await ask(call(null))]).toEqual([{ body: 1 }, { body: 2 }])
})
