// Signing in and staying signed in.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { password, refusalOf, type Started, startAuth, type Tokens } from './start.suite.ts'

let house: Started
beforeAll(async () => {
  house = await startAuth()
})
afterAll(() => house.stop())

let people = 0
async function person(roles: readonly ('editor' | 'admin')[] = []) {
  const email = `person-${++people}@example.com`
  const { account } = await house.auth.createAccount({ name: `Person ${people}`, email, roles: [...roles], password })
  return { email, id: account.id }
}
const refresh = async (refreshToken: string) => (await house.ask('refresh', { body: { refreshToken } })).body as Tokens

describe('signing in', () => {
  test('gives tokens that stand for the account, whatever the case of the address', async () => {
    const { email, id } = await person(['editor'])
    const answer = await house.ask('login', { body: { email: email.toUpperCase(), password } })
    expect(answer.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 })
    const principal = await house.auth.authenticate((answer.body as Tokens).accessToken)
    expect(principal).toMatchObject({ accountId: id, roles: ['customer', 'editor'] })
  })

  test('is refused alike for an unknown address, a wrong password, a disabled account and one without a password', async () => {
    const { email } = await person()
    const disabled = await person()
    await house.auth.createAccount({ name: 'No Password', email: 'none@example.com' })
    const admin = await house.login((await person(['admin'])).email)
    await house.ask('changeUser', { as: admin.accessToken, path: { id: disabled.id }, body: { disabled: true }, ifMatch: '*' })
    const tries = [
      { email: 'nobody@example.com', password },
      { email, password: 'wrong password' },
      { email: disabled.email, password },
      { email: 'none@example.com', password },
    ]
    const refusals = await Promise.all(tries.map((body) => house.refused('login', { body })))
    for (const refusal of refusals) {
      expect(refusal.reason).toBe('unauthenticated')
      expect([refusal.code, refusal.message, refusal.faults, refusal.facts, refusal.retryAfterS]).toEqual([
        'wrong-credentials',
        refusals[0]?.message ?? '',
        [],
        {},
        undefined,
      ])
    }
  })

  test('takes the same time for an unknown address as for a wrong password', async () => {
    const known: number[] = []
    const unknown: number[] = []
    const timed = async (email: string, into: number[]) => {
      const startMs = performance.now()
      await house.refused('login', { body: { email, password: 'wrong password' } })
      into.push(performance.now() - startMs)
    }
    const emails = await Promise.all([person(), person()])
    for (let i = 0; i < 18; i++) {
      await timed(emails[i % 2]?.email ?? '', known)
      await timed(`nobody-${i % 2}@example.net`, unknown)
    }
    // The quickest of each: what others do on the machine only ever adds.
    expect(Math.abs(Math.min(...known) / Math.min(...unknown) - 1)).toBeLessThan(0.3)
  }, 20_000)

  test('keeps at most 50 sign-ins, and ends the oldest for a new one', async () => {
    const { email, id } = await person()
    const first = await house.login(email)
    const session = await house.master.read('session', (await house.auth.authenticate(first.accessToken)).sessionId)
    if (session === null) throw new Error('no session')
    for (let i = 0; i < 49; i++) {
      const copy = { ...session, id: crypto.randomUUID().replace(/^./, 'f') }
      await house.master.commit({
        at: session.createdAt,
        by: null,
        writes: [{ kind: 'session', id: copy.id, expected: 0, document: copy, expiresAt: copy.expiresAt }],
      })
    }
    house.clock.advance(1000)
    await house.login(email)
    expect((await house.master.list('sessions', id, { limit: 200 })).documents).toHaveLength(50)
    expect((await refusalOf(house.auth.authenticate(first.accessToken))).code).toBe('session-ended')
  })
})

describe('guessing', () => {
  const guess = (email: string, address: string, given = 'wrong password') =>
    house.refused('login', { body: { email, password: given }, address })

  test('is stopped after ten, with a pause that grows, and leaves others alone', async () => {
    const { email } = await person()
    const other = await person()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => guess(email, `198.51.100.${i}`)))
    expect(answers.filter(({ reason }) => reason === 'unauthenticated')).toHaveLength(10)
    expect(answers.filter(({ reason }) => reason === 'too-many')).toHaveLength(10)
    const locked = await guess(email, '198.51.100.1', password)
    expect([locked.reason, locked.code, locked.retryAfterS]).toEqual(['too-many', 'locked', 60])
    await house.login(other.email)
    house.clock.advance(60_000)
    expect((await guess(email, '198.51.100.1')).reason).toBe('unauthenticated')
    expect((await guess(email, '198.51.100.1')).retryAfterS).toBe(120)
    for (let i = 0; i < 4; i++) {
      house.clock.advance(15 * 60_000)
      await guess(email, '198.51.100.1')
    }
    expect((await guess(email, '198.51.100.1')).retryAfterS).toBe(900)
    house.clock.advance(900_000)
    await house.login(email)
    expect((await guess(email, '198.51.100.1')).reason).toBe('unauthenticated')
  }, 20_000)

  test('says nothing of whether there is such an account', async () => {
    const { email } = await person()
    const of = async (address: string) => {
      const answers = []
      for (let i = 0; i < 12; i++) answers.push(await guess(address, '198.51.100.7'))
      return answers.map(({ reason, code, message, retryAfterS }) => ({ reason, code, message, retryAfterS }))
    }
    expect(await of(email)).toEqual(await of('nobody-at-all@example.com'))
  }, 20_000)

  test('by a stranger does not lock the owner out where they signed in before, nor for ever elsewhere', async () => {
    const { email, id } = await person()
    const home = '2001:db8:1:2:aaaa::1'
    await house.login(email, password, home)
    for (let i = 0; i < 11; i++) await guess(email, '203.0.113.9')
    expect((await guess(email, '198.51.100.30', password)).reason).toBe('too-many')
    const again = await house.login(email, password, '2001:db8:1:2:bbbb::2')
    expect((await guess(email, '203.0.113.9', password)).reason).toBe('too-many')
    await refresh(again.refreshToken)

    for (let i = 0; i < 10; i++) expect((await guess(email, home)).reason).toBe('unauthenticated')
    expect((await guess(email, home, password)).reason).toBe('too-many')

    const admin = await house.login((await person(['admin'])).email)
    const { token } = (await house.ask('createPasswordReset', { as: admin.accessToken, path: { id } })).body as { token: string }
    await house.ask('resetPassword', { body: { token, newPassword: 'another long password' } })
    await house.login(email, 'another long password', '198.51.100.30')
  }, 20_000)

  test('of sixty at once is answered for each of them', async () => {
    const { email } = await person()
    const tries = Array.from({ length: 60 }, () =>
      house.ask('login', { body: { email, password } }).then(
        () => 'in',
        (error: { reason: string; code: string; retryAfterS: number }) => `${error.reason} ${error.code} ${error.retryAfterS}`,
      ),
    )
    const answers = Object.groupBy(await Promise.all(tries), (answer) => answer)
    expect(answers.in?.length).toBe(32)
    expect(answers['too-many busy 2']?.length).toBe(28)
  }, 20_000)
})

