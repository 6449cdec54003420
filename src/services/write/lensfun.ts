// Cameras and lenses of the lensfun database, where ours has none of that name yet. Nothing that stands is changed or doubled, nothing
// that was deleted comes back, and broken off at any point it goes on from there: ids follow from the names.
//
// The database is CC BY-SA 3.0: it is never part of this repository, and each document that comes from it says so itself.
import { CameraFields } from '../../domain/camera.ts'
import { LensFields } from '../../domain/lens.ts'
import { slugFrom } from '../../domain/slug.ts'
import type { Clock } from '../../kit/clock.ts'
import { steadyId } from '../../kit/id.ts'
import type { Master } from '../../ports/master.ts'
import { bringer, type Item } from './bring.ts'
import { coverageOf, formatOf, isNoCamera, isNoLens, mountOf, opticsOf, typeOf } from './lensfun-facts.ts'
import { brandOf, keyOf, modelOf } from './lensfun-names.ts'

/** An entry of a file, with its English names where it has such. */
export interface LensfunEntry {
  kind: 'camera' | 'lens'
  file: string
  maker: string
  model: string
  mounts: readonly string[]
  crop: number | null
}

export interface LensfunImport {
  master: Master
  clock: Clock
  entries: readonly LensfunEntry[]
  /** Stands in each document that is brought. */
  attribution: string
  signal: AbortSignal
  onProgress: (done: { done: number; of: number }) => void
}

export interface LensfunCounts {
  added: number
  /** Stands already, under this or another spelling, came before in the files, or was deleted here. */
  present: number
  /** Is no camera or lens of its own, or too little is known of it. */
  unusable: number
}

/** Which part of the ids is time. Never to be changed. */
const beginMs = Date.UTC(2026, 0, 2)
const atOnce = 200

/** `finished` is false when the signal came first. */
export async function importLensfun({ master, clock, entries, attribution, signal, onProgress }: LensfunImport) {
  const bring = bringer(master, clock)
  const counts = { camera: none(), lens: none() }
  const plans = { camera: await planned('camera'), lens: await planned('lens') }
  const of = plans.camera.length + plans.lens.length
  let done = 0
  for (const kind of ['camera', 'lens'] as const)
    for (let at = 0; at < plans[kind].length && !signal.aborted; at += atOnce) {
      const { added, present, skipped } = await bring(kind, plans[kind].slice(at, at + atOnce))
      counts[kind].added += added
      counts[kind].present += present + skipped
      done += Math.min(atOnce, plans[kind].length - at)
      onProgress({ done, of })
    }
  return { cameras: counts.camera, lenses: counts.lens, finished: done === of }

  /** What is new, each thing once. */
  async function planned(kind: 'camera' | 'lens'): Promise<Item[]> {
    const { keys: known, slugs } = await standing(master, kind)
    const items: Item[] = []
    for (const entry of entries.filter((one) => one.kind === kind)) {
      const made = kind === 'camera' ? cameraOf(entry, attribution) : lensesOf(entry, attribution)
      if (made.length === 0) counts[kind].unusable += 1
      for (const fields of made) {
        const key = thingKey(fields)
        if (known.has(key)) counts[kind].present += 1
        else items.push(itemOf(kind, fields, slugs))
        known.add(key)
      }
    }
    return items
  }
}

const none = (): LensfunCounts => ({ added: 0, present: 0, unusable: 0 })

type Fields = CameraFields | LensFields

function cameraOf({ file, maker, model, mounts, crop }: LensfunEntry, attribution: string): CameraFields[] {
  const type = typeOf(file)
  if (type === null || crop === null || isNoCamera({ file, model, crop })) return []
  const [mount = ''] = mounts
  const isFixed = /^[a-z]/.test(mount) || type === 'compact' || type === 'action'
  const parsed = CameraFields.safeParse({
    brand: brandOf(maker),
    model: modelOf({ maker, model }),
    mount: mountOf(mount) ?? (isFixed ? null : mount),
    type,
    sensor: { format: formatOf(crop) },
    attribution,
  })
  return parsed.success ? [parsed.data] : []
}

/** One for each mount that it is made for. */
function lensesOf({ maker, model, mounts, crop }: LensfunEntry, attribution: string): LensFields[] {
  const brand = brandOf(maker)
  const name = modelOf({ maker, model })
  const coverage = coverageOf({ brand, model: name, mounts, crop })
  const optics = opticsOf(name)
  if (isNoLens(model) || coverage === null || optics === null) return []
  const named = new Set(mounts.map(mountOf).filter((mount) => mount !== null))
  return [...named].flatMap((mount) => {
    const parsed = LensFields.safeParse({ brand, model: name, mount, coverage, ...optics, attribution })
    return parsed.success ? [parsed.data] : []
  })
}

/** The same model for another mount is another lens, whether its name says so or not; a camera has one mount. */
const thingKey = (thing: Pick<Fields, 'brand' | 'model' | 'mount'>): string =>
  'coverage' in thing
    ? `${keyOf(thing.brand, thing.model.replace(`(${thing.mount})`, ''))} for ${thing.mount}`
    : keyOf(thing.brand, thing.model)

async function standing(master: Master, kind: 'camera' | 'lens'): Promise<{ keys: Set<string>; slugs: Set<string> }> {
  const keys = new Set<string>()
  const slugs = new Set<string>()
  for (let after: string | null | undefined; after !== null; ) {
    const page = await master.list(kind === 'camera' ? 'cameras' : 'lenses', '*', { limit: 200, ...(after !== undefined && { after }) })
    for (const thing of page.documents) {
      keys.add(thingKey(thing))
      slugs.add(thing.slug)
    }
    after = page.next
  }
  return { keys, slugs }
}

function itemOf(kind: 'camera' | 'lens', fields: Fields, taken: Set<string>): Item {
  const name = `${fields.brand} ${fields.model}`
  const free = [slugFrom(name), slugFrom(`${name} for ${fields.mount}`)].find((slug) => !taken.has(slug))
  const id = steadyId(beginMs, `lensfun:${kind}:${thingKey(fields)}`)
  const slug = free ?? `${slugFrom(name)}-${id.slice(-6)}`
  taken.add(slug)
  return { id, slug, document: { ...fields, id, slug } as Item['document'] }
}
