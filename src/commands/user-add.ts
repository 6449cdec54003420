// rcr user add: an account with any roles, for the first admin of a new installation.
import { roles } from '../domain/account.ts'
import { Refusal } from '../kit/refusal.ts'
import { openAccounts } from '../system/alone.ts'
import { around, type Command, readFlags } from './command.ts'

export const userAdd: Command = {
  name: 'user add',
  usage: 'user add --email <address> --name <name> [--roles editor,admin]',
  summary: 'Makes an account and prints a one-time link token to choose its password.',
  help: `Roles: ${roles.join(', ')}; everybody is a customer. The token is good for 24 hours: POST /api/v1/auth/reset {token, newPassword}.
The system may be running or not.`,
  async run(running) {
    const { settings, flags, say } = running
    const { email, name, roles: wanted = '' } = readFlags(flags, { email: 'text', name: 'text', roles: 'text' })
    if (email === undefined || name === undefined) throw new Refusal('invalid', 'Give --email and --name.')
    const list = wanted.split(',').filter((role) => role !== '')
    const unknown = list.filter((role) => !roles.some((known) => known === role))
    if (unknown.length > 0) throw new Refusal('invalid', `There is no role ${unknown.join(', ')}; there are ${roles.join(', ')}.`)
    await using stack = new AsyncDisposableStack()
    const accounts = await openAccounts(settings, around(running), stack)
    const { account, passwordReset } = await accounts.createAccount({ email, name, roles: roles.filter((role) => list.includes(role)) })
    say(`${account.id}  ${account.email}  ${account.roles.join(', ')}`)
    if (passwordReset !== null) say(`To choose the password, until ${passwordReset.expiresAt}: ${passwordReset.token}`)
    return 0
  },
}
