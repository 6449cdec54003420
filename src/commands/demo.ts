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

export async function bringDemoAccounts({ master }: Engines, { auth }: Services): Promise<void> {
  const missing = await absent(master)
  await Promise.all(missing.map((account) => auth.createAccount({ ...account, password: demoPassword })))
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
