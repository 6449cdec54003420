// What may be said of a camera or a lens by the little that lensfun knows: only what is certain; null is unknown.
import type { CameraFields } from '../../domain/camera.ts'
import type { LensFields } from '../../domain/lens.ts'

type Coverage = LensFields['coverage']
type SensorFormat = CameraFields['sensor']['format']

interface Mount {
  name: string
  /** Every lens made for it covers this. */
  coverage?: Coverage
}

const pentaxK: Mount = { name: 'Pentax K' }
const mounts: Readonly<Record<string, Mount>> = {
  'Canon EF': { name: 'Canon EF' },
  'Canon EF-S': { name: 'Canon EF', coverage: 'aps-c' },
  'Canon EF-M': { name: 'Canon EF-M', coverage: 'aps-c' },
  'Canon RF': { name: 'Canon RF' },
  'Canon FD': { name: 'Canon FD', coverage: 'full-frame' },
  'Canon FL': { name: 'Canon FL', coverage: 'full-frame' },
  'Nikon F': { name: 'Nikon F', coverage: 'full-frame' },
  'Nikon F AI': { name: 'Nikon F', coverage: 'full-frame' },
  'Nikon F AI-S': { name: 'Nikon F', coverage: 'full-frame' },
  'Nikon F AF': { name: 'Nikon F' },
  'Nikon Z': { name: 'Nikon Z' },
  'Nikon CX': { name: 'Nikon 1', coverage: '1-inch' },
  'Sony E': { name: 'Sony E' },
  'Sony Alpha': { name: 'Sony A' },
  'Minolta AF': { name: 'Sony A' },
  'Micro 4/3 System': { name: 'Micro Four Thirds', coverage: 'four-thirds' },
  '4/3 System': { name: 'Four Thirds', coverage: 'four-thirds' },
  'Pentax K': pentaxK,
  'Pentax KA': pentaxK,
  'Pentax KAF': pentaxK,
  'Pentax KAF2': pentaxK,
  'Pentax KAF3': pentaxK,
  'Pentax KAF4': pentaxK,
  'Pentax Q': { name: 'Pentax Q' },
  'Fujifilm X': { name: 'Fujifilm X', coverage: 'aps-c' },
  'Fujifilm G': { name: 'Fujifilm G', coverage: 'medium-format' },
  'Leica L': { name: 'L-Mount' },
  'Leica M': { name: 'Leica M', coverage: 'full-frame' },
  'Samsung NX': { name: 'Samsung NX', coverage: 'aps-c' },
  'Samsung NX mini': { name: 'Samsung NX mini', coverage: '1-inch' },
  'Sigma SA': { name: 'Sigma SA' },
  M42: { name: 'M42', coverage: 'full-frame' },
  'Contax/Yashica': { name: 'Contax/Yashica', coverage: 'full-frame' },
  'Mamiya 645': { name: 'Mamiya 645', coverage: 'medium-format' },
}

/** Our name of a mount. Null for what is not one: a fixed lens is entered as a mount of its own, whose name begins small. */
export const mountOf = (mount: string): string | null => mounts[mount]?.name ?? null

/** The classes into which the database itself is divided, by file. Where it mixes film, telephones and others, none is said. */
export function typeOf(file: string): CameraFields['type'] | null {
  if (file === 'slr-ussr.xml') return null // mostly film
  const types = {
    slr: 'dslr',
    mil: 'mirrorless',
    compact: 'compact',
    rf: 'rangefinder',
    actioncams: 'action',
    '6x6': 'medium-format',
  } as const
  const [start = ''] = file.replace(/\.xml$/, '').split('-')
  return start in types ? types[start as keyof typeof types] : null
}

/** Where a crop factor belongs to one format alone; all else is `other`. */
export function formatOf(crop: number): SensorFormat {
  const ranges: [number, number, SensorFormat][] = [
    [0.4, 0.85, 'medium-format'],
    [0.97, 1.03, 'full-frame'],
    [1.25, 1.34, 'aps-h'],
    [1.5, 1.63, 'aps-c'],
    [1.98, 2.02, 'four-thirds'],
    [2.66, 2.76, '1-inch'],
    [4.5, 4.7, '1/1.7-inch'],
    [5.53, 5.66, '1/2.3-inch'],
  ]
  return ranges.find(([least, most]) => crop >= least && crop <= most)?.[2] ?? 'other'
}

/**
 * The format that a lens covers: by its makers' marks, by the mount, or because it was measured on so large a sensor. A smaller
 * sensor says nothing: many a lens was measured on less than it covers.
 */
export function coverageOf(lens: { brand: string; model: string; mounts: readonly string[]; crop: number | null }): Coverage | null {
  const { brand, model } = lens
  if (/\b(?:DX|DT|EF-S|EF-M|Di ?II)\b(?!I)/.test(model) || (brand === 'Sigma' && /\bDC\b/.test(model))) return 'aps-c'
  if (brand === 'Pentax' && /\bDA\b/.test(model)) return 'aps-c'
  if (brand === 'Sony' && /^E \d/.test(model)) return 'aps-c'
  if (/\b(?:FE|FA|FX|EF(?!-)|RF(?!-))\b/.test(model) || (brand === 'Sigma' && /\bDG\b/.test(model))) return 'full-frame'
  const ofMounts = new Set(lens.mounts.map((mount) => mounts[mount]?.coverage ?? null))
  const [only = null, another] = ofMounts
  if (only !== null && another === undefined) return only
  if (lens.crop !== null && lens.crop <= 1.03) return lens.crop < 0.9 ? 'medium-format' : 'full-frame'
  const isNikkor = brand === 'Nikon' && lens.mounts.some((mount) => mount === 'Nikon F AF' || mount === 'Nikon Z')
  return isNikkor ? 'full-frame' : null
}

export interface Optics {
  focalMinMm: number
  focalMaxMm: number
  apertureWide: number
  apertureTele: number
}

const number = String.raw`(\d+(?:\.\d+)?)`
const focal = new RegExp(String.raw`(?<![\d.])${number}(?:-${number})? ?mm`, 'i')
const aperture = new RegExp(String.raw`(?:f\/?|1:) ?${number}(?:-${number})?`, 'i')
const russian = new RegExp(String.raw`(?<![\d.])${number}\/(\d{2,4})\b`)

/** From a name such as `70-200mm f/4-5.6`, `XF23mmF1.4`, `1:8 500mm` or `4.5/300`. */
export function opticsOf(model: string): Optics | null {
  const old = russian.exec(model)
  const [, short, long = short] = focal.exec(model) ?? [null, old?.[2]]
  const [, wide, tele = wide] = aperture.exec(model.replace(focal, ' ')) ?? [null, old?.[1]]
  const [focalMinMm, focalMaxMm, apertureWide, apertureTele] = [short, long, wide, tele].map(Number)
  if (!focalMinMm || !focalMaxMm || !apertureWide || !apertureTele) return null
  return focalMinMm <= focalMaxMm ? { focalMinMm, focalMaxMm, apertureWide, apertureTele } : null
}

/** A group of cameras, or a stand-in for film. A compact one that seems to have a sensor of full size is mostly a film camera. */
export const isNoCamera = ({ file, model, crop }: { file: string; model: string; crop: number }): boolean =>
  /& compatibles|\bfilm\b|\bcrop\b/i.test(model) || (file.startsWith('compact') && crop < 1.3)

/** Not a lens alone, or not a lens that can be had alone. */
export const isNoLens = (model: string): boolean =>
  /fixed lens|& compatibles|\+|\b(?:converter|extender|with|teleplus|adapter|booster)\b|^\d+ ?mm$/i.test(model)
