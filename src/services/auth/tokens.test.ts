// Access tokens and the keys behind them: what is believed, what is not, and how keys change without anybody noticing.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Principal } from '../../kit/operation.ts'
import { password, refusalOf, type Started, settings, startAuth, type Tokens } from './start.suite.ts'

type Part = Record<string, unknown>
const dayMs = 86_400_000

let house: Started
let good: { header: Part; claims: Part; token: string; key: KeyObject; publicX: string; principal: Principal }

let othersSession: string

beforeAll(async () => {
  house = await startAuth()
  await house.auth.createAccount({ name: 'Ana', email: 'ana@example.com', roles: ['editor'], password })
  await house.auth.createAccount({ name: 'Eva', email: 'eva@example.com', password })
  othersSession = (await house.auth.authenticate((await house.login('eva@example.com')).accessToken)).sessionId
  good = await signedIn()
})
afterAll(() => house.stop())

const b64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')
const partOf = (token: string, at: number): Part => JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString())

async function signedIn() {
  const { accessToken: token } = await house.login('ana@example.com')
  const header = partOf(token, 0)
  for await (const { jwk } of house.master.privates('key'))
    if (jwk.kid === header.kid) {
      const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
      return { header, claims: partOf(token, 1), token, key, publicX: String(jwk.x), principal: await house.auth.authenticate(token) }
    }
  throw new Error('the signing key is not in the master')
}

function forge(header: Part, claims: Part | string, signer: (data: Buffer) => Uint8Array = (data) => sign(null, data, good.key)): string {
  const data = `${b64(JSON.stringify(header))}.${b64(typeof claims === 'string' ? claims : JSON.stringify(claims))}`
  return `${data}.${b64(signer(Buffer.from(data)))}`
}

/** The other S of the same signature: S + L. Verifiers that do not check the range take it. */
function malleable(token: string): string {
  const [header, claims, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  let s = 0n
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(bytes[i] ?? 0)
  s += 2n ** 252n + 27742317777372353535851937790883648493n
  for (let i = 32; i < 64; i++, s >>= 8n) bytes[i] = Number(s & 0xffn)
  return `${header}.${claims}.${b64(bytes)}`
}

/** 64 bytes leave 4 unused bits in the last of 86 characters. */
function respelled(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1]
}

const stranger = generateKeyPairSync('ed25519')
const strangerJwk = stranger.publicKey.export({ format: 'jwk' })
const byStranger = (data: Buffer) => sign(null, data, stranger.privateKey)
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const hmacBy = (secret: string | Uint8Array) => (data: Buffer) => createHmac('sha256', secret).update(data).digest()

