// Signed tokens as a mechanism; what forgers try is tested where tokens are used.
import { describe, expect, test } from 'bun:test'
import { importKey, newJwk, openJwt } from './jwt.ts'

const key = await importKey(await newJwk())
let nowMs = Date.parse('2026-11-21T10:00:00Z')
const terms = { issuer: 'https://a.example', audience: 'a', type: 'at+jwt', lifetimeS: 60, toleranceS: 0, clock: { now: () => nowMs } }
const claims = { sub: 'ana', jti: '1' }
const findOurs = async (kid: string) => (kid === key.kid ? key : undefined)

describe('a signed token', () => {
  test('brings its claims back', async () => {
    const jwt = openJwt(terms)
    expect(await jwt.verify(await jwt.sign(key, claims), findOurs)).toMatchObject({ ...claims, iss: 'https://a.example', aud: 'a' })
  })

  test('is good to the second, no longer', async () => {
    const jwt = openJwt(terms)
    const token = await jwt.sign(key, claims)
    nowMs += 59_000
    await jwt.verify(token, findOurs)
    nowMs += 1000
    await expect(jwt.verify(token, findOurs)).rejects.toMatchObject({ reason: 'unauthenticated', code: 'token-expired' })
    await expect(openJwt(terms).verify(token, findOurs)).rejects.toMatchObject({ code: 'token-expired' })
  })

  test('dies with its key, though it was believed before', async () => {
    const jwt = openJwt(terms)
    const token = await jwt.sign(key, claims)
    await jwt.verify(token, findOurs)
    await expect(jwt.verify(token, async () => undefined)).rejects.toMatchObject({ code: 'token-invalid' })
  })

  test('of one purpose is not taken for another', async () => {
    const token = await openJwt(terms).sign(key, claims)
    for (const other of [{ type: 'reset+jwt' }, { audience: 'b' }, { issuer: 'https://b.example' }])
      await expect(openJwt({ ...terms, ...other }).verify(token, findOurs)).rejects.toMatchObject({ code: 'token-invalid' })
  })

  test('costs its signature check once', async () => {
    const jwt = openJwt(terms)
    const token = await jwt.sign(key, claims)
    const first = await jwt.verify(token, findOurs)
    expect(await jwt.verify(token, findOurs)).toBe(first)
  })

  test('is not judged when the keys cannot be asked for', async () => {
    const jwt = openJwt(terms)
    const token = await jwt.sign(key, claims)
    const down = async () => {
      throw new Error('the master is down')
    }
    await expect(jwt.verify(token, down)).rejects.toThrow('the master is down')
  })

  test('shows no private part in its public key, and a kid of its own', async () => {
    const other = await newJwk()
    expect(other).toHaveProperty('d')
    expect((await importKey(other)).publicJwk).not.toHaveProperty('d')
    expect(other.kid).not.toBe(key.kid)
  })
})
