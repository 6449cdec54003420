// The sign-in service with people in it: one admin, and whoever a test needs, each of them signed in.
import type { Answer } from '../../kit/operation.ts'
import type { Refusal } from '../../kit/refusal.ts'
import type { AccountDocument } from './schemas.ts'
import { password, type Started, startAuth } from './start.suite.ts'

export interface Person {
  id: string
  email: string
  token: string
  refreshToken: string
}

export interface House extends Started {
  /** Signs the admin in; the answer is the access token. */
  admin(): Promise<string>
  person(roles?: ('editor' | 'admin')[], name?: string): Promise<Person>
  read(as: string, id?: string): Promise<AccountDocument>
  patch(as: string, id: string, body: object, ifMatch?: number | '*'): Promise<Answer>
  refusedPatch(as: string, id: string, body: object, ifMatch?: number | '*'): Promise<Refusal>
  /** Every byline that an editor has had, with its slug, newest first. */
  bylinesOf(id: string): Promise<(string | undefined)[][]>
}

export async function openHouse(): Promise<House> {
  const house = await startAuth()
  await house.auth.createAccount({ name: 'Root', email: 'root@example.com', roles: ['admin'], password })
  let people = 0
  return {
    ...house,
    admin: async () => (await house.login('root@example.com')).accessToken,
    async person(roles = [], name = `Person ${people + 1}`) {
      const email = `person-${++people}@example.com`
      const { account } = await house.auth.createAccount({ name, email, roles, password })
      const { accessToken, refreshToken } = await house.login(email)
      return { id: account.id, email, token: accessToken, refreshToken }
    },
    read: async (as, id = 'me') => (await house.ask('readUser', { as, path: { id } })).body as AccountDocument,
    patch: (as, id, body, ifMatch = '*') => house.ask('changeUser', { as, path: { id }, body, ifMatch }),
    refusedPatch: (as, id, body, ifMatch = '*') => house.refused('changeUser', { as, path: { id }, body, ifMatch }),
    async bylinesOf(id) {
      const { changes } = await house.master.history('editor', id, { limit: 100 })
      return changes.map(({ document }) => [document?.byline, document?.slug])
    },
  }
}
