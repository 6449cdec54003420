// Accounts: who may see, change and erase them, and what is left of one that was erased.
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

describe('an account', () => {
  test('is seen by its owner and by admins, and to all others every id is forbidden alike', async () => {
    const [one, other] = await Promise.all([house.person(), house.person(['editor'])])
    expect(await house.read(one.token)).toMatchObject({ id: one.id, email: one.email })
    expect(await house.read(admin, one.id)).toMatchObject({ id: one.id })
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
    for (let n = 0; n < 6; n++) await house.auth.createAccount({ name: 'Listed', email: `listed-${n}@example.com` })
    const customer = await house.person()
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
    const { id, token } = await house.person()
    expect((await house.refused('changeUser', { as: token, path: { id: 'me' }, body: { name: 'A' } })).reason).toBe('unconditional')
    expect((await house.patch(token, 'me', { name: 'A' }, 1)).body).toMatchObject({ name: 'A', version: 2 })
    expect(await house.refusedPatch(token, 'me', { name: 'B' }, 1)).toMatchObject({ reason: 'stale', facts: { currentVersion: 2 } })
    const settled = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => house.patch(admin, id, { name: `C${i}` }, 2)))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await house.patch(token, 'me', {}, 3)).body).toMatchObject({ version: 3 })
    for (const [body] of [[{ name: null }], [{ email: null }], [{ id }], [{ passwordHash: 'x' }], [{ byline: 'No Editor' }]] as const)
      expect((await house.refusedPatch(token, 'me', body)).reason).toBe('invalid')
  })

  test('repeats a change under its key without changing again', async () => {
    const { token } = await house.person()
    const asked = { as: token, path: { id: 'me' }, body: { name: 'Once' }, ifMatch: 1, key: 'k' }
    const [first, second] = [await house.ask('changeUser', asked), await house.ask('changeUser', asked)]
    expect(second).toEqual(first)
  })

  test('moves to another address, which frees the old one', async () => {
    const [one, other] = await Promise.all([house.person(), house.person()])
    expect(await house.refusedPatch(one.token, 'me', { email: other.email.toUpperCase() })).toMatchObject({ code: 'email-taken' })
    await house.patch(one.token, 'me', { email: 'moved@example.com' })
    await house.login('moved@example.com')
    expect((await house.refused('login', { body: { email: one.email, password } })).reason).toBe('unauthenticated')
    await house.ask('registerUser', { body: { name: 'N', email: one.email, password } })
  })

  test('gets roles and is disabled by admins only; saying what stands is no change', async () => {
    const { id, token } = await house.person(['editor'])
    expect((await house.refusedPatch(token, 'me', { roles: ['editor', 'admin'] })).reason).toBe('forbidden')
    expect((await house.refusedPatch(token, id, { disabled: true })).reason).toBe('forbidden')
    await house.patch(token, 'me', { roles: ['editor'], disabled: false, name: 'Fine' })
    await house.patch(admin, id, { roles: ['admin'] })
    expect((await house.read(token)).roles).toEqual(['customer', 'admin'])
    await house.patch(admin, id, { disabled: true })
    expect((await refusalOf(house.auth.authenticate(token))).reason).toBe('unauthenticated')
  })

  test('is replaced in exactly what may be written', async () => {
    const { id, token } = await house.person(['editor'])
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

describe('erasure', () => {
  test('leaves nothing private, and a neutral byline in a new change', async () => {
    const { id, email, token, refreshToken } = await house.person(['editor'], 'Forget Me')
    await house.login(email)
    await house.refused('login', { body: { email, password: 'wrong password' } })
    await house.ask('createPasswordReset', { as: admin, path: { id } })
    expect((await house.refused('eraseUser', { as: token, path: { id: 'me' } })).reason).toBe('unconditional')
    await house.ask('eraseUser', { as: token, path: { id: 'me' }, ifMatch: 1 })

    expect((await refusalOf(house.auth.authenticate(token))).reason).toBe('unauthenticated')
    expect((await house.refused('refresh', { body: { refreshToken } })).reason).toBe('unauthenticated')
    expect((await house.refused('readUser', { as: admin, path: { id } })).reason).toBe('missing')
    const slug = `former-editor-${id.slice(-12)}`
    expect(await house.bylinesOf(id)).toEqual([
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
    const { id } = await house.person()
    const before = await house.master.head()
    await house.ask('eraseUser', { as: admin, path: { id }, ifMatch: '*' })
    expect(await house.master.head()).toEqual(before)
    expect((await house.refused('eraseUser', { as: admin, path: { id }, ifMatch: '*' })).reason).toBe('missing')
  })

  test('while somebody signs in leaves no session behind', async () => {
    const { id, email } = await house.person()
    const late: Tokens[] = []
    house.before('commit', async () => late.push(await house.login(email)))
    await house.ask('eraseUser', { as: admin, path: { id }, ifMatch: '*' })
    expect(late).toHaveLength(1)
    expect((await refusalOf(house.auth.authenticate(late[0]?.accessToken ?? ''))).reason).toBe('unauthenticated')
    expect((await house.master.list('sessions', id, { limit: 10 })).documents).toEqual([])

    const other = await house.person()
    house.before('commit', () => house.ask('eraseUser', { as: admin, path: { id: other.id }, ifMatch: '*' }))
    expect((await house.refused('login', { body: { email: other.email, password } })).reason).toBe('unauthenticated')
    expect((await house.master.list('sessions', other.id, { limit: 10 })).documents).toEqual([])
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
