// The demo accounts: there without any setting, on loopback only, with a password that everybody can read.
import type { Role } from '../domain/account.ts'
import { Refusal } from '../kit/refusal.ts'
import { hasAccount } from '../system/alone.ts'
import type { Engines } from '../system/engines.ts'
import type { Services } from '../system/services.ts'

export const demoPassword = 'first-light-2026'

const demoAccounts: readonly { email: string; name: string; roles: Role[] }[] = [
  { email: 'editor@example.com', name: 'Demo Editor', roles: ['editor'] },
  { email: 'second.editor@example.com', name: 'Second Demo Editor', roles: ['editor'] },
  { email: 'admin@example.com', name: 'Demo Admin', roles: ['admin', 'editor'] },
  { email: 'customer@example.com', name: 'Demo Customer', roles: [] },
]

export async function bringDemoAccounts({ master }: Pick<Engines, 'master'>, { auth }: Pick<Services, 'auth'>): Promise<void> {
  const missing = await absent(master)
  const create = async (account: (typeof demoAccounts)[number]) => {
    try {
      await auth.createAccount({ ...account, password: demoPassword })
    } catch (error) {
      // A commit of which the try before this one heard only that it is late may have been stored meanwhile.
      if (!(await hasAccount(master, account.email))) throw error
    }
  }
  await Promise.all(missing.map(create))
}

/** Production must not run beside accounts whose password is public. */
export async function refuseDemoAccounts({ master }: Engines): Promise<void> {
  const missing = await absent(master)
  if (missing.length === demoAccounts.length) return
  throw new Refusal(
    'conflict',
    'RCR_DATA holds demo accounts, whose password is public. Erase them (DELETE /users/{id} in demo mode) or use another RCR_DATA.',
  )
}

async function absent(master: Engines['master']) {
  const there = await Promise.all(demoAccounts.map(({ email }) => hasAccount(master, email)))
  return demoAccounts.filter((_, at) => !there[at])
}
