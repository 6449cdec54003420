// The sign-in service on a real master in a folder of its own, asked as a protocol would ask it.
import { expect } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../../engines/lmdb/master.ts'
import { type Clock, secureRandom } from '../../kit/clock.ts'
import { idMaker } from '../../kit/id.ts'
import { silentLog } from '../../kit/log.ts'
import { openMetrics } from '../../kit/metric.ts'
import type { Answer } from '../../kit/operation.ts'
import { openPasswords, type Passwords } from '../../kit/password.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { type Auth, openAuth } from './auth.ts'
import type { AuthNeeds } from './needs.ts'

export interface SetClock extends Clock {
  /** Moves both clocks on and wakes whoever sleeps. */
  advance(ms: number): void
  sleepers(): number
}

export function setClock(startMs = Date.parse('2026-11-21T10:00:00Z')): SetClock {
  let nowMs = startMs
  const sleeping = new Set<() => void>()
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          sleeping.delete(wake)
          resolve()
        }
        sleeping.add(wake)
        signal?.addEventListener('abort', wake, { once: true })
        if (signal?.aborted) wake()
      }),
    advance(ms) {
      nowMs += ms
      for (const wake of sleeping) wake()
    },
    sleepers: () => sleeping.size,
  }
}

export interface Asked {
  /** Another process than the first. */
  by?: Auth
  /** An access token. */
  as?: string
  path?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
  ifMatch?: number | '*'
  key?: string
  address?: string
}

export interface Tokens {
  accessToken: string
  refreshToken: string
}

export interface Started {
  auth: Auth
  master: Master
  clock: SetClock
  /** Another process of the same installation. */
  another(): Auth
  ask(name: string, asked?: Asked): Promise<Answer>
  refused(name: string, asked?: Asked): Promise<Refusal>
  /** Lets something happen right before the next such call reaches the master; it is asked once. */
  before(method: 'commit' | 'owner', happen: () => Promise<unknown>): void
  login(email: string, password?: string, address?: string): Promise<Tokens>
  stop(): Promise<void>
}

export const settings: AuthNeeds['settings'] = {
  issuer: 'https://reviews.example',
  audience: 'reviews',
  accessTokenS: 600,
  refreshTokenDays: 30,
  toleranceS: 10,
}
export const password = 'correct horse battery'

export async function startAuth(changes: Partial<AuthNeeds['settings']> = {}, passwords: Passwords = openPasswords()): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-auth-'))
  const clock = setClock()
  const master = await openLmdbMaster({ folder, clock, random: secureRandom, mapSizeBytes: 2 ** 28 })
  const pending = new Map<string, () => Promise<unknown>>()
  const meanwhile = async (method: string) => {
    const happen = pending.get(method)
    pending.delete(method)
    await happen?.()
  }
  const watched: Master = {
    ...master,
    commit: async (commit) => {
      await meanwhile('commit')
      return master.commit(commit)
    },
    owner: async (claim) => {
      await meanwhile('owner')
      return master.owner(claim)
    },
  }
  const open = () =>
    openAuth({
      master: watched,
      clock,
      newId: idMaker(clock, secureRandom),
      random: secureRandom,
      log: silentLog,
      metrics: openMetrics({ ofProcess: false }),
      passwords,
      settings: { ...settings, ...changes },
    })
  const auth = open()

  async function ask(name: string, asked: Asked = {}): Promise<Answer> {
    const by = asked.by ?? auth
    const operation = by.operations.find((one) => one.name === name)
    if (operation === undefined) throw new Error(`there is no operation ${name}`)
    const principal = asked.as === undefined ? null : await by.authenticate(asked.as)
    if (operation.access !== 'anyone' && principal === null) throw new Refusal('unauthenticated', 'Sign in.')
    if (Array.isArray(operation.access) && !operation.access.some((role) => principal?.roles.includes(role)))
      throw new Refusal('forbidden', 'Not with these roles.')
    const { path, query, body } = operation.input
    const parse = (schema: typeof body, value: unknown) => {
      const parsed = schema?.safeParse(value)
      if (parsed && !parsed.success) throw new Refusal('invalid', 'Faults.', { cause: parsed.error })
      return parsed?.data
    }
    const input = { path: parse(path, asked.path ?? {}), query: parse(query, asked.query ?? {}), body: parse(body, asked.body) }
    const answer = await operation.run(input as never, {
      requestId: 'test',
      principal,
      signal: new AbortController().signal,
      ifMatch: asked.ifMatch === undefined ? null : asked.ifMatch === '*' ? '*' : [asked.ifMatch],
      idempotency:
        asked.key === undefined ? null : { key: `${principal?.accountId}:${name}:${asked.key}`, requestHash: JSON.stringify(input) },
      atLeast: null,
      userAgent: 'test/1',
      address: asked.address ?? '192.0.2.1',
    })
    if (operation.output) operation.output.parse(answer.body)
    else expect(answer.body).toBeUndefined()
    return answer
  }

  return {
    auth,
    master,
    clock,
    another: open,
    ask,
    before: (method, happen) => void pending.set(method, happen),
    refused: (name, asked) => refusalOf(ask(name, asked)),
    login: async (email, given = password, address = '192.0.2.1') =>
      (await ask('login', { body: { email, password: given }, address })).body as Tokens,
    async stop() {
      await master.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** What a call is refused with; fails when it is not. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Refusal) return error
  throw new Error('it was not refused', { cause: error })
}
