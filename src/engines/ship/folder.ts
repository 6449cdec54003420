// A second place in a folder, of another disk or machine: segments of entries beside a base, one folder an epoch.
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Base, Entry, Ship, Sight } from '../../ports/ship.ts'
import { baseName, basesOf, chanceOf, isMaking, makingName, segmentName, segmentOf } from './names.ts'
import { decode, encode } from './segment.ts'

/** Larger only by what was written last. */
export const segmentMostBytes = 16 * 1024 * 1024

export function openShipFolder(root: string, epoch: string, random: RandomBytes): Ship {
  const folder = join(root, epoch)
  const chance = () => chanceOf(random)
  const standing = openStanding(root, folder)
  const writer = openWriter(folder, standing.demand, chance)

  return {
    place: root,
    append: (entries) => writer.append(entries).catch((cause: unknown) => Promise.reject(failure(cause))),

    async keepBase({ copy, isAlone }) {
      const fresh = join(folder, makingName(chance()))
      try {
        await standing.make()
        if (isAlone)
          for (const name of await readdir(folder)) if (isMaking(name)) await rm(join(folder, name), { recursive: true, force: true })
        const kept = baseName(await copy(fresh), chance())
        await rename(fresh, join(folder, kept))
        await syncFolder(folder)
        return await baseIn(join(folder, kept))
      } catch (cause) {
        await rm(fresh, { recursive: true, force: true }).catch(() => {})
        throw failure(cause)
      }
    },

    async prune() {
      try {
        const names = await readdir(folder)
        const bases = basesOf(names)
        const newest = bases.pop()
        if (newest === undefined) return
        for (const { name } of bases) await rm(join(folder, name), { recursive: true, force: true })
        for (const name of names) if ((segmentOf(name)?.first ?? Infinity) <= newest.number) await remove(folder, name, newest.number)
      } catch (cause) {
        throw failure(cause)
      }
    },

    close: () => writer.leave(),
    async base() {
      try {
        const name = await newestBase(folder)
        if (name !== null) await standing.demand()
        return name === null ? null : await baseIn(join(folder, name))
      } catch (cause) {
        throw failure(cause)
      }
    },

    async look() {
      try {
        const name = await newestBase(folder)
        if (name !== null) await standing.note()
        const base = name === null ? null : await baseIn(join(folder, name))
        return { base, ...(await entriesIn(folder, base?.number ?? 0)) }
      } catch (cause) {
        throw failure(cause)
      }
    },
  }
}

async function entriesIn(folder: string, after: number): Promise<Omit<Sight, 'base'>> {
  const numbers = new Set<number>()
  let [last, bytes, dense] = [0, 0, after]
  for (const name of (await namesIn(folder)).filter((name) => segmentOf(name) !== null)) {
    const file = await readFile(join(folder, name))
    bytes += file.length
    for (const { number } of decode(file)) {
      last = Math.max(last, number)
      if (number > after) numbers.add(number)
    }
  }
  while (numbers.has(dense + 1)) dense += 1
  return { dense, last, bytes }
}

/**
 * The folder as this process has seen it. What was there and is gone is not made anew, and what stands there instead is not written to:
 * where a disk is no longer mounted an empty folder stands in its place.
 */
function openStanding(root: string, folder: string) {
  let seen: string | null = null
  const look = async () => {
    const { dev, ino } = await stat(folder)
    return `${dev} ${ino}`
  }
  const note = async () => {
    seen = await look()
  }
  const demand = async () => {
    const now = await look()
    seen ??= now
    if (seen !== now) throw Object.assign(new Error(`another folder stands at ${folder}`), { code: 'ESTALE' })
  }
  return {
    note,
    demand,
    async make() {
      if (seen !== null) return demand()
      await makeFolder(root, folder)
      await note()
    },
  }
}

interface Growing {
  file: FileHandle
  path: string
  bytes: number
}

/** Writes segments of its own, one after the other. */
function openWriter(folder: string, demand: () => Promise<void>, chance: () => string) {
  let segment: Growing | undefined

  async function begin(first: number): Promise<Growing> {
    await demand()
    const path = join(folder, segmentName({ first, last: null }, chance()))
    const file = await open(path, 'wx', 0o600)
    await syncFolder(folder)
    return { file, path, bytes: 0 }
  }

  async function write(bytes: Buffer, first: number): Promise<Growing> {
    segment ??= await begin(first)
    const { bytesWritten } = await segment.file.write(bytes)
    if (bytesWritten < bytes.length) throw Object.assign(new Error('The file took only a part.'), { code: 'ENOSPC' })
    await segment.file.sync()
    segment.bytes += bytes.length
    return segment
  }

  async function leave(): Promise<void> {
    const left = segment
    segment = undefined
    await left?.file.close().catch(() => {})
    if (left?.bytes === 0) await rm(left.path, { force: true }).catch(() => {})
  }

  return {
    leave,
    async append(entries: readonly Entry[]): Promise<void> {
      const [first] = entries
      if (first === undefined) return
      const bytes = Buffer.concat(entries.map(encode))
      try {
        // Another process may be removing the file, see `remove`: then it has read it before these entries came.
        while (!(await isThere(await write(bytes, first.number)))) await leave()
        if ((segment?.bytes ?? 0) > segmentMostBytes) await leave()
      } catch (cause) {
        await leave() // nobody knows what the file holds now: the next attempt writes to another one
        throw cause
      }
    },
  }
}

export async function newestBase(folder: string): Promise<string | null> {
  return basesOf(await namesIn(folder)).at(-1)?.name ?? null
}

async function baseIn(path: string): Promise<Base> {
  const { number, at, files } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))
  return { number, at, bytes: files.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0) }
}

/**
 * Removes a segment that holds nothing beyond `number`. Its writer may be alive: it appends, syncs, and then looks whether the
 * file still has its name; here the name is taken away first and the file read afterwards, so one of the two sees the other.
 */
async function remove(folder: string, name: string, number: number): Promise<void> {
  const [path, gone] = [join(folder, name), join(folder, name.replace(/ship$/, 'gone'))]
  try {
    await rename(path, gone)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return // another process removes it
    throw cause
  }
  for (const entry of decode(await readFile(gone))) if (entry.number > number) return rename(gone, path)
  await rm(gone, { force: true })
}

async function isThere({ file, path }: Growing): Promise<boolean> {
  const [mine, named] = await Promise.all([file.stat(), stat(path).catch(() => null)])
  return named?.ino === mine.ino
}

export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)))
}

async function makeFolder(root: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  await syncFolder(dirname(made))
  await syncFolder(root)
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

const noRoom = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EFBIG'])

function failure(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (noRoom.has(code)) return new Refusal('full', 'There is no room left in the second place.', { code: 'ship-full', cause })
  if (code === 'ESTALE')
    return new Refusal('unavailable', 'Another folder stands where the second place was.', { code: 'ship-moved', retryAfterS: 1, cause })
  if (code === undefined) throw cause
  return new Refusal('unavailable', 'The second place cannot be written at the moment.', { code: 'ship-failed', retryAfterS: 1, cause })
}
