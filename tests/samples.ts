// Documents as the services make them, the same at each run: one number, one document.
import type { Account, Session } from '../src/domain/account.ts'
import type { Camera } from '../src/domain/camera.ts'
import type { Category } from '../src/domain/category.ts'
import type { Envelope } from '../src/domain/document.ts'
import type { Editor } from '../src/domain/editor.ts'
import type { Lens } from '../src/domain/lens.ts'
import type { Product } from '../src/domain/product.ts'
import type { Review } from '../src/domain/review.ts'
import { type Clock, systemClock } from '../src/kit/clock.ts'

export const sampleTime = '2026-11-21T10:00:00.000Z'
/** It is that time: what is kept for some days is kept in whatever year the tests run. */
export const sampleClock: Clock = { ...systemClock, now: () => Date.parse(sampleTime) }

/** A UUIDv7 of its own for each kind and number, ordered by number. */
export function sampleId(kind: 'review' | 'camera' | 'lens' | 'editor' | 'account' | 'session', n: number): string {
  const kinds = { review: '1', camera: '2', lens: '3', editor: '4', account: '4', session: '5' } // an editor has the id of the account
  return `019aa5c0-0000-7000-800${kinds[kind]}-${n.toString(16).padStart(12, '0')}`
}

const envelope = (id: string): Envelope => ({ id, version: 1, createdAt: sampleTime, updatedAt: sampleTime })

export const sampleReview = (n = 1, changes: Partial<Review> = {}): Review => ({
  ...envelope(sampleId('review', n)),
  title: `Reseña ${n}: una cámara para viajar — São Paulo, Ñuñoa, 東京 📷`,
  slug: `resena-${n}`,
  summary: 'Ligera, rápida y con una batería que dura un día entero.',
  body: `## Primeras impresiones\n\nLa cámara número ${n} se siente sólida. Prueba “en la calle”, con lluvia.\n\n${'El enfoque acierta casi siempre. '.repeat(40)}`,
  verdict: 'Recomendada para quien viaja con poco.',
  pros: ['Peso', 'Enfoque'],
  cons: ['Pantalla fija'],
  images: [`https://images.example.org/${n}.jpg`],
  language: 'es',
  tags: ['viaje', 'mirrorless'],
  cameraId: sampleId('camera', n),
  lensId: null,
  editorId: sampleId('editor', 1),
  status: 'draft',
  publishAt: null,
  publishedAt: null,
  formerSlugs: [],
  ...changes,
})

export const sampleCamera = (n = 1, changes: Partial<Camera> = {}): Camera => ({
  ...envelope(sampleId('camera', n)),
  brand: 'Canon',
  model: `EOS R${n}`,
  slug: `canon-eos-r${n}`,
  mount: 'Canon RF',
  type: 'mirrorless',
  sensor: { format: 'full-frame', widthMm: 36, heightMm: 24, megapixels: 45 },
  releasedOn: '2020-07-30',
  launchPriceUsd: 3899,
  weightGrams: 738,
  features: {
    widthMm: 138.5,
    heightMm: 97.5,
    depthMm: 88,
    stabilisationStops: 8,
    burstFps: 20,
    isoMin: 100,
    isoMax: 51200,
    videoLines: 4320,
    videoFps: 30,
    viewfinder: 'electronic',
    viewfinderKilodots: 5760,
    screenInches: 3.2,
    screen: 'fully-articulated',
    weatherSealed: true,
    cardSlots: 2,
    batteryShots: 320,
  },
  attribution: null,
  ...changes,
})

export const sampleLens = (n = 1, changes: Partial<Lens> = {}): Lens => ({
  ...envelope(sampleId('lens', n)),
  brand: 'Sigma',
  model: `${n + 10}-70mm F2.8 DG DN`,
  slug: `sigma-${n + 10}-70mm-f2-8`,
  mount: 'Sony E',
  coverage: 'full-frame',
  focalMinMm: n + 10,
  focalMaxMm: n + 70,
  apertureWide: 2.8,
  apertureTele: 2.8,
  apertureMin: 22,
  elements: 16,
  groups: 12,
  blades: 11,
  closestFocusMm: 190,
  magnification: 0.34,
  filterMm: 67,
  stabilised: false,
  weatherSealed: true,
  autofocus: true,
  diameterMm: 72.2,
  lengthMm: 101.5,
  weightGrams: 470,
  releasedOn: '2021-03',
  launchPriceUsd: 799,
  attribution: null,
  ...changes,
})

export const sampleEditor = (n = 1, changes: Partial<Editor> = {}): Editor => ({
  ...envelope(sampleId('editor', n)),
  byline: `Inés Müller ${n}`,
  slug: `ines-muller-${n}`,
  ...changes,
})

export const sampleAccount = (n = 1, changes: Partial<Account> = {}): Account => ({
  ...envelope(sampleId('account', n)),
  name: `Inés Müller ${n}`,
  email: `ines${n}@example.org`,
  roles: ['customer', 'editor'],
  disabled: false,
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  bylinePending: false,
  credentials: 1,
  ...changes,
})

export const sampleSession = (n = 1, changes: Partial<Session> = {}): Session => ({
  ...envelope(sampleId('session', n)),
  accountId: sampleId('account', 1),
  credentials: 1,
  refreshHash: n.toString(16).padStart(64, '0'),
  spentHashes: [],
  userAgent: 'Firefox on Linux',
  lastUsedAt: sampleTime,
  expiresAt: '2026-12-21T10:00:00.000Z',
  ...changes,
})

export const sampleCategory = (n = 1, changes: Partial<Category> = {}): Category => ({
  ...envelope(sampleId('session', n)),
  name: 'Cameras',
  slug: 'cameras',
  image: null,
  ...changes,
})

export const sampleProduct = (n = 1, changes: Partial<Product> = {}): Product => ({
  ...envelope(sampleId('session', n)),
  name: 'A camera',
  slug: 'a-camera',
  description: 'New.',
  images: [],
  priceMinor: 129_950,
  currency: 'USD',
  categoryId: sampleId('session', 1),
  cameraId: sampleId('camera', 1),
  lensId: null,
  ...changes,
})