test('a sign-in is refused also when its account was disabled by another hand than this service’s', async () => {
  const { email, id } = await person()
  const { accessToken, refreshToken } = await house.login(email)
  const account = await house.master.read('account', id)
  if (account === null) throw new Error('no account')
  const document = { ...account, disabled: true }
  await house.master.commit({ at: account.createdAt, by: null, writes: [{ kind: 'account', id, expected: account.version, document }] })
  expect((await refusalOf(house.auth.authenticate(accessToken))).reason).toBe('unauthenticated')
  expect((await house.refused('refresh', { body: { refreshToken } })).reason).toBe('unauthenticated')
})

describe('a refresh token', () => {
  test('is good once, and the next one after it', async () => {
    const first = await house.login((await person()).email)
    const second = await refresh(first.refreshToken)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    await refresh(second.refreshToken)
  })

  test('that comes back after its exchange ends the sign-in for whoever holds tokens of it', async () => {
    const first = await house.login((await person()).email)
    const second = await refresh(first.refreshToken)
    const third = await refresh(second.refreshToken)
    expect((await house.refused('refresh', { body: { refreshToken: first.refreshToken } })).code).toBe('refresh-invalid')
    expect((await house.refused('refresh', { body: { refreshToken: third.refreshToken } })).reason).toBe('unauthenticated')
    expect((await refusalOf(house.auth.authenticate(third.accessToken))).code).toBe('session-ended')
  })

  test('brought ten times at once is exchanged at most once, over two processes too', async () => {
    const other = house.another()
    for (let round = 0; round < 5; round++) {
      const { refreshToken } = await house.login((await person()).email)
      const settled = await Promise.allSettled(
        Array.from({ length: 10 }, (_, i) => house.ask('refresh', { ...(i % 2 && { by: other }), body: { refreshToken } })),
      )
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect((await house.refused('refresh', { body: { refreshToken } })).reason).toBe('unauthenticated')
    }
  })

  test('that was never given ends nothing', async () => {
    const { accessToken, refreshToken } = await house.login((await person()).email)
    const { sessionId } = await house.auth.authenticate(accessToken)
    const invented = [`${sessionId}.${'A'.repeat(43)}`, refreshToken.slice(0, -1), `${refreshToken}A`, 'x', '.', `..${'A'.repeat(43)}`]
    for (const one of invented) expect((await house.refused('refresh', { body: { refreshToken: one } })).reason).toBe('unauthenticated')
    await refresh(refreshToken)
  })

  test('ends with the account’s sign-in: after 30 days, on sign-out, on disabling', async () => {
    const { email, id } = await person()
    const old = await house.login(email)
    house.clock.advance(29 * 86_400_000)
    const renewed = await refresh(old.refreshToken)
    house.clock.advance(86_400_000)
    expect((await house.refused('refresh', { body: { refreshToken: renewed.refreshToken } })).reason).toBe('unauthenticated')

    const out = await house.login(email)
    await house.ask('logout', { body: { refreshToken: out.refreshToken } })
    expect((await house.refused('refresh', { body: { refreshToken: out.refreshToken } })).reason).toBe('unauthenticated')
    const byBearer = await house.login(email)
    await house.ask('logout', { as: byBearer.accessToken })
    expect((await refusalOf(house.auth.authenticate(byBearer.accessToken))).reason).toBe('unauthenticated')
    expect((await house.refused('logout', { body: {} })).reason).toBe('unauthenticated')
    await house.ask('logout', { body: { refreshToken: 'of nobody' } })

    const held = await house.login(email)
    const admin = await house.login((await person(['admin'])).email)
    await house.ask('changeUser', { as: admin.accessToken, path: { id }, body: { disabled: true }, ifMatch: '*' })
    expect((await refusalOf(house.auth.authenticate(held.accessToken))).reason).toBe('unauthenticated')
    await house.ask('changeUser', { as: admin.accessToken, path: { id }, body: { disabled: false }, ifMatch: '*' })
    expect((await house.refused('refresh', { body: { refreshToken: held.refreshToken } })).reason).toBe('unauthenticated')
    expect((await refusalOf(house.auth.authenticate(held.accessToken))).reason).toBe('unauthenticated')
  })
})
