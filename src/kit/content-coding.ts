// Content codings: which one a client gets, and bodies in it.
import zlib from 'node:zlib'

export type Coding = 'identity' | 'gzip' | 'br' | 'zstd'

type Compress = (bytes: Uint8Array) => Uint8Array

// Node has zstd from 22.15 on.
const zstd: { zstdCompressSync?: Compress } = zlib

/** Smallest first. Level 5 of Brotli makes 6 kB of JSON in 0.3 ms, a tenth larger than level 11 does in 8. */
const compressors: readonly (readonly [Exclude<Coding, 'identity'>, Compress])[] = [
  [
    'br',
    (bytes) =>
      zlib.brotliCompressSync(bytes, {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
  ],
  ...(zstd.zstdCompressSync ? [['zstd', zstd.zstdCompressSync] as const] : []),
  ['gzip', (bytes) => zlib.gzipSync(bytes, { level: 6 })],
]

export function encode(bytes: Uint8Array, coding: Exclude<Coding, 'identity'>): Uint8Array<ArrayBuffer> {
  const compress = compressors.find(([name]) => name === coding)?.[1]
  if (compress === undefined) throw new Error(`no such coding here: ${coding}`)
  return new Uint8Array(compress(bytes))
}

/**
 * The coding that Accept-Encoding (RFC 9110, 12.5.3) likes best, the smallest among equals. Identity where nothing fits, also
 * when it is refused: an answer that may not be understood is better than none.
 */
export function preferredCoding(header: string | null): Coding {
  if (header === null) return 'identity'
  const known = preferences.get(header)
  if (known !== undefined) return known
  const chosen = negotiate(header)
  if (preferences.size >= preferencesMax) preferences.clear()
  preferences.set(header, chosen)
  return chosen
}

// Browsers send a handful of values. A bound, since anybody may send others.
const preferences = new Map<string, Coding>()
const preferencesMax = 500

function negotiate(header: string): Coding {
  const weights = new Map<string, number>()
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, Number.isFinite(weight) ? weight : 0)
  }
  const any = weights.get('*')
  let best: Coding = 'identity'
  let bestWeight = weights.get('identity') ?? 0
  for (const [name] of compressors) {
    const weight = weights.get(name) ?? any ?? 0
    if (weight > 0 && (weight > bestWeight || (best === 'identity' && weight >= bestWeight))) {
      best = name
      bestWeight = weight
    }
  }
  return best
}
