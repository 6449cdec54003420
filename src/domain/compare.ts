// Cameras side by side: one matrix of facts with their units, what differs, which is best where more or less is better, and why.
import type { Camera } from './camera.ts'

export type Cell = string | number | boolean | null

export interface ComparedRow {
  key: string
  label: string
  unit: string | null
  /** In the order of the cameras. Null: not known. */
  values: Cell[]
  /** Which are not known. */
  missing: number[]
  /** Two known values are not the same. */
  differs: boolean
  better: 'higher' | 'lower' | null
  /** Which have the best value: none unless they differ. */
  best: number[]
  /** A sentence for the reader, where there is something to say. */
  why: string | null
}

export interface ComparedGroup {
  key: string
  label: string
  rows: ComparedRow[]
}

interface Fact {
  key: string
  label: string
  unit?: string
  better?: 'higher' | 'lower'
  value: (camera: Camera) => Cell
  /** What the best one does: `weighs least`. Follows its name. */
  says?: string
  /** A value in words, where number and unit are not enough. */
  shown?: (value: Cell) => string
}

/** At least two cameras; `names` are what the sentences call them. */
export function compareCameras(cameras: readonly Camera[], names: readonly string[]): ComparedGroup[] {
  return groups.map(({ key, label, facts }) => ({ key, label, rows: facts.map((fact) => compareFact(fact, cameras, names)) }))
}

function compareFact(fact: Fact, cameras: readonly Camera[], names: readonly string[]): ComparedRow {
  const { key, label, unit = null, better = null } = fact
  const values = cameras.map(fact.value)
  const known = values.filter((value) => value !== null)
  const differs = new Set(known).size > 1
  const scores = values.map((value) => (value === null ? null : Number(value) * (better === 'lower' ? -1 : 1)))
  const top = Math.max(...scores.filter((score) => score !== null))
  const best = better !== null && differs ? scores.flatMap((score, n) => (score === top ? [n] : [])) : []
  const row = { key, label, unit, values, missing: values.flatMap((value, n) => (value === null ? [n] : [])), differs, better, best }
  return { ...row, why: whyOf(row, fact, names) }
}

