// Accounts: who may make, see, change and erase them, and what is public of an editor.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Change } from '../../domain/change.ts'
import { instant } from '../../kit/clock.ts'
import type { AccountDocument } from './schemas.ts'
import { password, refusalOf, type Started, startAuth, type Tokens } from './start.suite.ts'

let house: Started
let admin: string
beforeAll(async () => {
  house = await startAuth()
  await house.auth.createAccount({ name: 'Root', email: 'root@example.com', roles: ['admin'], password })
})
beforeEach(async () => {
  admin = (await house.login('root@example.com')).accessToken
})
afterAll(() => house.stop())

let people = 0
interface Person {
  id: string
  email: string
  token: string
  refreshToken: string
}
async function person(roles: ('editor' | 'admin')[] = [], name = `Person ${people + 1}`): Promise<Person> {
  const email = `person-${++people}@example.com`
  const { account } = await house.auth.createAccount({ name, email, roles, password })
  const { accessToken, refreshToken } = await house.login(email)
  return { id: account.id, email, token: accessToken, refreshToken }
}
const read = async (as: string, id = 'me') => (await house.ask('readUser', { as, path: { id } })).body as AccountDocument
const patch = (as: string, id: string, body: object, ifMatch: number | '*' = '*') =>
  house.ask('changeUser', { as, path: { id }, body, ifMatch })
const refusedPatch = (as: string, id: string, body: object, ifMatch: number | '*' = '*') =>
  house.refused('changeUser', { as, path: { id }, body, ifMatch })
const changesOf = async (id: string): Promise<Change<'editor'>[]> => (await house.master.history('editor', id, { limit: 100 })).changes
const bylinesOf = async (id: string) => (await changesOf(id)).map(({ document }) => [document?.byline, document?.slug])

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
    const customer = await person()
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
    expect(await bylinesOf(id)).toEqual([['Key', 'key']])
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