const forgeries: [what: string, token: () => string][] = [
  ['nothing', () => ''],
  ['a word', () => 'token'],
  ['dots', () => '..'],
  ['two parts', () => good.token.split('.').slice(0, 2).join('.')],
  ['four parts', () => `${good.token}.x`],
  ['five parts, as if encrypted', () => 'a.b.c.d.e'],
  ['a megabyte', () => `${'a'.repeat(1_000_000)}.b.c`],
  ['alg none without signature', () => `${b64('{"alg":"none","typ":"at+jwt"}')}.${b64(JSON.stringify(good.claims))}.`],
  ['alg none with the old signature', () => forge({ ...good.header, alg: 'none' }, good.claims)],
  ['alg NoNe', () => forge({ ...good.header, alg: 'NoNe' }, good.claims)],
  ['no alg', () => forge({ typ: 'at+jwt', kid: good.header.kid }, good.claims)],
  [
    'HS256 with the public key as secret',
    () => forge({ ...good.header, alg: 'HS256' }, good.claims, hmacBy(Buffer.from(good.publicX, 'base64url'))),
  ],
  ['HS256 with the public key’s text as secret', () => forge({ ...good.header, alg: 'HS256' }, good.claims, hmacBy(good.publicX))],
  ['HS256 with an empty secret', () => forge({ ...good.header, alg: 'HS256' }, good.claims, hmacBy(''))],
  [
    'an HMAC under alg EdDSA',
    () => forge(good.header, good.claims, (data) => Buffer.concat([hmacBy(good.publicX)(data), Buffer.alloc(32)])),
  ],
  [
    'ES256 by a key of their own',
    () =>
      forge({ ...good.header, alg: 'ES256' }, good.claims, (data) =>
        sign('sha256', data, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
      ),
  ],
  ['alg Ed25519 for EdDSA', () => forge({ ...good.header, alg: 'Ed25519' }, good.claims)],
  ['another key under our kid', () => forge(good.header, good.claims, byStranger)],
  ['their jwk in the header', () => forge({ ...good.header, jwk: strangerJwk }, good.claims, byStranger)],
  ['a jku', () => forge({ ...good.header, jku: 'http://127.0.0.1:9/keys' }, good.claims, byStranger)],
  ['an x5u', () => forge({ ...good.header, x5u: 'http://127.0.0.1:9/cert' }, good.claims, byStranger)],
  ['an x5c', () => forge({ ...good.header, x5c: ['MIIB'] }, good.claims, byStranger)],
  ['a jku, though signed by us', () => forge({ ...good.header, jku: 'http://127.0.0.1:9/keys' }, good.claims)],
  ['crit', () => forge({ ...good.header, crit: ['exp'] }, good.claims)],
  ['b64 false', () => forge({ ...good.header, b64: false, crit: ['b64'] }, good.claims)],
  ['no kid', () => forge({ alg: 'EdDSA', typ: 'at+jwt' }, good.claims)],
  ['an unknown kid', () => forge({ ...good.header, kid: 'sign-1' }, good.claims)],
  ['a kid that is a path', () => forge({ ...good.header, kid: '../../dev/null' }, good.claims, hmacBy(''))],
  ['a kid that is SQL', () => forge({ ...good.header, kid: "' or 1=1 --" }, good.claims)],
  ['a kid that is a list', () => forge({ ...good.header, kid: [good.header.kid] }, good.claims)],
  ['a kid of Object', () => forge({ ...good.header, kid: '__proto__' }, good.claims)],
  ['typ JWT', () => forge({ ...good.header, typ: 'JWT' }, good.claims)],
  ['no typ', () => forge({ alg: 'EdDSA', kid: good.header.kid }, good.claims)],
  ['another audience', () => forge(good.header, { ...good.claims, aud: 'shop' })],
  ['no audience', () => forge(good.header, { ...good.claims, aud: undefined })],
  ['another issuer', () => forge(good.header, { ...good.claims, iss: 'https://reviews.example.evil' })],
  ['no issuer', () => forge(good.header, { ...good.claims, iss: undefined })],
  ['no expiry', () => forge(good.header, { ...good.claims, exp: undefined })],
  ['an expiry that is a text', () => forge(good.header, { ...good.claims, exp: '9999999999' })],
  ['an expiry that is past', () => forge(good.header, { ...good.claims, exp: Number(good.claims.iat) - 11 })],
  ['a time of issue in the future', () => forge(good.header, { ...good.claims, iat: Number(good.claims.iat) + 60 })],
  ['a time of issue long ago', () => forge(good.header, { ...good.claims, iat: Number(good.claims.iat) - 3600 })],
  ['not valid yet', () => forge(good.header, { ...good.claims, nbf: Number(good.claims.iat) + 60 })],
  ['no subject', () => forge(good.header, { ...good.claims, sub: undefined })],
  ['a subject that is no id', () => forge(good.header, { ...good.claims, sub: 'admin' })],
  ['another subject', () => forge(good.header, { ...good.claims, sub: '019a0000-0000-7000-8000-000000000000' })],
  ['no session', () => forge(good.header, { ...good.claims, sid: undefined })],
  ['another session', () => forge(good.header, { ...good.claims, sid: '019a0000-0000-7000-8000-000000000000' })],
  ['the session of somebody else', () => forge(good.header, { ...good.claims, sid: othersSession })],
  ['claims that are a list', () => forge(good.header, '[1]')],
  ['claims that are no JSON', () => forge(good.header, 'hello')],
  [
    'changed claims under the old signature',
    () => good.token.replace(/\.[^.]*\./, `.${b64(JSON.stringify({ ...good.claims, roles: ['admin'] }))}.`),
  ],
  ['a changed header under the old signature', () => good.token.replace(/^[^.]*/, b64(JSON.stringify({ ...good.header, cty: 'JWT' })))],
  ['the signature of zeros', () => forge(good.header, good.claims, () => Buffer.alloc(64))],
  ['no signature', () => good.token.replace(/[^.]*$/, '')],
  ['a short signature', () => good.token.slice(0, -4)],
  ['a padded signature', () => `${good.token}==`],
  ['the other S of the same signature', () => malleable(good.token)],
  ['another spelling of the same signature', () => respelled(good.token)],
  ['a blank before it', () => ` ${good.token}`],
  ['a line break in it', () => good.token.replace('.', '.\n')],
]

describe('an access token', () => {
  test('says who, for which session, with which roles, for ten minutes (RFC 9068)', () => {
    expect(good.header).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: good.header.kid })
    const { iat, jti, ...claims } = good.claims
    expect(claims).toEqual({
      iss: settings.issuer,
      aud: settings.audience,
      sub: good.principal.accountId,
      sid: good.principal.sessionId,
      roles: ['customer', 'editor'],
      exp: Number(iat) + 600,
    })
    expect(jti).toBeString()
  })

  test.each(forgeries)('is not believed: %s', async (_what, token) => {
    const refusal = await refusalOf(house.auth.authenticate(token()))
    expect(refusal.reason).toBe('unauthenticated')
    expect(await house.auth.authenticate(good.token)).toEqual(good.principal)
  })

  test('is believed when forged rightly, which proves the forger of this table', async () => {
    expect(await house.auth.authenticate(forge(good.header, good.claims))).toEqual(good.principal)
  })

  test('expires after its ten minutes and the tolerance, also when it was seen before', async () => {
    const { token } = await signedIn()
    house.clock.advance(609_000)
    await house.auth.authenticate(token)
    house.clock.advance(2_000)
    expect((await refusalOf(house.auth.authenticate(token))).code).toBe('token-expired')
  })

  test('gives the roles that the account has now, not those of its making', async () => {
    const { token, principal } = await signedIn()
    await house.auth.createAccount({ name: 'Root', email: 'root@example.com', roles: ['admin'], password })
    const admin = (await house.login('root@example.com')).accessToken
    await house.ask('changeUser', { as: admin, path: { id: principal.accountId }, body: { roles: [] }, ifMatch: '*' })
    expect((await house.auth.authenticate(token)).roles).toEqual(['customer'])
  })
})

