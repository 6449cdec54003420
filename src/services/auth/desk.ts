// What the operations of this service work with.
import type { Master } from '../../ports/master.ts'
import type { Accounts } from './accounts.ts'
import type { openCredentials } from './credentials.ts'
import type { Ring } from './keys.ts'
import type { Refresh } from './refresh.ts'
import type { Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'

export interface Desk {
  master: Master
  accounts: Accounts
  sessions: Sessions
  credentials: ReturnType<typeof openCredentials>
  signIn: SignIn
  refresh: Refresh
  ring: Ring
}
