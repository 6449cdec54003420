// Passwords and sign-ins: how a password is changed or chosen, and how sign-ins are ended.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type House, openHouse } from './house.suite.ts'
import { password, refusalOf, startAuth, type Tokens } from './start.suite.ts'

let house: House
let admin: string
beforeAll(async () => {
  house = await openHouse()
})
beforeEach(async () => {
  admin = await house.admin()
})
afterAll(() => house.stop())

describe('a password', () => {
  test('is changed with the one before, which ends every other sign-in', async () => {
    const { email, token, refreshToken } = await house.person()
    const elsewhere = await house.login(email)
    const change = (currentPassword: string, newPassword: string) => ({ as: token, body: { currentPassword, newPassword } })
    expect(await house.refused('changePassword', change('wrong password', 'a new long password'))).toMatchObject({
      reason: 'forbidden',
      code: 'wrong-password',
    })
    expect((await house.refused('changePassword', change(password, 'short'))).reason).toBe('invalid')
    await house.ask('changePassword', change(password, 'a new long password'))
    await house.auth.authenticate(token)
    expect((await refusalOf(house.auth.authenticate(elsewhere.accessToken))).reason).toBe('unauthenticated')
    expect((await house.refused('refresh', { body: { refreshToken: elsewhere.refreshToken } })).reason).toBe('unauthenticated')
    await house.ask('refresh', { body: { refreshToken } })
    expect((await house.refused('login', { body: { email, password } })).reason).toBe('unauthenticated')
    await house.login(email, 'a new long password')
  })

  test('is guessed by the holder of a stolen token as seldom as by anybody, without locking the owner out', async () => {
    const { email, token } = await house.person()
    const body = { currentPassword: 'wrong password', newPassword: 'a new long password' }
    for (let i = 0; i < 10; i++) expect((await house.refused('changePassword', { as: token, body })).reason).toBe('forbidden')
    expect((await house.refused('changePassword', { as: token, body: { ...body, currentPassword: password } })).reason).toBe('too-many')
    await house.login(email)
  })

  test('is chosen with a link that is good once, for a day, until the next one, and ends all sign-ins', async () => {
    const { id, email, token } = await house.person()
    const link = async () =>
      (await house.ask('createPasswordReset', { as: admin, path: { id } })).body as { token: string; expiresAt: string }
    const use = (resetToken: string) => ({ body: { token: resetToken, newPassword: 'chosen by the link' } })
    const [older, newer] = [await link(), await link()]
    expect((await house.refused('resetPassword', use(older.token))).code).toBe('reset-invalid')
    expect((await house.refused('resetPassword', use(`${id}.${'A'.repeat(43)}`))).code).toBe('reset-invalid')
    expect((await house.refused('resetPassword', use('x'))).code).toBe('reset-invalid')
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => house.ask('resetPassword', use(newer.token))))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await refusalOf(house.auth.authenticate(token))).reason).toBe('unauthenticated')
    await house.login(email, 'chosen by the link')
    const late = await link()
    house.clock.advance(24 * 3_600_000)
    expect((await house.refused('resetPassword', use(late.token))).code).toBe('reset-invalid')
  })

  test('link leads to the page of the installation, with the token where no server sees it', async () => {
    const fresh = await startAuth({ resetBaseUrl: 'https://portal.example/reset' })
    const { passwordReset } = await fresh.auth.createAccount({ name: 'First', email: 'first@example.com', roles: ['admin'] })
    expect(passwordReset?.link).toBe(`https://portal.example/reset#token=${passwordReset?.token}`)
    await fresh.stop()
  })
})

describe('one’s sign-ins', () => {
  test('are listed, and ended one by one or all others at once', async () => {
    const { email, token } = await house.person()
    const second = await house.login(email)
    const third = await house.login(email)
    const list = async () =>
      ((await house.ask('listSessions', { as: token })).body as { data: { id: string; current: boolean; userAgent: string }[] }).data
    const all = await list()
    expect(all.map(({ current }) => current)).toEqual([false, false, true])
    expect(all[0]?.userAgent).toBe('test/1')
    const { sessionId } = await house.auth.authenticate(second.accessToken)
    const stranger = await house.person()
    expect((await house.refused('endSession', { as: stranger.token, path: { sessionId } })).reason).toBe('missing')
    await house.ask('endSession', { as: token, path: { sessionId } })
    expect((await house.refused('endSession', { as: token, path: { sessionId } })).reason).toBe('missing')
    expect((await refusalOf(house.auth.authenticate(second.accessToken))).reason).toBe('unauthenticated')
    await house.auth.authenticate(third.accessToken)
    await house.ask('endOtherSessions', { as: token })
    expect((await refusalOf(house.auth.authenticate(third.accessToken))).reason).toBe('unauthenticated')
    expect(await list()).toHaveLength(1)
  })

  test('under one key are ended once: what was signed in afterwards stays', async () => {
    const { email, token } = await house.person()
    await house.ask('endOtherSessions', { as: token, key: 'k' })
    const later: Tokens = await house.login(email)
    await house.ask('endOtherSessions', { as: token, key: 'k' })
    await house.auth.authenticate(later.accessToken)
  })
})
