// How long a commit is waited for, by a clock of the test.
import { expect, test } from 'bun:test'
import { Refusal } from '../../kit/refusal.ts'
import { patience } from './patience.ts'

function timed(hasGivenUp = () => false) {
  let nowMs = 0
  const sleepers = new Set<() => void>()
  const clock = {
    monotonic: () => nowMs,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        sleepers.add(resolve)
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const patient = patience(clock, hasGivenUp)
  const pass = async (ms: number) => {
    nowMs += ms
    for (const wake of sleepers) wake()
    sleepers.clear()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return { patient, pass }
}
const refusalOf = (promise: Promise<unknown>): Promise<Refusal> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
  )

test('a commit that takes longer than two seconds is refused as unknown, and others at once until it ends', async () => {
  const { patient, pass } = timed()
  const slow = Promise.withResolvers<string>()
  const answer = refusalOf(patient.within(() => slow.promise))
  await pass(1900)
  expect(await patient.within(async () => 'beside')).toBe('beside')
  await pass(200)
  expect(await answer).toMatchObject({ reason: 'unavailable', code: 'master-late', message: expect.stringContaining('Repeat it') })
  expect(await refusalOf(patient.within(async () => 'more'))).toMatchObject({
    code: 'master-late',
    message: expect.stringContaining('Nothing was written'),
  })
  slow.resolve('late')
  await pass(0)
  expect(await patient.within(async () => 'again')).toBe('again')
})

test('a process is given up when LMDB has, and everybody who waits is told', async () => {
  let panic = false
  const { patient, pass } = timed(() => panic)
  const waiting = refusalOf(patient.within(() => new Promise(() => {})))
  panic = true
  const failing = refusalOf(patient.within(async () => Promise.reject(new Error('EIO'))))
  await pass(0)
  expect((await failing).code).toBe('master-lost')
  expect((await waiting).code).toBe('master-lost')
  expect(await patient.lost).toContain('LMDB answers this process no more')
  expect((await refusalOf(patient.within(async () => 'more'))).code).toBe('master-lost')
})

test('a commit that never ends is a reason to give up after a minute, a second place that never answers is none', async () => {
  const { patient, pass } = timed()
  const away = refusalOf(patient.within((stored) => [stored(), new Promise(() => {})][1] as Promise<never>))
  await pass(2100)
  expect((await away).code).toBe('master-late')
  for (let s = 0; s < 120; s++) await pass(1000)
  expect(patient.isLost()).toBe(false)

  const other = timed()
  const stuck = refusalOf(other.patient.within(() => new Promise(() => {})))
  await other.pass(2100)
  expect((await stuck).code).toBe('master-late')
  await other.pass(57_000)
  expect(other.patient.isLost()).toBe(false)
  await other.pass(1_000)
  expect(other.patient.isLost()).toBe(true)
  expect(await other.patient.lost).toContain('has not ended within 60 s')
})

test('nobody waits for ever to close', async () => {
  const { patient, pass } = timed()
  const stuck = refusalOf(patient.within(() => new Promise(() => {})))
  const quiet = patient.quiet()
  await pass(2100)
  await stuck
  await quiet
})