describe('an account', () => {
  test('is seen by its owner and by admins, and to all others every id is forbidden alike', async () => {
    const [one, other] = await Promise.all([person(), person(['editor'])])
    expect(await read(one.token)).toMatchObject({ id: one.id, email: one.email })
    expect(await read(admin, one.id)).toMatchObject({ id: one.id })
    for (const id of [one.id, '019a0000-0000-7000-8000-000000000000']) {
      for (const name of ['readUser', 'changeUser', 'replaceUser', 'eraseUser']) {
        const body = name === 'changeUser' ? {} : { name: 'x', email: 'x@x.example' }
        expect((await house.refused(name, { as: other.token, path: { id }, body, ifMatch: '*' })).reason).toBe('forbidden')
      }
      expect((await house.refused('createPasswordReset', { as: other.token, path: { id } })).reason).toBe('forbidden')
    }
    expect((await house.refused('readUser', { as: admin, path: { id: '019a0000-0000-7000-8000-000000000000' } })).reason).toBe('missing')
    expect((await house.refused('readUser', { path: { id: 'me' } })).reason).toBe('unauthenticated')
  })

  test('is listed for admins, page by page, each once', async () => {
    const customer = await person()
    expect((await house.refused('listUsers', { as: customer.token })).reason).toBe('forbidden')
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const { body } = await house.ask('listUsers', { as: admin, query: { limit: '3', ...(cursor && { cursor }) } })
      const page = body as { data: { id: string }[]; metadata: { nextCursor: string | null } }
      expect(page.data.length).toBeLessThanOrEqual(3)
      seen.push(...page.data.map(({ id }) => id))
      cursor = page.metadata.nextCursor
    } while (cursor !== null)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toContain(customer.id)
  })

  test('changes only on condition, one version at a time', async () => {
    const { id, token } = await person()
    expect((await house.refused('changeUser', { as: token, path: { id: 'me' }, body: { name: 'A' } })).reason).toBe('unconditional')
    expect((await patch(token, 'me', { name: 'A' }, 1)).body).toMatchObject({ name: 'A', version: 2 })
    expect(await refusedPatch(token, 'me', { name: 'B' }, 1)).toMatchObject({ reason: 'stale', facts: { currentVersion: 2 } })
    const settled = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => patch(admin, id, { name: `C${i}` }, 2)))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await patch(token, 'me', {}, 3)).body).toMatchObject({ version: 3 })
    for (const [body] of [[{ name: null }], [{ email: null }], [{ id }], [{ passwordHash: 'x' }], [{ byline: 'No Editor' }]] as const)
      expect((await refusedPatch(token, 'me', body)).reason).toBe('invalid')
  })

  test('repeats a change under its key without changing again', async () => {
    const { token } = await person()
    const asked = { as: token, path: { id: 'me' }, body: { name: 'Once' }, ifMatch: 1, key: 'k' }
    const [first, second] = [await house.ask('changeUser', asked), await house.ask('changeUser', asked)]
    expect(second).toEqual(first)
  })

  test('moves to another address, which frees the old one', async () => {
    const [one, other] = await Promise.all([person(), person()])
    expect(await refusedPatch(one.token, 'me', { email: other.email.toUpperCase() })).toMatchObject({ code: 'email-taken' })
    await patch(one.token, 'me', { email: 'moved@example.com' })
    await house.login('moved@example.com')
    expect((await house.refused('login', { body: { email: one.email, password } })).reason).toBe('unauthenticated')
    await house.ask('registerUser', { body: { name: 'N', email: one.email, password } })
  })

  test('gets roles and is disabled by admins only; saying what stands is no change', async () => {
    const { id, token } = await person(['editor'])
    expect((await refusedPatch(token, 'me', { roles: ['editor', 'admin'] })).reason).toBe('forbidden')
    expect((await refusedPatch(token, id, { disabled: true })).reason).toBe('forbidden')
    await patch(token, 'me', { roles: ['editor'], disabled: false, name: 'Fine' })
    await patch(admin, id, { roles: ['admin'] })
    expect((await read(token)).roles).toEqual(['customer', 'admin'])
    await patch(admin, id, { disabled: true })
    expect((await refusalOf(house.auth.authenticate(token))).reason).toBe('unauthenticated')
  })

  test('is replaced in exactly what may be written', async () => {
    const { id, token } = await person(['editor'])
    const mine = { name: 'Replaced', email: 'replaced@example.com' }
    const put = (as: string, body: object) => ({ as, path: { id }, body, ifMatch: '*' as const })
    expect((await house.ask('replaceUser', put(token, mine))).body).toMatchObject({ ...mine, roles: ['customer', 'editor'], version: 2 })
    expect((await house.refused('replaceUser', put(token, { ...mine, roles: ['admin'] }))).reason).toBe('forbidden')
    expect((await house.refused('replaceUser', put(token, { name: 'x' }))).reason).toBe('invalid')
    const refusal = await house.refused('replaceUser', put(admin, mine))
    expect(refusal.faults.map(({ pointer }) => pointer)).toEqual(['#/roles', '#/disabled'])
    const whole = { ...mine, roles: [], disabled: false }
    expect((await house.ask('replaceUser', put(admin, whole))).body).toMatchObject({ roles: ['customer'] })
  })
})

describe('the last admin', () => {
  test('cannot be removed, demoted or disabled, not even by two at once', async () => {
    const fresh = await startAuth()
    const ids: string[] = []
    for (const name of ['one', 'two']) {
      const made = await fresh.auth.createAccount({ name, email: `${name}@example.com`, roles: ['admin'], password })
      ids.push(made.account.id)
    }
    const tokens = await Promise.all(['one', 'two'].map(async (name) => (await fresh.login(`${name}@example.com`)).accessToken))
    const demote = (i: number) =>
      fresh.ask('changeUser', { as: tokens[i] ?? '', path: { id: ids[1 - i] ?? '' }, body: { roles: [] }, ifMatch: '*' })
    const settled = await Promise.allSettled([demote(0), demote(1)])
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    const left = settled[0]?.status === 'fulfilled' ? 0 : 1
    const last = { as: tokens[left] ?? '', path: { id: 'me' }, ifMatch: '*' as const }
    expect(await fresh.refused('changeUser', { ...last, body: { roles: ['editor'] } })).toMatchObject({
      reason: 'conflict',
      code: 'last-admin',
    })
    expect(await fresh.refused('changeUser', { ...last, body: { disabled: true } })).toMatchObject({ code: 'last-admin' })
    expect(await fresh.refused('eraseUser', last)).toMatchObject({ code: 'last-admin' })
    const other = { ...last, path: { id: ids[1 - left] ?? '' } }
    await fresh.ask('changeUser', { ...other, body: { roles: ['admin'] } })
    await fresh.ask('changeUser', { ...other, body: { disabled: true } })
    expect(await fresh.refused('eraseUser', last)).toMatchObject({ code: 'last-admin' })
    await fresh.ask('eraseUser', other)
    await fresh.stop()
  })
})

