// THE MAP: which services there are, and which engines each of them receives.
import type { Network } from '../kit/client-address.ts'
import { idMaker } from '../kit/id.ts'
import type { Operation } from '../kit/operation.ts'
import { openPasswords } from '../kit/password.ts'
import { sealer } from '../kit/seal.ts'
import type { Master } from '../ports/master.ts'
import type { Counts } from '../protocols/limits.ts'
import type { Readiness } from '../protocols/ops.ts'
import type { AtOnce } from '../protocols/shedding.ts'
import { type Auth, openAuth } from '../services/auth/auth.ts'
import { openProject } from '../services/project/project.ts'
import { openRead } from '../services/read/read.ts'
import { openShop } from '../services/shop/shop.ts'
import { openWrite } from '../services/write/write.ts'
import type { Engines } from './engines.ts'
import type { Surroundings } from './surroundings.ts'

export interface ServiceSettings {
  secret: Uint8Array
  /** Issuer of access tokens. */
  publicUrl: string
  writeOrigins: readonly string[]
  cacheBytes: number
  /** Bounds of what is worked on at once. */
  atOnce?: AtOnce
  /** How often who may ask, where it differs from the standard. Absent, or off: as often as anybody likes. */
  limits?: Counts | 'off'
  /** Whose word is taken for whom they were asked by. */
  trustedProxies?: readonly Network[]
  /** GraphQL shows its schema, and a page to try it: not in production. */
  explorable?: boolean
  /** Of the shop, ISO 4217. */
  currency: string
}

export function openAuthOver(master: Master, issuer: string, around: Surroundings): Auth {
  const settings = { issuer, audience: 'randomcamerareviews', accessTokenS: 600, refreshTokenDays: 30 }
  return openAuth({ master, newId: idMaker(around.clock, around.random), passwords: openPasswords(), settings, ...around })
}

/** Every service over its ports. Nothing runs yet. */
export function openServices(engines: Engines, settings: ServiceSettings, around: Surroundings) {
  const { master, projection, content, payments, regions, dependencies } = engines
  const newId = idMaker(around.clock, around.random)
  const auth = openAuthOver(master, settings.publicUrl, around)
  const write = openWrite({ master, newId, ...around })
  const read = openRead({
    content,
    cursorSeal: sealer(settings.secret, 'cursor'),
    tokenSeal: sealer(settings.secret, 'token'),
    cacheBytes: settings.cacheBytes,
    newRequestId: newId,
    ...around,
  })
  const project = openProject({ master, projection, onApplied: read.wake, ...around })
  const shop = openShop({ master, payments, currency: settings.currency, newId, ...around })
  const operations: Operation[] = [...read.operations, ...write.operations, ...shop.operations, ...auth.operations]
  return { auth, write, project, read, shop, operations, here: operations, streams: shop.streams, newId, regions, dependencies }
}

export type Services = ReturnType<typeof openServices>

/** The loops of all services: schedule, projector, tail, shop, keys. Resolves when all have ended after the signal. */
export async function runServices({ auth, write, project, read, shop }: Services, signal: AbortSignal): Promise<void> {
  await Promise.all([auth.run(signal), write.run(signal), project.run(signal), read.run(signal), shop.run(signal)])
}

/** Ready: the read model has held the whole log at least once, and nobody has asked it to stop. */
export function readinessOf({ auth, write, project, read, shop, regions, dependencies }: Services, signal: AbortSignal): Readiness {
  const stopping = signal.aborted
  const services = { read: read.status(), project: project.status(), write: write.status(), auth: auth.status(), shop: shop.status() }
  const detail = { ...services, ...(regions && { regions: regions() }), dependencies: dependencies?.() }
  return { ready: !stopping && detail.read.stalenessS !== null, stopping, detail }
}

/** The services without their engines: for the contract. Calling an operation fails. */
export function servicesAlone(around: Surroundings): Services {
  const nothing = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)}: no engine is open`)) })
  const engines = { master: nothing, projection: nothing, content: nothing, payments: nothing } as Engines
  const settings = { secret: new Uint8Array(32), publicUrl: 'http://localhost', writeOrigins: [], cacheBytes: 1, currency: 'USD' }
  return openServices(engines, settings, around)
}

export const operationsAlone = (around: Surroundings): Operation[] => servicesAlone(around).operations
