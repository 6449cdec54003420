// Passwords: the hash that is kept, and the queue before it.
import { describe, expect, test } from 'bun:test'
import { openPasswords } from './password.ts'
import type { Refusal } from './refusal.ts'

describe('a password', () => {
  const passwords = openPasswords()

  test('is kept as argon2id with 19 MiB and two passes, salted', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
    expect(one).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
    expect(one).not.toBe(two)
    expect(await passwords.verify(one, 'correct horse')).toBe(true)
    expect(await passwords.verify(one, 'correct horsf')).toBe(false)
  })

  test('is the same from every keyboard', async () => {
    const hash = await passwords.hash('contrase\u00f1a larga')
    expect(await passwords.verify(hash, 'contrasen\u0303a larga')).toBe(true)
  })

  test('that nobody has is never right', async () => {
    expect(await passwords.verify(null, '')).toBe(false)
    expect(await passwords.verify(null, 'anything')).toBe(false)
  })

  test('is refused when too long to hash, before any hashing', async () => {
    await expect(passwords.hash('x'.repeat(513))).rejects.toMatchObject({ reason: 'invalid' })
    await expect(passwords.verify(null, 'x'.repeat(10_000_000))).rejects.toMatchObject({ reason: 'invalid' })
  })
})

describe('many at once', () => {
  test('go two by two, 32 wait, the rest is told to come back', async () => {
    const passwords = openPasswords()
    const all = Array.from({ length: 60 }, () => passwords.verify(null, 'x'))
    expect(passwords.load()).toEqual({ running: 2, waiting: 32 })
    const settled = await Promise.allSettled(all)
    const refused = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Refusal)
    expect(refused.map(({ reason, code, retryAfterS }) => [reason, code, retryAfterS])).toEqual(Array(26).fill(['too-many', 'busy', 2]))
    expect(passwords.load()).toEqual({ running: 0, waiting: 0 })
  })

  test('lose nothing when one who waits gives up', async () => {
    const passwords = openPasswords({ atOnce: 1, waitingMax: 2 })
    const leaving = new AbortController()
    const first = passwords.verify(null, 'x')
    const second = passwords.verify(null, 'x', leaving.signal)
    const third = passwords.verify(null, 'x')
    leaving.abort()
    await expect(second).rejects.toMatchObject({ reason: 'late' })
    expect(passwords.load()).toEqual({ running: 1, waiting: 1 })
    expect(await Promise.all([first, third])).toEqual([false, false])
    expect(passwords.load()).toEqual({ running: 0, waiting: 0 })
    await expect(passwords.verify(null, 'x', leaving.signal)).rejects.toMatchObject({ reason: 'late' })
  })

  test('go on after one that failed', async () => {
    const passwords = openPasswords({ atOnce: 1 })
    await expect(passwords.verify('not a hash', 'x')).rejects.toThrow()
    expect(await passwords.verify(null, 'x')).toBe(false)
    expect(passwords.load()).toEqual({ running: 0, waiting: 0 })
  })
})
