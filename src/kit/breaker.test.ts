// A breaker spares whoever is down, and everybody who would wait for them.
import { expect, test } from 'bun:test'
import { breaker } from './breaker.ts'

function stage() {
  let nowMs = 0
  let calls = 0
  const circuit = breaker({
    failures: 3,
    openMs: 1000,
    successes: 2,
    clock: { monotonic: () => nowMs },
    isFailure: (error) => (error as Error).message === 'down',
    refusal: () => new Error('refused'),
  })
  const call = (outcome: string) =>
    circuit
      .run(async () => {
        calls += 1
        if (outcome !== 'ok') throw new Error(outcome)
        return outcome
      })
      .catch((error) => error.message)
  return { circuit, call, calls: () => calls, pass: (ms: number) => (nowMs += ms) }
}

test('opens after failures in a row, not after as many among successes', async () => {
  const { circuit, call, calls } = stage()
  for (const outcome of ['down', 'down', 'ok', 'down', 'down', 'faulty', 'down', 'down']) await call(outcome)
  expect(circuit.state()).toBe('closed')
  await call('down')
  expect(circuit.state()).toBe('open')
  expect(await call('ok')).toBe('refused')
  expect(calls()).toBe(9)
})

test('lets one call through to see, closes after successes, opens again after a failure', async () => {
  const { circuit, call, calls, pass } = stage()
  for (let n = 0; n < 3; n++) await call('down')
  pass(1000)
  expect(await Promise.all([call('down'), call('ok'), call('ok')])).toEqual(['down', 'refused', 'refused'])
  expect(calls()).toBe(4)
  pass(999)
  expect(await call('ok')).toBe('refused')
  pass(1)
  expect(await call('ok')).toBe('ok')
  expect(circuit.state()).toBe('half-open')
  expect(await call('ok')).toBe('ok')
  expect(circuit.state()).toBe('closed')
})
