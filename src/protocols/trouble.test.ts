// An outage is told, and does not drown what else is told.
import { expect, test } from 'bun:test'
import { openLog } from '../kit/log.ts'
import { Refusal } from '../kit/refusal.ts'
import { openTrouble } from './trouble.ts'

function stage() {
  const lines: ReturnType<typeof JSON.parse>[] = []
  let nowMs = 0
  const trouble = openTrouble(
    openLog('info', (line) => lines.push(JSON.parse(line))),
    () => nowMs,
  )
  const tell = (thrown: Error) => trouble(thrown, thrown instanceof Refusal ? thrown : null, { requestId: `at ${nowMs}` })
  return { lines, tell, pass: (ms: number) => (nowMs += ms) }
}
const away = () => new Refusal('unavailable', 'The database does not answer now.', { cause: new Error('ECONNREFUSED') })

test('of each kind of refusal one line a second is told, with its cause, and how many were like it', () => {
  const { lines, tell, pass } = stage()
  for (let n = 0; n < 1500; n++) {
    tell(away())
    if (n % 2 === 0) tell(new Refusal('late', 'The answer took too long.'))
    pass(1)
  }
  expect(lines.map(({ event, requestId, alike, error }) => [event, requestId, error.message, alike])).toEqual([
    ['refused', 'at 0', 'The database does not answer now.', undefined],
    ['refused', 'at 0', 'The answer took too long.', undefined],
    ['refused', 'at 1000', 'The database does not answer now.', 999],
    ['refused', 'at 1000', 'The answer took too long.', 499],
  ])
  expect(lines[0].error.cause.message).toBe('ECONNREFUSED')
})

test('each defect is told; what a caller did wrong, and what is told elsewhere, is not', () => {
  const { lines, tell } = stage()
  for (let n = 0; n < 3; n++) tell(new TypeError('ours'))
  tell(new Refusal('missing', 'There is nothing.'))
  tell(new Refusal('unavailable', 'Too much.', { code: 'overloaded' }))
  expect(lines.map(({ event, error }) => [event, error.message])).toEqual(Array(3).fill(['defect', 'ours']))
})
