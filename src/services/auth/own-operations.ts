// What is one's own: the password, and the devices that are signed in.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { type Operation, operation } from '../../kit/operation.ts'
import { answeredOnce, callerOf } from './asking.ts'
import type { Desk } from './desk.ts'
import { PasswordChange, SessionEntry } from './schemas.ts'
import { recorded } from './settle.ts'

export const ownOperations = (desk: Desk): Operation[] => [changePassword(desk), list(desk), endOne(desk), endOthers(desk)]

function changePassword({ master, credentials }: Desk): Operation {
  return operation({
    name: 'changePassword',
    kind: 'command',
    summary: 'Changes one’s password and ends all other sign-ins.',
    tag: 'users',
    rest: { method: 'PUT', path: '/users/me/password' },
    limit: 'sign-in',
    access: 'signed-in',
    input: { body: PasswordChange },
    status: 204,
    refusals: ['forbidden', 'conflict', 'too-many'],
    examples: [{ summary: 'A new password', input: { body: { currentPassword: 'first-light-2026', newPassword: 'first-light-2027' } } }],
    run: ({ body }, call) => answeredOnce(master, call, async () => ({ outcome: await credentials.change(callerOf(call), body, call) })),
  })
}

function list({ master, sessions }: Desk): Operation {
  return operation({
    name: 'listSessions',
    kind: 'query',
    summary: 'Where one is signed in, newest first; at most 50.',
    tag: 'users',
    rest: { method: 'GET', path: '/users/me/sessions' },
    access: 'signed-in',
    input: {},
    output: z.strictObject({ data: z.array(SessionEntry) }).meta({ id: 'Sessions' }),
    status: 200,
    async run(_input, call) {
      const { accountId, sessionId } = callerOf(call)
      const account = await master.read('account', accountId)
      const live = (await sessions.of(accountId)).filter((session) => session.credentials === account?.credentials)
      const entries = live.map(({ id, userAgent, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        current: id === sessionId,
        userAgent,
        createdAt,
        lastUsedAt,
        expiresAt,
      }))
      return { body: { data: entries } }
    },
  })
}

function endOne({ master, sessions }: Desk): Operation {
  return operation({
    name: 'endSession',
    kind: 'command',
    summary: 'Signs one of one’s devices out.',
    tag: 'users',
    rest: { method: 'DELETE', path: '/users/me/sessions/{sessionId}' },
    access: 'signed-in',
    input: { path: z.strictObject({ sessionId: Id }) },
    status: 204,
    refusals: ['missing'],
    run: ({ path }, call) =>
      answeredOnce(master, call, async () => {
        const rest = { ...recorded(call, { status: 204 }), demanded: true }
        return { outcome: await sessions.end(callerOf(call).accountId, ({ id }) => id === path.sessionId, rest) }
      }),
  })
}

function endOthers({ master, sessions }: Desk): Operation {
  return operation({
    name: 'endOtherSessions',
    kind: 'command',
    summary: 'Signs all of one’s other devices out.',
    tag: 'users',
    rest: { method: 'DELETE', path: '/users/me/sessions' },
    access: 'signed-in',
    input: {},
    status: 204,
    run: (_input, call) =>
      answeredOnce(master, call, async () => {
        const { accountId, sessionId } = callerOf(call)
        return { outcome: await sessions.end(accountId, ({ id }) => id !== sessionId, recorded(call, { status: 204 })) }
      }),
  })
}