function whyOf({ values, best }: Omit<ComparedRow, 'why'>, fact: Fact, names: readonly string[]): string | null {
  const first = best[0]
  if (fact.says === undefined || first === undefined) return null
  const rest = values.flatMap((value, n) => (value === null || best.includes(n) ? [] : [{ value, name: names[n] ?? '' }]))
  const winners = listed(best.map((n) => names[n] ?? ''))
  const shown = (value: Cell) => fact.shown?.(value) ?? `${String(value)}${fact.unit === undefined ? '' : ` ${fact.unit}`}`
  const says = best.length > 1 ? plural(fact.says) : fact.says
  if (typeof values[first] === 'boolean')
    return `${winners} ${says}; ${listed(rest.map(({ name }) => name))} ${rest.length > 1 ? 'do' : 'does'} not.`
  const others = rest.map(({ value, name }) => `${shown(value)} (${name})`)
  return `${winners} ${says}: ${shown(values[first] ?? null)} against ${listed(others)}.`
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

const plural = (says: string): string => says.replace(/^\w+/, (verb) => (verb === 'has' ? 'have' : verb.replace(/s$/, '')))

const words = (value: Cell): Cell => (typeof value === 'string' ? value.replaceAll('-', ' ') : value)
const hundredths = (value: number): number => Math.round(value * 100) / 100

const area = ({ sensor: { widthMm, heightMm } }: Camera): Cell =>
  widthMm === null || heightMm === null ? null : Math.round(widthMm * heightMm)

function pitch({ sensor: { widthMm, heightMm, megapixels } }: Camera): Cell {
  return widthMm === null || heightMm === null || megapixels === null ? null : hundredths(Math.sqrt((widthMm * heightMm) / megapixels))
}

const groups: { key: string; label: string; facts: Fact[] }[] = [
  {
    key: 'general',
    label: 'In general',
    facts: [
      { key: 'brand', label: 'Brand', value: (camera) => camera.brand },
      { key: 'type', label: 'Type', value: (camera) => words(camera.type) },
      { key: 'mount', label: 'Lens mount', value: (camera) => camera.mount ?? 'fixed lens' },
      { key: 'releasedOn', label: 'Released', value: (camera) => camera.releasedOn },
      {
        key: 'launchPriceUsd',
        label: 'Price at launch',
        unit: 'USD',
        better: 'lower',
        says: 'cost least at launch',
        value: (camera) => camera.launchPriceUsd,
        shown: (value) => `$${Number(value).toLocaleString('en-US')}`,
      },
    ],
  },
  {
    key: 'sensor',
    label: 'Sensor',
    facts: [
      { key: 'format', label: 'Format', value: (camera) => words(camera.sensor.format) },
      { key: 'widthMm', label: 'Width', unit: 'mm', value: (camera) => camera.sensor.widthMm },
      { key: 'heightMm', label: 'Height', unit: 'mm', value: (camera) => camera.sensor.heightMm },
      { key: 'areaMm2', label: 'Area', unit: 'mm²', better: 'higher', says: 'gathers light on the largest sensor', value: area },
      {
        key: 'megapixels',
        label: 'Resolution',
        unit: 'MP',
        better: 'higher',
        says: 'resolves most',
        value: (camera) => camera.sensor.megapixels,
      },
      { key: 'pixelPitchUm', label: 'Pixel pitch', unit: 'µm', value: pitch },
      { key: 'isoMin', label: 'Lowest ISO', better: 'lower', says: 'starts at the lowest ISO', value: (camera) => camera.features.isoMin },
      {
        key: 'isoMax',
        label: 'Highest ISO',
        better: 'higher',
        says: 'climbs to the highest ISO',
        value: (camera) => camera.features.isoMax,
      },
    ],
  },
  {
    key: 'body',
    label: 'Body',
    facts: [
      { key: 'weightGrams', label: 'Weight', unit: 'g', better: 'lower', says: 'weighs least', value: (camera) => camera.weightGrams },
      { key: 'bodyWidthMm', label: 'Width', unit: 'mm', value: (camera) => camera.features.widthMm },
      { key: 'bodyHeightMm', label: 'Height', unit: 'mm', value: (camera) => camera.features.heightMm },
      { key: 'bodyDepthMm', label: 'Depth', unit: 'mm', value: (camera) => camera.features.depthMm },
      {
        key: 'weatherSealed',
        label: 'Weather sealing',
        better: 'higher',
        says: 'keeps rain and dust out',
        value: (camera) => camera.features.weatherSealed,
      },
      { key: 'cardSlots', label: 'Card slots', better: 'higher', says: 'takes most cards', value: (camera) => camera.features.cardSlots },
      {
        key: 'batteryShots',
        label: 'Battery life',
        unit: 'shots',
        better: 'higher',
        says: 'lasts longest on one charge',
        value: (camera) => camera.features.batteryShots,
      },
    ],
  },
  {
    key: 'shooting',
    label: 'Shooting',
    facts: [
      {
        key: 'stabilisationStops',
        label: 'In-body stabilisation',
        unit: 'stops',
        better: 'higher',
        says: 'holds steadiest',
        value: (camera) => camera.features.stabilisationStops,
        shown: (value) => (value === 0 ? 'none' : `${String(value)} stops`),
      },
      {
        key: 'burstFps',
        label: 'Continuous shooting',
        unit: 'fps',
        better: 'higher',
        says: 'shoots fastest',
        value: (camera) => camera.features.burstFps,
      },
    ],
  },
  {
    key: 'video',
    label: 'Video',
    facts: [
      {
        key: 'videoLines',
        label: 'Resolution',
        unit: 'lines',
        better: 'higher',
        says: 'films with most lines',
        value: (camera) => camera.features.videoLines,
        shown: (value) => (value === 0 ? 'no video' : `${String(value)}p`),
      },
      {
        key: 'videoFps',
        label: 'Frame rate in that mode',
        unit: 'fps',
        better: 'higher',
        says: 'films most frames',
        value: (camera) => camera.features.videoFps,
      },
    ],
  },
  {
    key: 'viewing',
    label: 'Viewing',
    facts: [
      { key: 'viewfinder', label: 'Viewfinder', value: (camera) => camera.features.viewfinder },
      {
        key: 'viewfinderKilodots',
        label: 'Viewfinder resolution',
        unit: 'thousand dots',
        better: 'higher',
        says: 'has the finest viewfinder',
        value: (camera) => camera.features.viewfinderKilodots,
      },
      { key: 'screen', label: 'Screen', value: (camera) => words(camera.features.screen) },
      {
        key: 'screenInches',
        label: 'Screen size',
        unit: 'in',
        better: 'higher',
        says: 'has the largest screen',
        value: (camera) => camera.features.screenInches,
      },
    ],
  },
]
