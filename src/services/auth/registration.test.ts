// How accounts come to be, and the byline that comes with the role of an editor.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { instant } from '../../kit/clock.ts'
import { type House, openHouse } from './house.suite.ts'
import type { AccountDocument } from './schemas.ts'
import { password, refusalOf } from './start.suite.ts'

let house: House
let admin: string
beforeAll(async () => {
  house = await openHouse()
})
beforeEach(async () => {
  admin = await house.admin()
})
afterAll(() => house.stop())

describe('registration', () => {
  const ana = { name: ' Ana Souza ', email: 'Ana@Example.com', password }

  test('makes a customer who can sign in, and shows no secret', async () => {
    const answer = await house.ask('registerUser', { body: ana })
    const body = answer.body as AccountDocument
    expect(body).toMatchObject({
      name: 'Ana Souza',
      email: 'ana@example.com',
      roles: ['customer'],
      disabled: false,
      version: 1,
      byline: null,
    })
    expect(answer).toMatchObject({ location: `/users/${body.id}`, version: 1 })
    expect(JSON.stringify(answer)).not.toMatch(/argon2|password(?!Reset)|credentials/i)
    await house.login('ana@example.com')
  })

  test('of a taken address is refused, whatever its case, also when ten try at once', async () => {
    expect(await house.refused('registerUser', { body: { ...ana, email: 'ANA@example.com' } })).toMatchObject({
      reason: 'conflict',
      code: 'email-taken',
    })
    const body = { ...ana, email: 'contested@example.com' }
    const settled = await Promise.allSettled(Array.from({ length: 10 }, () => house.ask('registerUser', { body })))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('gives roles only where an admin asks', async () => {
    const body = { name: 'X', email: 'x@example.com', password, roles: ['admin'] }
    const customer = await house.person()
    expect((await house.refused('registerUser', { body })).reason).toBe('forbidden')
    expect((await house.refused('registerUser', { as: customer.token, body })).reason).toBe('forbidden')
    const made = (await house.ask('registerUser', { as: admin, body: { ...body, roles: ['editor', 'editor'] } })).body
    expect(made).toMatchObject({ roles: ['customer', 'editor'], byline: 'X' })
  })

  test.each([
    ['a short password', { password: 'ninechars' }],
    ['a password of 129 bytes', { password: 'ñ'.repeat(65) }],
    ['no password', { password: undefined }],
    ['no e-mail address', { email: 'ana' }],
    ['an endless e-mail address', { email: `${'a'.repeat(250)}@example.com` }],
    ['a name of control characters', { name: 'a\u0000b' }],
    ['a hash of its own', { passwordHash: 'x' }],
    ['an id of its own', { id: '019a0000-0000-7000-8000-000000000000' }],
    ['credentials', { credentials: 9 }],
  ])('is refused with %s', async (_what, fault) => {
    const body = { name: 'Y', email: 'y@example.com', password, ...fault }
    expect((await house.refused('registerUser', { body })).reason).toBe('invalid')
  })

  test('repeated with its key is one account and one answer, also twenty at once; another body is refused', async () => {
    const body = { name: 'Key', email: 'key@example.com', roles: ['editor'] }
    const answers = await Promise.all(Array.from({ length: 20 }, () => house.ask('registerUser', { as: admin, body, key: 'k1' })))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    const [{ id, passwordReset }] = answers.map((answer) => answer.body as AccountDocument & { passwordReset: { token: string } }) as [
      AccountDocument & { passwordReset: { token: string } },
    ]
    expect(await house.bylinesOf(id)).toEqual([['Key', 'key']])
    await house.ask('resetPassword', { body: { token: passwordReset.token, newPassword: 'a password of her own' } })
    await house.login('key@example.com', 'a password of her own')
    expect((await house.refused('registerUser', { as: admin, body: { ...body, name: 'Other' }, key: 'k1' })).reason).toBe('key-reused')
  })

  test('repeated while the first try still runs gets its answer, not that the address is taken', async () => {
    const asked = { body: { name: 'Twin', email: 'twin@example.com', password }, key: 'twin' }
    const first: unknown[] = []
    house.before('owner', async () => first.push(await house.ask('registerUser', asked)))
    expect([await house.ask('registerUser', asked)]).toEqual(first as never)
  })

  test('from the command line is judged the same', async () => {
    expect(await refusalOf(house.auth.createAccount({ name: 'Z', email: 'nonsense' }))).toMatchObject({ reason: 'invalid' })
    expect(await refusalOf(house.auth.createAccount({ name: 'Z', email: 'Root@example.com', password }))).toMatchObject({
      code: 'email-taken',
    })
  })
})

describe('a byline', () => {
  test('comes with the role, in the same commit, and once', async () => {
    const { id } = await house.person([], 'José Ñandú')
    const position = await house.master.head()
    const answer = await house.patch(admin, id, { roles: ['editor'] })
    expect(answer.body).toMatchObject({ byline: 'José Ñandú' })
    expect(answer.position).toEqual({ ...position, seq: position.seq + 1 })
    await house.patch(admin, id, { roles: [] })
    await house.patch(admin, id, { roles: ['editor'] })
    expect(await house.bylinesOf(id)).toEqual([['José Ñandú', 'jose-nandu']])
  })

  test('has a slug of its own, also when five of one name come at once', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => house.person(['editor'], 'Same Name')))
    const slugs = (await Promise.all(made.map(({ id }) => house.bylinesOf(id)))).map(([only]) => only?.[1])
    expect(new Set(slugs).size).toBe(5)
    expect(slugs).toContain('same-name')
    for (const slug of slugs) expect(slug).toMatch(/^same-name(-[23]|-[0-9a-f]{12})?$/)
  })

  test('does not follow the name, but its owner’s wish', async () => {
    const { id, token } = await house.person(['editor'], 'Old Name')
    await house.patch(token, 'me', { name: 'New Name' })
    expect(await house.read(token)).toMatchObject({ name: 'New Name', byline: 'Old Name' })
    expect((await house.patch(token, 'me', { byline: 'Pen Name' })).body).toMatchObject({ byline: 'Pen Name', version: 3 })
    expect(await house.bylinesOf(id)).toEqual([
      ['Pen Name', 'old-name'],
      ['Old Name', 'old-name'],
    ])
  })

  test('that is owed is written by the next change too', async () => {
    const id = '019a0000-0000-7000-8000-0000000000dd'
    const owed = { id, name: 'Due', email: 'due@example.com', roles: ['customer' as const, 'editor' as const], disabled: false }
    const document = { ...owed, passwordHash: null, bylinePending: true, credentials: 1 }
    await house.master.commit({ at: instant(house.clock), by: null, writes: [{ kind: 'account', id, expected: 0, document }] })
    expect((await house.patch(admin, id, { name: 'Duly' })).body).toMatchObject({ byline: 'Duly' })
    expect((await house.master.list('accounts', 'pending', { limit: 10 })).documents).toEqual([])
    expect(await house.bylinesOf(id)).toEqual([['Duly', 'duly']])
  })

  test('that is owed by an account of another origin is written by the loop, once', async () => {
    const ids = ['a', 'b', 'c'].map((letter) => `019a0000-0000-7000-8000-00000000000${letter}`)
    for (const id of ids) {
      const document = {
        id,
        name: 'Owed',
        email: `${id}@example.com`,
        roles: ['customer', 'editor'] as const,
        disabled: false,
        passwordHash: null,
        bylinePending: true,
        credentials: 1,
      }
      await house.master.commit({
        at: instant(house.clock),
        by: null,
        writes: [{ kind: 'account', id, expected: 0, document: { ...document, roles: [...document.roles] } }],
      })
    }
    const stop = new AbortController()
    const loops = [house.auth, house.another()].map((auth) => auth.run(stop.signal))
    while (house.clock.sleepers() < 2) await new Promise(setImmediate)
    stop.abort()
    await Promise.all(loops)
    expect((await Promise.all(ids.map(house.bylinesOf))).map(([only, more]) => [only?.[0], only?.[1], more])).toEqual([
      ['Owed', 'owed', undefined],
      ['Owed', 'owed-2', undefined],
      ['Owed', 'owed-3', undefined],
    ])
    expect((await house.master.list('accounts', 'pending', { limit: 10 })).documents).toEqual([])
    for (const id of ids) expect(await house.master.versionOf('account', id)).toBe(2)
    expect(house.auth.status()).toMatchObject({ keys: expect.any(Number), trouble: null, passwords: { running: 0, waiting: 0 } })
  })
})