describe('a byline', () => {
  test('comes with the role, in the same commit, and once', async () => {
    const { id } = await person([], 'José Ñandú')
    const position = await house.master.head()
    const answer = await patch(admin, id, { roles: ['editor'] })
    expect(answer.body).toMatchObject({ byline: 'José Ñandú' })
    expect(answer.position).toEqual({ ...position, seq: position.seq + 1 })
    await patch(admin, id, { roles: [] })
    await patch(admin, id, { roles: ['editor'] })
    expect(await bylinesOf(id)).toEqual([['José Ñandú', 'jose-nandu']])
  })

  test('has a slug of its own, also when five of one name come at once', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => person(['editor'], 'Same Name')))
    const slugs = (await Promise.all(made.map(({ id }) => bylinesOf(id)))).map(([only]) => only?.[1])
    expect(new Set(slugs).size).toBe(5)
    expect(slugs).toContain('same-name')
    for (const slug of slugs) expect(slug).toMatch(/^same-name(-[23]|-[0-9a-f]{12})?$/)
  })

  test('does not follow the name, but its owner’s wish', async () => {
    const { id, token } = await person(['editor'], 'Old Name')
    await patch(token, 'me', { name: 'New Name' })
    expect(await read(token)).toMatchObject({ name: 'New Name', byline: 'Old Name' })
    expect((await patch(token, 'me', { byline: 'Pen Name' })).body).toMatchObject({ byline: 'Pen Name', version: 3 })
    expect(await bylinesOf(id)).toEqual([
      ['Pen Name', 'old-name'],
      ['Old Name', 'old-name'],
    ])
  })

  test('that is owed is written by the next change too', async () => {
    const id = '019a0000-0000-7000-8000-0000000000dd'
    const owed = { id, name: 'Due', email: 'due@example.com', roles: ['customer' as const, 'editor' as const], disabled: false }
    const document = { ...owed, passwordHash: null, bylinePending: true, credentials: 1 }
    await house.master.commit({ at: instant(house.clock), by: null, writes: [{ kind: 'account', id, expected: 0, document }] })
    expect((await patch(admin, id, { name: 'Duly' })).body).toMatchObject({ byline: 'Duly' })
    expect((await house.master.list('accounts', 'pending', { limit: 10 })).documents).toEqual([])
    expect(await bylinesOf(id)).toEqual([['Duly', 'duly']])
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
    expect((await Promise.all(ids.map(bylinesOf))).map(([only, more]) => [only?.[0], only?.[1], more])).toEqual([
      ['Owed', 'owed', undefined],
      ['Owed', 'owed-2', undefined],
      ['Owed', 'owed-3', undefined],
    ])
    expect((await house.master.list('accounts', 'pending', { limit: 10 })).documents).toEqual([])
    for (const id of ids) expect(await house.master.versionOf('account', id)).toBe(2)
    expect(house.auth.status()).toMatchObject({ keys: expect.any(Number), trouble: null, passwords: { running: 0, waiting: 0 } })
  })
})

