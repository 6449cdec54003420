// A second place in a bucket of an object store: each batch of entries is an object of its own beside a base.
//
// An object stands there whole or not at all, so nothing is torn. A base is one when its manifest is there, which comes last, and its
// data: another process may have taken the data for something left over.
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Backup, Base, Ship, Shipped } from '../../ports/ship.ts'
import { inOrder, pruned } from './in-order.ts'
import { type BaseName, baseName, basesOf, chanceOf, isEpoch, makingName, segmentName, segmentOf } from './names.ts'
import { type Objects, openObjects, type Stored } from './objects.ts'
import { type Ask, ObjectError } from './s3.ts'
import { encode } from './segment.ts'

export interface BucketPlace {
  ask: Ask
  /** For messages, and to tell it from others. */
  place: string
  /** Of all keys; empty, or with a slash at its end. */
  prefix: string
  /** Of files that are sent and fetched in parts. */
  partBytes?: number
}

export interface ShipBucketOptions extends BucketPlace {
  epoch: string
  /** A folder for a copy of the master on its way to the bucket, and for nothing else. */
  scratch: string
  clock: Clock
  random: RandomBytes
}

/** Of an upload that has not ended by then nobody is at work any more. */
const uploadMostMs = 24 * 3_600_000
/** Whoever waits for an acknowledgement waits for this, and longer for what is large: 8 MiB have the time of any request. */
const appendTryMs = (bytes: number): number => Math.min(20_000, 3_000 + bytes / 500)
/** What is left for the master beside the copy. */
const reserveBytes = 256 * 1024 * 1024

export function openShipBucket({ ask, place, prefix, partBytes, epoch, scratch, clock, random }: ShipBucketOptions): Ship {
  const folder = `${prefix}${epoch}/`
  const closing = new AbortController()
  const objects = openObjects((asked, asking) => ask(asked, { ...asking, signal: closing.signal }), partBytes)

  async function upload(copy: string, base: string): Promise<void> {
    await objects.removeUploads(folder, clock.now() - uploadMostMs)
    for (const name of await readdir(copy)) if (name !== manifest) await objects.putFile(`${folder}${base}/${name}`, join(copy, name))
    await objects.putFile(`${folder}${base}/${manifest}`, join(copy, manifest))
    if (basesIn(await objects.list(`${folder}${base}/`), folder).length === 0)
      throw new Error('what was put is not listed: another process took it away, or the store lists late')
  }

  async function newestIn(found: readonly Stored[]): Promise<Base | null> {
    const newest = basesIn(found, folder).at(-1)
    return newest === undefined ? null : baseIn(objects, `${folder}${newest.name}/`)
  }

  return {
    place,
    async append(entries) {
      const [first, last] = [entries[0], entries.at(-1)]
      if (first === undefined || last === undefined) return
      const name = segmentName({ first: first.number, last: last.number }, chanceOf(random))
      const bytes = Buffer.concat(entries.map(encode))
      await told(() => objects.put(`${folder}${name}`, bytes, appendTryMs(bytes.length)))
    },

    async keepBase({ copy, bytes, isAlone }) {
      const fresh = join(scratch, makingName(chanceOf(random)))
      try {
        if (isAlone) await rm(scratch, { recursive: true, force: true })
        await mkdir(scratch, { recursive: true, mode: 0o700 })
        await refuseCrowded(scratch, bytes)
        const kept = baseName(await copy(fresh), chanceOf(random))
        return await told(async () => {
          await upload(fresh, kept)
          return baseIn(objects, `${folder}${kept}/`)
        })
      } finally {
        await rm(fresh, { recursive: true, force: true })
      }
    },

    /** Nothing newer is touched: another process may be about to make it a base. */
    prune: () =>
      told(async () => {
        const found = await objects.list(folder)
        const newest = basesIn(found, folder).at(-1)
        if (newest === undefined) return
        const names = found.map(({ key }) => key.slice(folder.length).split('/')[0] ?? '')
        const bases = basesOf([...new Set(names)]).map(({ name }) => name)
        const older = new Set(bases.slice(0, bases.indexOf(newest.name)))
        const old = found.filter((_, n) => older.has(names[n] ?? '') || (segmentOf(names[n] ?? '')?.last ?? Infinity) <= newest.number)
        // What makes them bases first, so that none is one without its data.
        const isManifest = ({ key }: Stored) => key.endsWith(`/${manifest}`)
        await objects.remove(old.filter(isManifest))
        await objects.remove(old.filter((one) => !isManifest(one)))
      }),

    base: () => told(async () => newestIn(await objects.list(`${folder}base-`))),
    look: () =>
      told(async () => {
        const found = await objects.list(folder)
        const base = await newestIn(found)
        let [dense, newest, size] = [base?.number ?? 0, 0, 0]
        for (const { first, last, bytes } of segmentsIn(found, folder).toSorted((a, b) => a.first - b.first)) {
          if (first <= dense + 1) dense = Math.max(dense, last)
          newest = Math.max(newest, last)
          size += bytes
        }
        return { base, dense, last: newest, bytes: size }
      }),
    async close() {
      closing.abort()
    },
  }
}

