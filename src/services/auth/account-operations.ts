// Accounts, as they may be asked for: by their owner and by admins.
import { z } from 'zod'
import { type Answer, type Call, type Operation, operation } from '../../kit/operation.ts'
import { paged, pageOf, pageQuery, placeOf } from '../../kit/page.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import { accountMeant, answeredOnce, isAdmin } from './asking.ts'
import type { Desk } from './desk.ts'
import { AccountDocument, AccountPatch, AccountReplacement, CreatedAccount, NewAccount, PasswordReset, Whose } from './schemas.ts'

const conditional = { conditional: true, refusals: ['missing', 'forbidden', 'conflict', 'stale', 'unconditional'] } as const

export function accountOperations(desk: Desk): Operation[] {
  return [register(desk), list(desk), read(desk), replace(desk), change(desk), erase(desk), resetLink(desk)]
}

function register({ master, accounts }: Desk): Operation {
  return operation({
    name: 'registerUser',
    kind: 'command',
    summary: 'Makes an account: anyone for themselves, as a customer; admins for others, with roles.',
    description: 'An admin may leave the password out; the answer then holds a one-time link. A taken e-mail address is answered 409.',
    tag: 'users',
    rest: { method: 'POST', path: '/users' },
    limit: 'register',
    access: 'anyone',
    input: { body: NewAccount },
    output: CreatedAccount,
    status: 201,
    refusals: ['conflict', 'forbidden', 'too-many'],
    examples: [
      { summary: 'A customer', input: { body: { name: 'Ana Souza', email: 'ana@example.com', password: 'correct horse battery' } } },
    ],
    run: ({ body }, call) => {
      if (!isAdmin(call)) demandModest(body)
      return answeredOnce(
        master,
        call,
        () => accounts.create(body, call),
        async (id, first) => {
          const account = await accounts.standing(id)
          const { passwordReset } = z.object({ passwordReset: PasswordReset.nullable() }).parse(first)
          return { body: { ...(await accounts.shown(account)), passwordReset }, version: account.version, location: `/users/${id}` }
        },
      )
    },
  })
}

/** Who is no admin becomes a customer, with a password. */
function demandModest({ roles = [], password }: NewAccount): void {
  if (roles.some((role) => role !== 'customer')) throw new Refusal('forbidden', 'Only admins give roles.')
  if (password === undefined) throw missingMembers(['password'])
}

function missingMembers(names: readonly string[]): Refusal {
  const faults = names.map((name): Fault => ({ pointer: `#/${name}`, code: 'required', detail: 'This member is required.' }))
  return new Refusal('invalid', 'The request has faults; errors names each of them.', { faults })
}

function list({ master, accounts }: Desk): Operation {
  return operation({
    name: 'listUsers',
    kind: 'query',
    summary: 'All accounts, oldest first.',
    tag: 'users',
    rest: { method: 'GET', path: '/users' },
    access: ['admin'],
    input: { query: z.strictObject(pageQuery) },
    output: pageOf(AccountDocument).meta({ id: 'Accounts' }),
    status: 200,
    async run({ query }) {
      const { documents, next } = await master.list('accounts', '*', placeOf(query))
      return paged(await Promise.all(documents.map(accounts.shown)), next, query)
    },
  })
}

function read({ accounts }: Desk): Operation {
  return operation({
    name: 'readUser',
    kind: 'query',
    summary: 'An account, to its owner (`me`) and to admins.',
    tag: 'users',
    rest: { method: 'GET', path: '/users/{id}' },
    access: 'signed-in',
    input: { path: Whose },
    output: AccountDocument,
    status: 200,
    refusals: ['missing', 'forbidden'],
    run: ({ path }, call) => answerOf(accounts, accountMeant(path.id, call)),
  })
}

function replace(desk: Desk): Operation {
  return operation({
    ...conditional,
    name: 'replaceUser',
    kind: 'command',
    summary: 'Replaces what may be written of an account: name and e-mail, and for admins roles and `disabled`.',
    tag: 'users',
    rest: { method: 'PUT', path: '/users/{id}' },
    access: 'signed-in',
    input: { path: Whose, body: AccountReplacement },
    output: AccountDocument,
    status: 200,
    examples: [{ summary: 'Another name', input: { body: { name: 'Ana Souza', email: 'ana@example.com' } } }],
    run: ({ path, body }, call) => {
      const missing = isAdmin(call) ? (['roles', 'disabled'] as const).filter((name) => body[name] === undefined) : []
      if (missing.length > 0) throw missingMembers(missing)
      return write(desk, path.id, body, call)
    },
  })
}

function change(desk: Desk): Operation {
  return operation({
    ...conditional,
    name: 'changeUser',
    kind: 'command',
    summary: 'Changes some of an account. Roles and `disabled` are for admins; one enabled admin always stays.',
    description: 'Who becomes an editor gets a public byline, at first the name. A disabled account is signed out everywhere at once.',
    tag: 'users',
    rest: { method: 'PATCH', path: '/users/{id}' },
    access: 'signed-in',
    input: { path: Whose, body: AccountPatch },
    mediaType: 'application/merge-patch+json',
    output: AccountDocument,
    status: 200,
    examples: [{ summary: 'Makes an editor', input: { body: { roles: ['editor'] } } }],
    run: ({ path, body }, call) => write(desk, path.id, body, call),
  })
}

function write({ master, accounts }: Desk, whose: string, patch: AccountPatch, call: Call): Promise<Answer> {
  const id = accountMeant(whose, call)
  return answeredOnce(
    master,
    call,
    async () => ({ outcome: await accounts.change(id, patch, call), id }),
    () => answerOf(accounts, id),
  )
}

function erase({ master, accounts }: Desk): Operation {
  return operation({
    ...conditional,
    name: 'eraseUser',
    kind: 'command',
    summary: 'Erases an account and all that is private of it, for good.',
    description: 'The reviews of an editor stay, under a neutral byline. Earlier bylines stay in the history of changes.',
    tag: 'users',
    rest: { method: 'DELETE', path: '/users/{id}' },
    access: 'signed-in',
    input: { path: Whose },
    status: 204,
    run: ({ path }, call) => {
      const id = accountMeant(path.id, call)
      return answeredOnce(master, call, async () => ({ outcome: await accounts.erase(id, call) }))
    },
  })
}

function resetLink({ master, accounts }: Desk): Operation {
  return operation({
    name: 'createPasswordReset',
    kind: 'command',
    summary: 'Makes a one-time link by which the owner of an account chooses a new password. The link before becomes void.',
    tag: 'users',
    rest: { method: 'POST', path: '/users/{id}/password-reset' },
    access: ['admin'],
    input: { path: Whose },
    output: PasswordReset,
    status: 201,
    refusals: ['missing'],
    run: ({ path }, call) => {
      const id = accountMeant(path.id, call)
      return answeredOnce(
        master,
        call,
        async () => ({ ...(await accounts.newReset(id, call)), id }),
        async (_id, body) => ({ body }),
      )
    },
  })
}

async function answerOf(accounts: Desk['accounts'], id: string): Promise<Answer> {
  const account = await accounts.standing(id)
  return { body: await accounts.shown(account), version: account.version }
}
