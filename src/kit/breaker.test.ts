// A breaker spares whoever is down, and everybody who would wait for them.
import { expect, test } from 'bun:test'
import { breaker } from './breaker.ts'

function stage() {
  let nowMs = 0
  let calls = 0
  const circuit = breaker({ failures: 3, openMs: 1000, successes: 2 }, { monotonic: () => nowMs })
  const enter = () => {
    const pass = circuit.enter()
    if (pass !== null) calls += 1
    return pass
  }
  const call = (outcome: 'answered' | 'failed' | 'left') => {
    const pass = enter()
    pass?.[outcome]()
    return pass === null ? 'refused' : outcome
  }
  return { circuit, enter, call, calls: () => calls, pass: (ms: number) => (nowMs += ms) }
}

const open = ({ call }: Pick<ReturnType<typeof stage>, 'call'>) => {
  for (let n = 0; n < 3; n++) call('failed')
}

test('opens after failures in a row, not after as many among answers', () => {
  const { circuit, call, calls } = stage()
  for (const outcome of ['failed', 'failed', 'answered', 'failed', 'failed', 'answered', 'failed', 'failed'] as const) call(outcome)
  expect(circuit.state()).toBe('closed')
  call('failed')
  expect(circuit.state()).toBe('open')
  expect(call('answered')).toBe('refused')
  expect(calls()).toBe(9)
})

test('lets one call through to see, closes after successes, opens again after a failure', () => {
  const { circuit, enter, call, calls, pass } = stage()
  open({ call })
  pass(1000)
  const probe = enter()
  expect([call('answered'), call('answered')]).toEqual(['refused', 'refused'])
  expect(calls()).toBe(4)
  probe?.failed()
  pass(999)
  expect(call('answered')).toBe('refused')
  pass(1)
  expect(call('answered')).toBe('answered')
  expect(circuit.state()).toBe('half-open')
  expect(call('answered')).toBe('answered')
  expect(circuit.state()).toBe('closed')
})

test('of a thousand who come at once while it is tried, one is let in, and never two', () => {
  const { call, enter, pass } = stage()
  open({ call })
  for (const _ of [1, 2]) {
    pass(1000)
    const entered = Array.from({ length: 1000 }, enter).filter((one) => one !== null)
    expect(entered).toHaveLength(1)
    entered[0]?.answered()
  }
})

test('a trial whose caller goes away decides nothing, and the next one is let in at once', () => {
  const { circuit, call, enter, pass } = stage()
  open({ call })
  pass(1000)
  expect(call('left')).toBe('left')
  expect(circuit.state()).toBe('half-open')
  expect(enter()).not.toBeNull()
})

test('what was asked before it opened, and ends only while it is tried, neither closes nor opens it', () => {
  for (const late of ['answered', 'failed'] as const) {
    const { circuit, call, enter, pass } = stage()
    const [slow, slower] = [enter(), enter()]
    open({ call })
    slow?.[late]()
    expect(circuit.state()).toBe('open')
    pass(1000)
    const probe = enter()
    slower?.[late]()
    expect(circuit.state()).toBe('half-open')
    expect(enter()).toBeNull() // the trial is still under way
    probe?.answered()
    expect(call('answered')).toBe('answered')
    expect(circuit.state()).toBe('closed')
  }
})

test('an hour forward or back on the wall clock is not its time', () => {
  const { call, pass, circuit } = stage() // it is given no wall clock at all
  open({ call })
  pass(999)
  expect(call('answered')).toBe('refused')
  pass(1)
  expect(call('answered')).toBe('answered')
  expect(circuit.state()).toBe('half-open')
})
