// Signing in, staying signed in, signing out, and the keys by which others verify the tokens.
import { type Operation, operation } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Desk } from './desk.ts'
import { Credentials, KeySet, RefreshRequest, ResetRequest, SignOut, Tokens } from './schemas.ts'

// A repeat of these shall not be answered from a record: it would keep tokens and passwords.
const common = { kind: 'command', tag: 'auth', access: 'anyone', idempotencyKey: 'none' } as const

export const sessionOperations = (desk: Desk): Operation[] => [login(desk), renew(desk), logout(desk), reset(desk), keys(desk)]

function login({ signIn }: Desk): Operation {
  return operation({
    ...common,
    name: 'login',
    summary: 'Signs in with e-mail address and password.',
    description:
      'An unknown address, a wrong password and a disabled account are answered alike, in the same time. After ten wrong guesses at an account ' +
      'come pauses of 1, 2, 4, 8, then 15 minutes (429, `Retry-After`), wherever the guesses come from; an address from where its owner has ' +
      'signed in before is counted by itself, and a reset by an admin works at once.',
    rest: { method: 'POST', path: '/auth/login' },
    limit: 'sign-in',
    input: { body: Credentials },
    output: Tokens,
    status: 200,
    refusals: ['unauthenticated', 'too-many'],
    examples: [{ summary: 'Sign in', input: { body: { email: 'editor@example.com', password: 'first-light-2026' } } }],
    run: ({ body }, call) => signIn(body, call),
  })
}

function renew({ refresh }: Desk): Operation {
  return operation({
    ...common,
    name: 'refresh',
    summary: 'Exchanges a refresh token, once, for new tokens.',
    description:
      'A token that was exchanged before and comes again was stolen from somebody: the sign-in ends for all who hold tokens of it.',
    rest: { method: 'POST', path: '/auth/refresh' },
    input: { body: RefreshRequest },
    output: Tokens,
    status: 200,
    refusals: ['unauthenticated'],
    examples: [{ summary: 'Stay signed in', input: { body: { refreshToken: 'the-refresh-token-of-the-last-answer' } } }],
    run: ({ body }) => refresh(body.refreshToken),
  })
}

function logout({ sessions }: Desk): Operation {
  return operation({
    ...common,
    name: 'logout',
    summary: 'Signs out: ends the session of the access token, of the refresh token in the body, or of both.',
    rest: { method: 'POST', path: '/auth/logout' },
    input: { body: SignOut },
    status: 204,
    refusals: ['unauthenticated'],
    examples: [{ summary: 'Sign out', input: { body: { refreshToken: 'the-refresh-token-of-the-last-answer' } } }],
    async run({ body }, { principal }) {
      if (principal === null && body?.refreshToken === undefined)
        throw new Refusal('unauthenticated', 'Send the access token, or the refresh token in the body.')
      if (principal !== null) await sessions.end(principal.accountId, ({ id }) => id === principal.sessionId)
      if (body?.refreshToken !== undefined) await sessions.endByToken(body.refreshToken)
      return {}
    },
  })
}

function reset({ credentials }: Desk): Operation {
  return operation({
    ...common,
    name: 'resetPassword',
    summary: 'Chooses a new password with a one-time token, and ends all sign-ins.',
    rest: { method: 'POST', path: '/auth/reset' },
    limit: 'sign-in',
    input: { body: ResetRequest },
    status: 204,
    refusals: ['too-many'],
    examples: [{ summary: 'With what an admin gave', input: { body: { token: 'the-one-time-token', newPassword: 'first-light-2027' } } }],
    async run({ body }, call) {
      await credentials.reset(body, call)
      return {}
    },
  })
}

function keys({ ring }: Desk): Operation {
  return operation({
    name: 'listKeys',
    kind: 'query',
    summary: 'The public keys of the access tokens (JWKS).',
    tag: 'auth',
    rest: { method: 'GET', path: '=/.well-known/jwks.json' },
    access: 'anyone',
    input: {},
    output: KeySet,
    status: 200,
    cache: 'public-hour',
    run: async () => ({ body: { keys: (await ring.published()).map((key) => key.publicJwk) } }),
  })
}