/** The epochs that a bucket holds, oldest first. */
export function openShippedBucket({ ask, place, prefix, partBytes }: BucketPlace): Promise<Shipped[]> {
  const objects = openObjects(ask, partBytes)
  return told(async () => {
    const shipped: Shipped[] = []
    for (const epoch of (await objects.folders(prefix)).filter(isEpoch).toSorted()) {
      const folder = `${prefix}${epoch}/`
      const found = await objects.list(folder)
      const base = basesIn(found, folder).at(-1)
      const segments = segmentsIn(found, folder).map((one) => ({ ...one, read: () => told(() => still(objects.get(one.key))) }))
      shipped.push({
        epoch,
        base: base === undefined ? null : shippedBase(objects, `${place}/${epoch}/${base.name}`, `${folder}${base.name}/`),
        hasEntries: segments.length > 0,
        entries: (after) => {
          const wanted = segments.filter(({ last }) => last > after)
          return inOrder(wanted, after)
        },
      })
    }
    return shipped
  })
}

/** A backup, or a base, whose files have keys that begin with this prefix. */
export const backupInBucket = ({ ask, place, prefix, partBytes }: BucketPlace): Backup =>
  backupOf(openObjects(ask, partBytes), place, prefix)

const backupOf = (objects: Objects, place: string, folder: string): Backup => ({
  place,
  copyOut: (name, path) => told(() => objects.getFile(`${folder}${name}`, path)),
})

function shippedBase(objects: Objects, place: string, folder: string): Backup {
  const { copyOut } = backupOf(objects, place, folder)
  return { place, copyOut: (name, path) => told(() => still(copyOut(name, path))) }
}

/** What stood in a list a moment ago. */
const still = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((cause: unknown) => {
    const isGone = cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'NoSuchKey')
    throw isGone ? pruned(cause) : cause
  })

const manifest = 'manifest.json'

/** Whole ones, oldest first. */
function basesIn(found: readonly Stored[], folder: string): BaseName[] {
  const keys = new Set(found.map(({ key }) => key.slice(folder.length)))
  const names = [...new Set([...keys].map((key) => key.split('/')[0] ?? ''))]
  return basesOf(names).filter(({ name }) => keys.has(`${name}/${manifest}`) && keys.has(`${name}/data.mdb`))
}

const segmentsIn = (found: readonly Stored[], folder: string) =>
  found.flatMap(({ key, bytes }) => {
    const name = segmentOf(key.slice(folder.length))
    return name?.last ? [{ key, bytes, first: name.first, last: name.last }] : []
  })

async function baseIn(objects: Objects, folder: string): Promise<Base> {
  const { number, at, files } = JSON.parse((await objects.get(`${folder}${manifest}`)).toString())
  return { number, at, bytes: files.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0) }
}

/** Where the copy lies the master lies too, and must not be left without room. */
async function refuseCrowded(scratch: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(scratch)
  if (bavail * bsize >= bytes + reserveBytes) return
  const mib = Math.ceil((bytes + reserveBytes) / 1024 / 1024)
  throw new Refusal('full', `A copy of the master on its way to the second place needs ${mib} MiB in ${scratch}.`, { code: 'ship-crowded' })
}

const noRoom = new Set(['QuotaExceeded', 'XMinioStorageFull'])

/** What the store said, as refusals. That a file is not there is an answer. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof Refusal || (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
    if (cause instanceof ObjectError && (cause.status === 507 || noRoom.has(cause.code)))
      throw new Refusal('full', 'There is no room left in the second place.', { code: 'ship-full', cause })
    const why = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    throw new Refusal('unavailable', `The second place cannot be reached: ${why}.`, { code: 'ship-failed', retryAfterS: 1, cause })
  }
}
