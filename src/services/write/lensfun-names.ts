// Names as lensfun gives them, made ours: one maker under one brand, models without the brand before them, and a key by which the
// same thing is known again however it is spelt.

/** As a thing is named in the database: by the maker's own files, and in English where that differs. */
export interface LensfunName {
  maker: string
  model: string
}

const brands = [
  ...['Canon', 'Nikon', 'Sony', 'Panasonic', 'Sigma', 'Fujifilm', 'Pentax', 'Olympus', 'Tamron', 'Leica', 'Samsung', 'Samyang', 'Tokina'],
  ...[
    'Konica Minolta',
    'Minolta',
    'OM System',
    'Ricoh',
    'Casio',
    'Kodak',
    'Epson',
    'Hasselblad',
    'Mamiya',
    'Voigtländer',
    'Zeiss',
    'GoPro',
    'DJI',
  ],
]
const otherwise: Readonly<Record<string, string>> = {
  'carl zeiss': 'Zeiss',
  'eastman kodak': 'Kodak',
  'seiko epson': 'Epson',
  'asahi optical': 'Pentax',
  'om digital solutions': 'OM System',
  venus: 'Laowa',
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()

/** `Olympus Imaging Corp.` is Olympus; what is not known stays as it is. */
export function brandOf(maker: string): string {
  const lower = plain(maker)
  const alias = Object.entries(otherwise).find(([start]) => lower.startsWith(start))
  return alias?.[1] ?? brands.find((brand) => lower === plain(brand) || lower.startsWith(`${plain(brand)} `)) ?? maker.trim()
}

/** Without the brand before it, and without what catalogues add behind. */
export function modelOf({ maker, model }: LensfunName): string {
  const [name = ''] = model.split(' | ')
  let rest = name.replace(/\((?:[A-Z0-9]{1,40}|\d{1,9}:\d{1,9})\)$/, '').trim()
  for (const before of [maker, brandOf(maker), 'Carl Zeiss'])
    if (rest.length > before.length && plain(rest).startsWith(`${plain(before)} `)) rest = rest.slice(before.length).trim()
  return rest
}

/** Words of a maker that some say and others leave out, of what is one thing. */
const silent: Readonly<Record<string, RegExp>> = {
  Olympus: /\bdigital\b/g,
  Panasonic: /\basph\b|\bpower o\.?i\.?s\b/g,
  Sigma: /\b(?:art|contemporary|sports?)\b|\b[acs]$/g,
  Sony: /\b(?:(?:vario-)?(?:sonnar|tessar)|distagon|planar) t\*/g,
}

/**
 * Equal for `EF 24-70mm f/4.0L` and `EF24-70mm F4 L`, `Alpha 7 II` and `a7 II`, `DMC-GH4` and `Lumix GH4`, `E-M1MarkII` and
 * `OM-D E-M1 Mark II`, `35mm f/1.4 DG` and `35mm F1.4 DG Art`. Names of another region (`EOS Kiss M`, the `EOS M50`) are another's.
 */
export function keyOf(brand: string, model: string): string {
  const words = plain(model)
    .trim()
    .replace(/\b(?:lumix|om-d|dmc|dc)\b/g, ' ')
    .replace(/\balpha\b/g, 'a')
    .replace(/\bmark\b|mark(?=[ivx]+\b)|\bmk(?=\b|i)/g, ' ')
    .replace(/(\d)\.0(?!\d)/g, '$1')
    .replace(silent[brand] ?? /^$/, ' ')
  return `${plain(brand)}: ${(words.match(/[a-z]+|\d+/g) ?? []).toSorted().join(' ')}`
}
