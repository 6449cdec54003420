// Access tokens that are not ours, or not good: every way in which libraries have been talked into taking one (RFC 8725).
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

type Part = Readonly<Record<string, unknown>>
type Forged = Record<string, string>

export interface Genuine {
  token: string
  refreshToken: string
  /** The key that signed it, as only the master has it. */
  key: KeyObject
  jwks: { keys: { x: string; kid: string }[] }
  /** An address that must never be asked. */
  trapUrl: string
  nowS: number
}

const coded = (part: unknown) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
const decoded = (part = ''): Part => JSON.parse(Buffer.from(part, 'base64url').toString())
const partsOf = (token: string) => {
  const [head = '', body = '', signature = ''] = token.split('.')
  return { head, body, signature, header: decoded(head), claims: decoded(body) }
}

function signedBy(key: KeyObject, header: Part, payload: unknown): string {
  const input = `${coded(header)}.${coded(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

export const forgeries = (genuine: Genuine): Forged => ({
  ...otherAlgorithms(genuine),
  ...sharedSecrets(genuine),
  ...otherHeaders(genuine),
  ...otherClaims(genuine),
  ...changedClaims(genuine),
  ...changedSignatures(genuine),
  ...otherForms(genuine),
})

function otherAlgorithms({ token }: Genuine): Forged {
  const { header, body, signature } = partsOf(token)
  const names = [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'EdDSA',
    'Ed25519',
    'Ed448',
    'ES256',
    'RS256',
    'PS512',
    'dir',
    'A128KW',
    null,
    1,
    ['EdDSA'],
  ]
  const forged: Forged = {}
  for (const alg of names)
    for (const end of ['', 'AA', ...(alg === 'EdDSA' ? [] : [signature])])
      forged[`alg ${JSON.stringify(alg)} with signature ${end.slice(0, 4)}`] = `${coded({ ...header, alg })}.${body}.${end}`
  return forged
}

/** The public key taken for a shared secret, in every form somebody might have it in. */
function sharedSecrets({ token, jwks }: Genuine): Forged {
  const { header, body } = partsOf(token)
  const [jwk = { x: '', kid: '' }] = jwks.keys
  const forged: Forged = {}
  for (const [n, secret] of [jwk.x, Buffer.from(jwk.x, 'base64url'), JSON.stringify(jwk), JSON.stringify(jwks), jwk.kid, ''].entries())
    for (const bits of ['256', '384', '512']) {
      const input = `${coded({ ...header, alg: `HS${bits}` })}.${body}`
      forged[`HS${bits} with public secret ${n}`] = `${input}.${createHmac(`sha${bits}`, secret).update(input).digest('base64url')}`
    }
  return forged
}

function otherHeaders({ token, key, trapUrl }: Genuine): Forged {
  const { header, claims } = partsOf(token)
  const strange = generateKeyPairSync('ed25519')
  const jwk = strange.publicKey.export({ format: 'jwk' })
  const headers: Record<string, Part> = {
    'kid of nobody': { kid: 'nobody' },
    'kid empty': { kid: '' },
    'kid a path': { kid: '../../../../dev/null' },
    'kid a query': { kid: "' union select 'x" },
    'kid an address': { kid: trapUrl },
    'kid of a prototype': { kid: '__proto__' },
    'kid a list': { kid: [header.kid] },
    'kid a number': { kid: 0 },
    'kid null': { kid: null },
    'kid long': { kid: 'k'.repeat(250) },
    'jwk instead of kid': { kid: undefined, jwk },
    'jwk beside our kid': { jwk },
    jku: { jku: trapUrl },
    x5u: { x5u: trapUrl },
    x5c: { x5c: [strange.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')] },
    crit: { crit: ['exp'] },
    'crit empty': { crit: [] },
    b64: { b64: false, crit: ['b64'] },
    zip: { zip: 'DEF' },
    'typ JWT': { typ: 'JWT' },
    'typ missing': { typ: undefined },
  }
  const forged: Forged = { 'signed by a stranger under our header': signedBy(strange.privateKey, header, claims) }
  for (const [name, more] of Object.entries(headers)) {
    forged[`signed by a stranger, ${name}`] = signedBy(strange.privateKey, { ...header, ...more }, claims)
    forged[`signed by us, ${name}`] = signedBy(key, { ...header, ...more }, claims)
  }
  return forged
}

/** Signed by us, and still not good. */
function otherClaims({ token, key, nowS }: Genuine): Forged {
  const { header, claims } = partsOf(token)
  const nobody = '01941f29-7c00-7000-8000-000000000001'
  const changes: Record<string, Part> = {
    expired: { iat: nowS - 700, exp: nowS - 100 },
    'expired long ago': { iat: 1, exp: 2 },
    'never expiring': { exp: undefined },
    'living too long': { iat: nowS - 10_000, exp: nowS + 10_000 },
    'from tomorrow': { iat: nowS + 86_400, exp: nowS + 87_000 },
    'not yet good': { nbf: nowS + 3_600 },
    'exp a text': { exp: String(claims.exp) },
    'iat missing': { iat: undefined },
    'jti missing': { jti: undefined },
    'sub missing': { sub: undefined },
    'sub of nobody': { sub: nobody },
    'sub a list': { sub: [claims.sub] },
    'sid missing': { sid: undefined },
    'sid of nobody': { sid: nobody },
    'sid the account': { sid: claims.sub },
    'iss of others': { iss: 'http://localhost.evil.example' },
    'iss missing': { iss: undefined },
    'aud of others': { aud: 'another-api' },
    'aud missing': { aud: undefined },
    'aud empty': { aud: [] },
  }
  const forged: Forged = {}
  for (const [name, change] of Object.entries(changes)) forged[`signed by us, ${name}`] = signedBy(key, header, { ...claims, ...change })
  for (const payload of [[claims], 'null', '{', '"x"', '', `{"sub":"${claims.sub}","exp":1e400,"iat":${nowS}}`])
    forged[`signed by us, payload ${coded(payload).slice(0, 20)}`] = signedBy(key, header, payload)
  return forged
}

function changedClaims({ token, nowS }: Genuine): Forged {
  const { head, claims, signature } = partsOf(token)
  const forged: Forged = { 'another spelling of the claims': `${head}.${coded(`${JSON.stringify(claims)} `)}.${signature}` }
  for (const change of [{ roles: ['admin'] }, { exp: nowS + 1e6 }, { sub: claims.sid }, { x: 1 }, { iat: Number(claims.iat) - 1 }])
    forged[`our signature over ${JSON.stringify(change)}`] = `${head}.${coded({ ...claims, ...change })}.${signature}`
  return forged
}

function changedSignatures({ token }: Genuine): Forged {
  const { head, body, signature } = partsOf(token)
  const bytes = Buffer.from(signature, 'base64url')
  const withSignature = (changed: Uint8Array) => `${head}.${body}.${Buffer.from(changed).toString('base64url')}`
  // Ed25519 is malleable where S is not demanded to be below the order of the group.
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order
  const forged: Forged = {
    'S plus the order': withSignature(
      Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]),
    ),
    'signature of zeros': withSignature(Buffer.alloc(64)),
    'signature of a small point': withSignature(Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
    'signature twice': withSignature(Buffer.concat([bytes, bytes])),
    'halves changed about': withSignature(Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])),
  }
  for (let n = 0; n < 24; n++) {
    const flipped = Buffer.from(bytes)
    flipped[(n * 11) % 64] = (flipped[(n * 11) % 64] ?? 0) ^ (1 << (n % 8))
    forged[`a bit flipped, ${n}`] = withSignature(flipped)
  }
  for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
    if (!token.endsWith(last)) forged[`last character ${last}`] = token.slice(0, -1) + last
  return forged
}

function otherForms({ token, refreshToken }: Genuine): Forged {
  const { head, body, signature, claims } = partsOf(token)
  return {
    padded: `${token}=`,
    'padded twice': `${token}==`,
    'a dot more': `${token}.`,
    'a part more': `${token}.${signature}`,
    'a part less': `${head}.${body}`,
    'no head': `.${body}.${signature}`,
    'no body': `${head}..${signature}`,
    dots: '..',
    'five parts': `${head}.${head}.${body}.${body}.${signature}`,
    cut: token.slice(0, -1),
    'upper case': token.toUpperCase(),
    doubled: `${token}${token}`,
    'the refresh token': refreshToken,
    'the session': String(claims.sid),
    'the account': String(claims.sub),
    null: 'null',
    undefined: 'undefined',
  }
}
