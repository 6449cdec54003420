// Sealed texts: opened by whoever made them for the same purpose, by nobody else and not after a change.
import { expect, test } from 'bun:test'
import { sealer } from './seal.ts'

const secret = new Uint8Array(32).fill(7)
const cursors = sealer(secret, 'cursor')
const value = { after: 'canon-eos-r5', n: 3, unicode: 'ñ 📷', none: null }

test('what was sealed opens as it was, also after a restart', () => {
  const sealed = cursors.seal(value)
  expect(sealed).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/)
  expect(cursors.open(sealed)).toEqual(value)
  expect(sealer(secret, 'cursor').open(sealed)).toEqual(value)
})

test('another purpose or another secret does not open it', () => {
  expect(sealer(secret, 'token').open(cursors.seal(value))).toBeUndefined()
  expect(sealer(new Uint8Array(32).fill(8), 'cursor').open(cursors.seal(value))).toBeUndefined()
})

test('a text changed in any place does not open', () => {
  const sealed = cursors.seal(value)
  for (let at = 0; at < sealed.length; at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A'
    expect(cursors.open(sealed.slice(0, at) + other + sealed.slice(at + 1))).toBeUndefined()
  }
})

test('whatever else is sent does not open and does not throw', () => {
  const sealed = cursors.seal(value)
  const [payload, mac] = sealed.split('.')
  const strange = [
    '',
    '.',
    '..',
    payload,
    `${payload}.`,
    `.${mac}`,
    `${sealed}.`,
    `${sealed}=`,
    ` ${sealed}`,
    `${sealed}\n`,
    '\u0000',
    '📷.📷',
    'a'.repeat(1e6),
  ]
  for (const text of strange) expect(cursors.open(text ?? '')).toBeUndefined()
})