describe('erasure', () => {
  test('leaves nothing private, and a neutral byline in a new change', async () => {
    const { id, email, token, refreshToken } = await person(['editor'], 'Forget Me')
    await house.login(email)
    await house.refused('login', { body: { email, password: 'wrong password' } })
    await house.ask('createPasswordReset', { as: admin, path: { id } })
    expect((await house.refused('eraseUser', { as: token, path: { id: 'me' } })).reason).toBe('unconditional')
    await house.ask('eraseUser', { as: token, path: { id: 'me' }, ifMatch: 1 })

    expect((await refusalOf(house.auth.authenticate(token))).reason).toBe('unauthenticated')
    expect((await house.refused('refresh', { body: { refreshToken } })).reason).toBe('unauthenticated')
    expect((await house.refused('readUser', { as: admin, path: { id } })).reason).toBe('missing')
    const slug = `former-editor-${id.slice(-12)}`
    expect(await bylinesOf(id)).toEqual([
      ['Former editor', slug],
      ['Forget Me', 'forget-me'],
    ])
    for (const kind of ['account', 'session', 'note'] as const)
      for await (const document of house.master.privates(kind)) expect(JSON.stringify(document)).not.toContain(id)
    const { emailClaim, emailHash } = await import('./mail.ts')
    for await (const note of house.master.privates('note')) expect(note.id).not.toContain(emailHash(email))
    expect(await house.master.owner(emailClaim(email))).toBeNull()
    expect(await house.master.owner('slug:editor:forget-me')).toBeNull()
    expect(await house.master.owner(`slug:editor:${slug}`)).toBe(id)
    await house.ask('registerUser', { body: { name: 'Forget Me', email, password } })
  })

  test('of a customer writes nothing public', async () => {
    const { id } = await person()
    const before = await house.master.head()
    await house.ask('eraseUser', { as: admin, path: { id }, ifMatch: '*' })
    expect(await house.master.head()).toEqual(before)
    expect((await house.refused('eraseUser', { as: admin, path: { id }, ifMatch: '*' })).reason).toBe('missing')
  })

  test('while somebody signs in leaves no session behind', async () => {
    const { id, email } = await person()
    const late: Tokens[] = []
    house.before('commit', async () => late.push(await house.login(email)))
    await house.ask('eraseUser', { as: admin, path: { id }, ifMatch: '*' })
    expect(late).toHaveLength(1)
    expect((await refusalOf(house.auth.authenticate(late[0]?.accessToken ?? ''))).reason).toBe('unauthenticated')
    expect((await house.master.list('sessions', id, { limit: 10 })).documents).toEqual([])

    const other = await person()
    house.before('commit', () => house.ask('eraseUser', { as: admin, path: { id: other.id }, ifMatch: '*' }))
    expect((await house.refused('login', { body: { email: other.email, password } })).reason).toBe('unauthenticated')
    expect((await house.master.list('sessions', other.id, { limit: 10 })).documents).toEqual([])
  })
})

describe('a password', () => {
  test('is changed with the one before, which ends every other sign-in', async () => {
    const { email, token, refreshToken } = await person()
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
    const { email, token } = await person()
    const body = { currentPassword: 'wrong password', newPassword: 'a new long password' }
    for (let i = 0; i < 10; i++) expect((await house.refused('changePassword', { as: token, body })).reason).toBe('forbidden')
    expect((await house.refused('changePassword', { as: token, body: { ...body, currentPassword: password } })).reason).toBe('too-many')
    await house.login(email)
  })

  test('is chosen with a link that is good once, for a day, until the next one, and ends all sign-ins', async () => {
    const { id, email, token } = await person()
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
    const { email, token } = await person()
    const second = await house.login(email)
    const third = await house.login(email)
    const list = async () =>
      ((await house.ask('listSessions', { as: token })).body as { data: { id: string; current: boolean; userAgent: string }[] }).data
    const all = await list()
    expect(all.map(({ current }) => current)).toEqual([false, false, true])
    expect(all[0]?.userAgent).toBe('test/1')
    const { sessionId } = await house.auth.authenticate(second.accessToken)
    const stranger = await person()
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
    const { email, token } = await person()
    await house.ask('endOtherSessions', { as: token, key: 'k' })
    const later: Tokens = await house.login(email)
    await house.ask('endOtherSessions', { as: token, key: 'k' })
    await house.auth.authenticate(later.accessToken)
  })
})

describe('the operations', () => {
  test('are the sixteen of the contract, each with a place of its own', () => {
    const { operations } = house.auth
    expect(operations.map(({ name }) => name).sort()).toEqual(
      [
        'login',
        'refresh',
        'logout',
        'resetPassword',
        'listKeys',
        'registerUser',
        'listUsers',
        'readUser',
        'replaceUser',
        'changeUser',
        'eraseUser',
        'changePassword',
        'createPasswordReset',
        'listSessions',
        'endSession',
        'endOtherSessions',
      ].sort(),
    )
    expect(new Set(operations.map(({ rest }) => `${rest.method} ${rest.path}`)).size).toBe(16)
    for (const operation of operations) if (operation.rest.path.startsWith('/auth/')) expect(operation.idempotencyKey).toBe('none')
  })
})