describe('the signing keys', () => {
  const keysOf = async (of: Started, by = of.auth) => ((await of.ask('listKeys', { by })).body as { keys: { kid: string }[] }).keys

  test('are published without their private part, and verify a token elsewhere', async () => {
    const keys = await keysOf(house)
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ keys }) })
    const { token } = await signedIn()
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`http://127.0.0.1:${server.port}/`)), {
      algorithms: ['EdDSA'],
      issuer: settings.issuer,
      audience: settings.audience,
      typ: 'at+jwt',
      currentDate: new Date(house.clock.now()),
    })
    await server.stop(true)
    expect(payload.sub).toBe(good.principal.accountId)
  })

  test('are the same in two processes that start at once', async () => {
    const fresh = await startAuth()
    const others = [fresh.auth, fresh.another(), fresh.another()]
    const sets = await Promise.all(others.map((auth) => keysOf(fresh, auth)))
    const kids = sets.map((keys) => keys.map(({ kid }) => kid).join())
    expect(kids[0]).toBeTruthy()
    expect(new Set(kids).size).toBe(1)
    await fresh.stop()
  })

  test('change with the old and the new both good: no token is refused before its time, over a year of hours', async () => {
    const fresh = await startAuth({ refreshTokenDays: 400 })
    await fresh.auth.createAccount({ name: 'Ana', email: 'ana@example.com', password })
    const second = fresh.another()
    let tokens = await fresh.login('ana@example.com')
    const knownSinceMs = new Map((await keysOf(fresh, second)).map(({ kid }) => [kid, 0]))
    const used = new Set<string>()
    for (let hour = 0; hour < 365 * 24; hour += 12) {
      fresh.clock.advance(12 * 3_600_000 - 300_000)
      tokens = (await fresh.ask('refresh', { body: { refreshToken: tokens.refreshToken } })).body as Tokens
      fresh.clock.advance(300_000)
      await second.authenticate(tokens.accessToken)
      const kid = String(partOf(tokens.accessToken, 0).kid)
      used.add(kid)
      // Whoever verifies elsewhere had ten minutes and more to learn the key.
      expect(fresh.clock.now() - (knownSinceMs.get(kid) ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(600_000)
      for (const key of await keysOf(fresh, second)) if (!knownSinceMs.has(key.kid)) knownSinceMs.set(key.kid, fresh.clock.now())
      expect((await keysOf(fresh, second)).length).toBeLessThanOrEqual(3)
    }
    expect(used.size).toBeGreaterThanOrEqual(12)
    expect(used.size).toBeLessThanOrEqual(14)
    await fresh.stop()
  }, 30_000)

  test('bridge a time when nobody was there to make the next one', async () => {
    const fresh = await startAuth()
    await fresh.auth.createAccount({ name: 'Ana', email: 'ana@example.com', password })
    const before = await fresh.login('ana@example.com')
    const slotMs = 30 * dayMs
    fresh.clock.advance(slotMs - (fresh.clock.now() % slotMs) + 60_000)
    const bridging = await fresh.login('ana@example.com')
    expect(partOf(bridging.accessToken, 0).kid).toBe(partOf(before.accessToken, 0).kid)
    fresh.clock.advance(dayMs + 60_000)
    const after = await fresh.login('ana@example.com')
    expect(partOf(after.accessToken, 0).kid).not.toBe(partOf(before.accessToken, 0).kid)
    fresh.clock.advance(200 * dayMs)
    const late = await fresh.login('ana@example.com')
    await fresh.auth.authenticate(late.accessToken)
    await fresh.stop()
  })

  test('of another process are learnt by the first token that needs them', async () => {
    const fresh = await startAuth()
    await fresh.auth.createAccount({ name: 'Ana', email: 'ana@example.com', password })
    await refusalOf(fresh.auth.authenticate(good.token))
    const [key] = await Array.fromAsync(fresh.master.privates('key'))
    if (key === undefined) throw new Error('no key')
    await fresh.master.commit({ at: key.createdAt, by: null, writes: [{ kind: 'key', id: key.id, expected: key.version, document: null }] })
    const other = fresh.another()
    const { body } = await fresh.ask('login', { by: other, body: { email: 'ana@example.com', password } })
    fresh.clock.advance(6_000)
    await fresh.auth.authenticate((body as Tokens).accessToken)
    await fresh.stop()
  })
})
