// Accounts: customers register and are forgotten; admins make editors; sessions end when they should.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSystem, type TestSystem, type User } from '../start.ts'

let system: TestSystem
let admin: User

beforeAll(async () => {
  system = await startSystem()
  admin = await system.signIn('admin@example.com')
})
afterAll(() => system?.[Symbol.asyncDispose]())

const password = 'long enough to keep'
const register = (email: string, more: object = {}) => system.ask('POST /users', { body: { name: 'Somebody', email, password, ...more } })

describe('a customer', () => {
  test('registers, signs in, sees and changes the own profile, and nothing secret comes back', async () => {
    const made = await register('reader.one@example.com')
    expect(made.status).toBe(201)
    const user = await system.signIn('reader.one@example.com', password)
    const me = await user.ask('GET /users/me')
    expect(me.body).toMatchObject({ name: 'Somebody', email: 'reader.one@example.com', roles: ['customer'] })
    expect(JSON.stringify(me.body)).not.toContain('argon2')
    const changed = await user.ask('PATCH /users/me', { body: { name: 'Someone' }, headers: { 'if-match': me.headers.get('etag') ?? '' } })
    expect(changed.body.name).toBe('Someone')
  })

  test('cannot take a role, see others, or do what editors and admins do', async () => {
    await register('reader.two@example.com')
    const user = await system.signIn('reader.two@example.com', password)
    const { body: me } = await user.ask('GET /users/me')
    const grab = await user.ask('PATCH /users/me', { body: { roles: ['customer', 'admin'] }, headers: { 'if-match': '*' } })
    expect(grab.status).toBe(403)
    expect((await register('reader.three@example.com', { roles: ['admin'] })).status).toBe(403)
    expect((await user.ask('GET /users')).status).toBe(403)
    const { body: list } = await admin.ask('GET /users?limit=100')
    const other = list.data.find(({ id }: { id: string }) => id !== me.id)
    expect((await user.ask(`GET /users/${other.id}`)).status).toBeOneOf([403, 404])
    expect((await user.ask('POST /reviews', { body: {} })).status).toBe(403)
  })

  test('changes the password; the other sessions end', async () => {
    await register('reader.four@example.com')
    const [here, there] = [
      await system.signIn('reader.four@example.com', password),
      await system.signIn('reader.four@example.com', password),
    ]
    const sessions = await here.ask('GET /users/me/sessions')
    expect(sessions.body.data.length).toBe(2)
    const wrong = await here.ask('PUT /users/me/password', { body: { currentPassword: 'not this one', newPassword: 'another long one' } })
    expect(wrong.status).toBeGreaterThanOrEqual(400)
    const done = await here.ask('PUT /users/me/password', { body: { currentPassword: password, newPassword: 'another long one' } })
    expect(done.status).toBe(204)
    expect((await system.ask('POST /auth/refresh', { body: { refreshToken: there.refreshToken } })).status).toBe(401)
    await system.signIn('reader.four@example.com', 'another long one')
  })

  test('refreshes once per token; a token that comes back ends the whole sign-in', async () => {
    await register('reader.five@example.com')
    const { refreshToken } = await system.signIn('reader.five@example.com', password)
    const second = await system.ask('POST /auth/refresh', { body: { refreshToken } })
    expect(second.status).toBe(200)
    expect((await system.ask('POST /auth/refresh', { body: { refreshToken } })).status).toBe(401)
    expect((await system.ask('POST /auth/refresh', { body: { refreshToken: second.body.refreshToken } })).status).toBe(401)
  })

  test('signs out, and the access token is good for nothing from then on', async () => {
    await register('reader.six@example.com')
    const user = await system.signIn('reader.six@example.com', password)
    expect((await user.ask('POST /auth/logout', { body: {} })).status).toBe(204)
    expect((await user.ask('GET /users/me')).status).toBe(401)
  })

  test('is forgotten without a trace', async () => {
    await register('reader.seven@example.com')
    const user = await system.signIn('reader.seven@example.com', password)
    expect((await user.ask('DELETE /users/me', { headers: { 'if-match': '*' } })).status).toBe(204)
    expect((await user.ask('GET /users/me')).status).toBe(401)
    expect((await system.ask('POST /auth/login', { body: { email: 'reader.seven@example.com', password } })).status).toBe(401)
    expect((await register('reader.seven@example.com')).status).toBe(201)
  })

  test('learns the same from a wrong password and an unknown address', async () => {
    await register('reader.eight@example.com')
    const attempt = async (email: string) => {
      const { status, body } = await system.ask('POST /auth/login', { body: { email, password: 'not the password' } })
      return { status, detail: body.detail, code: body.code }
    }
    expect(await attempt('reader.eight@example.com')).toEqual(await attempt('nobody.at.all@example.com'))
  })

  test('who guesses is locked out, with the time to come back', async () => {
    await register('reader.nine@example.com')
    const answers = []
    for (let guess = 0; guess < 25; guess++)
      answers.push(await system.ask('POST /auth/login', { body: { email: 'reader.nine@example.com', password: `guess number ${guess}` } }))
    const locked = answers.find(({ status }) => status === 429)
    expect(locked).toBeDefined()
    expect(Number(locked?.headers.get('retry-after'))).toBeGreaterThan(0)
  }, 60_000)
})

