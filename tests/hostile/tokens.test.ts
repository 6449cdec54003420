// Forged access tokens over HTTP: every one is refused, soon, and none makes the server ask anybody.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createPrivateKey } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../src/kit/clock.ts'
import { type Listener, listen } from '../../src/kit/serve.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { forgeries } from './forgeries.ts'

let system: TestSystem
let user: User
let listener: Listener
let trap: Server
let hits = 0

beforeAll(async () => {
  system = await startSystem()
  user = await system.signIn('editor@example.com')
  listener = listen({ ...system.doors, hosts: ['127.0.0.1'], port: 0 })
  trap = createServer((_, answer) => {
    hits += 1
    answer.end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await listener?.stop(0)
  trap?.close()
  await system?.[Symbol.asyncDispose]()
})

async function statusOf(path: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${listener.url}${path}`, { headers })
  await response.arrayBuffer()
  return response.status
}
const withToken = (token: string) => statusOf('/users/me', { authorization: `Bearer ${token}` })

async function signingKey() {
  const slot = Math.floor(systemClock.now() / (30 * 86_400_000))
  const key = await system.engines.master.read('key', `sign-${slot}`)
  return createPrivateKey({ key: (key?.jwk ?? {}) as JsonWebKey, format: 'jwk' })
}

test('two hundred forged tokens are all refused within two seconds, and the good one still passes', async () => {
  const forged = Object.entries(
    forgeries({
      token: user.accessToken,
      refreshToken: user.refreshToken,
      key: await signingKey(),
      jwks: (await system.ask('GET /.well-known/jwks.json')).body,
      trapUrl: `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`,
      nowS: Math.floor(systemClock.now() / 1000),
    }),
  )
  expect(forged.length).toBeGreaterThanOrEqual(200)
  expect(await withToken(user.accessToken)).toBe(200)
  const startedMs = performance.now()
  const answers = await Promise.all(forged.map(async ([name, token]) => ({ name, status: await withToken(token) })))
  expect(answers.filter(({ status }) => status !== 401)).toEqual([])
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  expect(await withToken(user.accessToken)).toBe(200)
  expect(hits).toBe(0)
})

test('another scheme, two tokens and a token elsewhere are no way in either', async () => {
  const { accessToken } = user
  const wrong = [`${accessToken}, Bearer ${accessToken}`, `${accessToken} x`].map((rest) => `Bearer ${rest}`)
  for (const authorization of [...wrong, `Basic ${accessToken}`, `Token ${accessToken}`, accessToken, `Bearer\t${accessToken}`])
    expect([authorization.slice(0, 12), await statusOf('/users/me', { authorization })]).toEqual([authorization.slice(0, 12), 401])
  expect(await statusOf('/users/me', { cookie: `access_token=${accessToken}` })).toBe(401)
  expect(await statusOf('/users/me', { 'x-access-token': accessToken })).toBe(401)
  expect(await statusOf('/users/me', { 'proxy-authorization': `Bearer ${accessToken}` })).toBe(401)
  expect(await statusOf(`/users/me?access_token=${accessToken}`, {})).toBe(401)
})
