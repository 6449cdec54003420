// A second place in a bucket of an object store: each batch of entries is an object of its own beside a base.
//
// An object stands there whole or not at all, so nothing is torn. A base is one when its manifest is there, which comes last, and its
// data: another process may have taken the data for something left over.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Backup, Base, Ship, Shipped } from '../../ports/ship.ts'
import { inOrder } from './in-order.ts'
import { makingName, removeAbandoned } from './making.ts'
import { baseName, chanceOf, isBase, isEpoch, segmentName, segmentOf } from './names.ts'
import type { Found, Objects } from './objects.ts'
import { ObjectError } from './s3.ts'
import { encode } from './segment.ts'

export interface BucketPlace {
  objects: Objects
  /** For messages. */
  place: string
  /** Of all keys; empty, or with a slash at its end. */
  prefix: string
}

export interface ShipBucketOptions extends BucketPlace {
  epoch: string
  /** A folder for a copy of the master on its way to the bucket. */
  scratch: string
  clock: Clock
  random: RandomBytes
}

/** Of an upload that has not ended by then nobody is at work any more. */
const uploadMostMs = 24 * 3_600_000
/** Whoever waits for an acknowledgement waits for this. */
const appendTryMs = 3_000

export function openShipBucket({ objects, place, prefix, epoch, scratch, clock, random }: ShipBucketOptions): Ship {
  const folder = `${prefix}${epoch}/`

  async function upload(copy: string, base: string): Promise<void> {
    await objects.removeUploads(folder, clock.now() - uploadMostMs)
    for (const name of await readdir(copy)) if (name !== manifest) await objects.putFile(`${folder}${base}/${name}`, join(copy, name))
    await objects.putFile(`${folder}${base}/${manifest}`, join(copy, manifest))
  }

  /** Nothing newer is touched: another process may be about to make it a base, or have taken away entries that it holds. */
  async function prune(kept: string, number: number): Promise<void> {
    const found = await objects.list(folder)
    if (!basesIn(found, folder).includes(kept)) throw new Error('The data of the base was taken away by another process.')
    const old = found.filter(({ key }) => {
      const [name = '', file] = key.slice(folder.length).split('/')
      return file === undefined ? (segmentOf(name)?.last ?? Infinity) <= number : isBase(name) && name < kept
    })
    // What makes them bases first, so that none is one without its data.
    await objects.remove(old.map(({ key }) => key).filter((key) => key.endsWith(`/${manifest}`)))
    await objects.remove(old.map(({ key }) => key).filter((key) => !key.endsWith(`/${manifest}`)))
  }

  return {
    place,
    async append(entries) {
      const [first, last] = [entries[0], entries.at(-1)]
      if (first === undefined || last === undefined) return
      const name = segmentName({ first: first.number, last: last.number }, chanceOf(random))
      await told(() => objects.put(`${folder}${name}`, Buffer.concat(entries.map(encode)), appendTryMs))
    },
    async keepBase(copy) {
      const fresh = join(scratch, makingName(chanceOf(random)))
      try {
        await mkdir(scratch, { recursive: true, mode: 0o700 })
        await removeAbandoned(scratch)
        const { number } = await copy(fresh)
        const kept = baseName(number, chanceOf(random))
        return await told(async () => {
          await upload(fresh, kept)
          await prune(kept, number)
          return baseIn(objects, `${folder}${kept}/`)
        })
      } finally {
        await rm(fresh, { recursive: true, force: true })
      }
    },
    base: () =>
      told(async () => {
        const newest = basesIn(await objects.list(`${folder}base-`), folder).at(-1)
        return newest === undefined ? null : baseIn(objects, `${folder}${newest}/`)
      }),
    entries: () =>
      told(async () => {
        const segments = segmentsIn(await objects.list(folder), folder)
        return {
          last: segments.reduce((most, { last }) => Math.max(most, last), 0),
          bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
        }
      }),
    async close() {},
  }
}

/** Objects are small and far away. */
const readAhead = 16

/** The epochs that a bucket holds, oldest first. */
export function openShippedBucket({ objects, place, prefix }: BucketPlace): Promise<Shipped[]> {
  return told(async () => {
    const shipped: Shipped[] = []
    for (const epoch of (await objects.folders(prefix)).filter(isEpoch).toSorted()) {
      const folder = `${prefix}${epoch}/`
      const found = await objects.list(folder)
      const base = basesIn(found, folder).at(-1)
      const segments = segmentsIn(found, folder).map(({ key, ...name }) => ({ ...name, read: () => told(() => objects.get(key)) }))
      shipped.push({
        epoch,
        base: base === undefined ? null : backupIn(objects, `${place}/${epoch}/${base}`, `${folder}${base}/`),
        entries: (after) =>
          inOrder(
            segments.filter(({ last }) => last > after),
            after,
            readAhead,
          ),
      })
    }
    return shipped
  })
}

const backupIn = (objects: Objects, place: string, folder: string): Backup => ({
  place,
  fetch: (name, path) => told(() => objects.getFile(`${folder}${name}`, path)),
})

const manifest = 'manifest.json'

/** Whole ones, oldest first. */
function basesIn(found: readonly Found[], folder: string): string[] {
  const keys = new Set(found.map(({ key }) => key.slice(folder.length)))
  const names = new Set([...keys].map((key) => key.split('/')[0] ?? '').filter(isBase))
  return [...names].filter((name) => keys.has(`${name}/${manifest}`) && keys.has(`${name}/data.mdb`)).toSorted()
}

const segmentsIn = (found: readonly Found[], folder: string) =>
  found.flatMap(({ key, bytes }) => {
    const name = segmentOf(key.slice(folder.length))
    return name?.last ? [{ key, bytes, first: name.first, last: name.last }] : []
  })

async function baseIn(objects: Objects, folder: string): Promise<Base> {
  const { number, at, files } = JSON.parse((await objects.get(`${folder}${manifest}`)).toString())
  return { number, at, bytes: files.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0) }
}

/** What the store said, as refusals. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    if (cause instanceof ObjectError && cause.status === 507)
      throw new Refusal('full', 'There is no room left in the second place.', { code: 'ship-full', cause })
    throw new Refusal('unavailable', 'The second place cannot be reached at the moment.', { code: 'ship-failed', retryAfterS: 1, cause })
  }
}
