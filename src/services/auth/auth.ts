// The sign-in service: accounts, sign-ins and tokens, all from one master.
import { faultsOf } from '../../kit/faults.ts'
import type { Operation, Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import { openAccess } from './access.ts'
import { openAccounts } from './accounts.ts'
import { completeBylines } from './bylines.ts'
import type { AccountRequest } from './create-account.ts'
import { openCredentials } from './credentials.ts'
import { openGuesses } from './guesses.ts'
import { openRing } from './keys.ts'
import type { AuthNeeds } from './needs.ts'
import { authOperations } from './operations.ts'
import { openRefresh } from './refresh.ts'
import { openResets } from './reset.ts'
import { type AccountDocument, NewAccount, type PasswordReset } from './schemas.ts'
import { openSessions } from './sessions.ts'
import { openSignIn } from './sign-in.ts'

interface AuthStatus {
  /** The key that signs now; null before the first round of `run`. */
  signingKey: string | null
  keys: number
  passwords: { running: number; waiting: number }
  /** What the last round of `run` failed with. */
  trouble: string | null
}

export interface Auth {
  operations: Operation[]
  /** Who a bearer token stands for, now. Refuses with `unauthenticated`. */
  authenticate(bearer: string): Promise<Principal>
  /** For the command line and the first start: any roles, nobody asked. Refuses as the registration does. */
  createAccount(wanted: AccountRequest): Promise<{ account: AccountDocument; passwordReset: PasswordReset | null }>
  /** Renews the keys and writes the bylines that are owed, until the signal. */
  run(signal: AbortSignal): Promise<void>
  status(): AuthStatus
}

const roundMs = 30_000
const worstPauseMs = 60_000

export function openAuth(needs: AuthNeeds): Auth {
  const { master, clock, log, metrics, passwords, settings } = needs
  const ring = openRing(master, clock, (settings.accessTokenS + 60) * 1000)
  const access = openAccess(needs, ring)
  const guesses = openGuesses(master, clock)
  const sessions = openSessions(needs, access)
  const resets = openResets(needs)
  const accounts = openAccounts({ ...needs, guesses, sessions, resets })
  const credentials = openCredentials(needs, { guesses, sessions, resets })
  const refresh = openRefresh(needs, sessions)
  const signIn = openSignIn(needs, guesses, sessions)
  const status = { signingKey: null as string | null, keys: 0, trouble: null as string | null }
  metrics.gauge('rcr_auth_passwords_waiting', 'Passwords that wait to be hashed.', [], () => passwords.load().waiting)

  async function round(signal: AbortSignal): Promise<void> {
    status.keys = (await ring.renew()).length
    status.signingKey = (await ring.signer()).kid
    const written = await completeBylines(master, clock, signal)
    if (written > 0) log.info('bylines-written', { count: written })
  }

  return {
    operations: authOperations({ master, accounts, sessions, credentials, signIn, refresh, ring }),
    authenticate: access.authenticate,

    async createAccount(wanted) {
      const checked = NewAccount.safeParse(wanted)
      if (!checked.success) throw new Refusal('invalid', 'The account has faults.', { faults: faultsOf(checked.error) })
      const { id, body } = await accounts.create(checked.data, null)
      return { account: await accounts.shown(await accounts.standing(id)), passwordReset: body.passwordReset }
    },

    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        try {
          await round(signal)
          status.trouble = null
          failures = 0
        } catch (error) {
          failures += 1
          status.trouble = error instanceof Error ? error.message : 'unknown'
          log.error('auth-round-failed', { error })
        }
        await clock.sleep(failures === 0 ? roundMs : Math.min(worstPauseMs, 500 * 2 ** failures), signal)
      }
    },

    status: () => ({ ...status, passwords: passwords.load() }),
  }
}