describe('an admin', () => {
  test('makes an editor by a one-time link, who then publishes under a byline', async () => {
    const made = await admin.ask('POST /users', { body: { name: 'Inés Quiroga', email: 'new.editor@example.com', roles: ['editor'] } })
    expect(made.status).toBe(201)
    const { token } = made.body.passwordReset
    const reset = () => system.ask('POST /auth/reset', { body: { token, newPassword: password } })
    expect((await reset()).status).toBe(204)
    expect((await reset()).status).toBeGreaterThanOrEqual(400)
    const editor = await system.signIn('new.editor@example.com', password)
    const { body: camera } = await system.ask('GET /cameras/nikon-z8')
    const review = await editor.ask('POST /reviews', {
      body: { title: 'First of mine', body: 'Text.', language: 'es', cameraId: camera.id, status: 'published' },
    })
    expect(review.status).toBe(201)
    await system.settled()
    expect((await system.ask('GET /content/first-of-mine')).body.editor.byline).toBe('Inés Quiroga')
    const erased = await admin.ask(`DELETE /users/${review.body.editorId}`, { headers: { 'if-match': '*' } })
    expect(erased.status).toBe(204)
    await system.settled()
    const after = await system.ask('GET /content/first-of-mine')
    expect(after.status).toBe(200)
    expect(JSON.stringify(after.body)).not.toContain('Quiroga')
  })

  test('disables an account, which is refused at once', async () => {
    const made = await register('to.disable@example.com')
    const user = await system.signIn('to.disable@example.com', password)
    const disabled = await admin.ask(`PATCH /users/${made.body.id}`, { body: { disabled: true }, headers: { 'if-match': '*' } })
    expect(disabled.status).toBe(200)
    expect((await user.ask('GET /users/me')).status).toBe(401)
    expect((await system.ask('POST /auth/login', { body: { email: 'to.disable@example.com', password } })).status).toBe(401)
  })

  test('cannot remove the last admin', async () => {
    const { body: me } = await admin.ask('GET /users/me')
    expect((await admin.ask(`PATCH /users/${me.id}`, { body: { roles: ['customer'] }, headers: { 'if-match': '*' } })).status).toBe(409)
  })
})

test('anybody can fetch the keys; they hold no private part', async () => {
  const { status, body } = await system.ask('GET /.well-known/jwks.json')
  expect(status).toBe(200)
  expect(body.keys.length).toBeGreaterThan(0)
  for (const key of body.keys) expect(key.d).toBeUndefined()
})
