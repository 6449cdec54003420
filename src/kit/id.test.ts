// Ids: their form, their order, and the same one for the same name.
import { expect, test } from 'bun:test'
import { secureRandom } from './clock.ts'
import { idMaker, steadyId } from './id.ts'

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

test('an id is a UUIDv7 that begins with its time', () => {
  const nowMs = Date.parse('2026-11-21T10:00:00.123Z')
  const id = idMaker({ now: () => nowMs }, secureRandom)()
  expect(id).toMatch(form)
  expect(timeOf(id)).toBe(nowMs)
})

test('ids are ordered as they were made, in one millisecond and when the clock goes back', () => {
  let nowMs = Date.parse('2026-11-21T10:00:00.000Z')
  const newId = idMaker({ now: () => nowMs }, secureRandom)
  const ids = Array.from({ length: 20_000 }, (_, n) => {
    if (n === 8000) nowMs -= 3_600_000
    if (n === 12_000) nowMs += 7_200_000
    return newId()
  })
  expect(ids.every((id) => form.test(id))).toBe(true)
  expect(ids).toEqual([...ids].sort())
  expect(new Set(ids).size).toBe(ids.length)
})

test('two makers give different ids at the same moment', () => {
  const makers = Array.from({ length: 100 }, () => idMaker({ now: () => 1_800_000_000_000 }, secureRandom))
  expect(new Set(makers.map((newId) => newId())).size).toBe(100)
})

test('a steady id is that of its name and time', () => {
  const id = steadyId(1_800_000_000_000, 'canon-eos-r5')
  expect(id).toMatch(form)
  expect(steadyId(1_800_000_000_000, 'canon-eos-r5')).toBe(id)
  expect(steadyId(1_800_000_000_000, 'canon-eos-r6')).not.toBe(id)
  expect(timeOf(id)).toBe(1_800_000_000_000)
})
