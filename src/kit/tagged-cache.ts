// A cache bounded by bytes whose entries are purged by tag, in the order of a log: what was read before a purge never comes in after it.
import { LRUCache } from 'lru-cache'

export interface LogPosition {
  epoch: string
  seq: number
}

export interface Tagged {
  readonly key: string
  /** When it has come in: each of them once, and the same strings as in other entries. */
  tags: readonly string[]
  /** What the entry shows: read in one snapshot with it. */
  readonly position: LogPosition
  /** In the cache, and nothing that it shows has changed since, as far as purges have come. */
  state: 'good' | 'outdated' | 'out'
}

export interface TaggedCache<E extends Tagged> {
  get(key: string): E | undefined
  /** By a name that it was given, at once: its place among the recently used stays what it was. */
  find(name: string): E | undefined
  /** From now on it is found by this name too, as long as it is here. A name belongs to one key. */
  name(entry: E, name: string): void
  /** Whether what was read at this position is not older than the last purge of any of these tags. */
  admits(position: LogPosition, tags: readonly string[]): boolean
  /** Stores what is admitted, in place of what stood there. `sizeBytes`: of the entry alone, without its tags and place here. */
  put(entry: E, sizeBytes: number): boolean
  /** The entry has grown. */
  resize(entry: E, sizeBytes: number): void
  /** `remove`: it must not be seen again, not even when nothing else can be had. Else it is outdated from now on. */
  purge(tags: readonly string[], seq: number, remove: boolean): void
  /** Everything may be different from this position on. */
  clear(from: LogPosition): void
  size(): { entries: number; bytes: number }
}

// Purges remembered one by one; over this all tags count as purged at the latest of them.
const marksMax = 50_000
// Of one entry. Those who come later do not push out what everybody uses.
const namesMax = 8
// What an entry costs here, as measured (Bun 1.4.5, 2026-11-29): its places in the list of the recently used and in those of its tags.
const entryBytes = 300
const tagBytes = 50
// Of a tag that no other entry has: its string and its lists. Who brings it pays for it, though it may stay longer with others.
const newTagBytes = 300
// A name is a part of an address, and keeps all of that, with its host, in memory.
const nameBytes = 450

interface Held<E> {
  readonly entry: E
  sizeBytes: number
  readonly tagsBytes: number
  /** Where it stands among those of each of its tags. */
  readonly places: number[]
  names: string[] | null
}

// A Set of entries for each tag cost 107 bytes for each tag of each entry, and the tags as they were read, strings of their own, 87 more:
// 9 kB for a list of 46, half of its text. Two arrays cost 40, and an entry leaves them as fast.
interface Bearers<E> {
  /** The one string for this tag. */
  readonly tag: string
  readonly held: Held<E>[]
  /** Which of its tags this is, for each of them. */
  readonly ordinals: number[]
}

export function taggedCache<E extends Tagged>(maxBytes: number): TaggedCache<E> {
  const byTag = new Map<string, Bearers<E>>()
  const byName = new Map<string, Held<E>>()
  const { admits, mark, restart } = purgeMarks()

  const forget = (held: Held<E>) => {
    held.entry.state = 'out'
    unlist(byTag, held)
    for (const name of held.names ?? []) byName.delete(name)
  }
  const entries = new LRUCache<string, Held<E>>({ maxSize: maxBytes, dispose: forget, noDisposeOnSet: false })
  const heldOf = (entry: E) => {
    const held = entries.peek(entry.key)
    return held?.entry === entry ? held : undefined
  }
  const weigh = (held: Held<E>) => {
    const size = weightOf(held)
    // Setting the same value again does not dispose of it.
    if (size <= maxBytes) entries.set(held.entry.key, held, { size })
  }

  return {
    get: (key) => entries.get(key)?.entry,
    find: (name) => byName.get(name)?.entry,
    name(entry, name) {
      const held = heldOf(entry)
      if (held === undefined || byName.has(name)) return
      held.names ??= []
      if (held.names.length === namesMax) return
      held.names.push(name)
      byName.set(name, held)
      weigh(held)
    },
    admits,
    put(entry, sizeBytes) {
      if (!admits(entry.position, entry.tags)) return false
      entries.delete(entry.key) // the one before pays for its tags no longer
      entry.tags = [...new Set(entry.tags)]
      const tagsBytes = entry.tags.reduce((sum, tag) => sum + tagBytes + (byTag.has(tag) ? 0 : newTagBytes), 0)
      const held: Held<E> = { entry, sizeBytes, tagsBytes, places: [], names: null }
      const size = weightOf(held)
      if (size > maxBytes) return false
      entries.set(entry.key, held, { size })
      entry.tags = list(byTag, held)
      return true
    },
    resize(entry, sizeBytes) {
      // What never came in must not come in by growing.
      const held = heldOf(entry)
      if (held === undefined) return
      held.sizeBytes = sizeBytes
      weigh(held)
    },
    purge(tags, seq, remove) {
      mark(tags, seq)
      for (const tag of tags) {
        // From the end: where one is taken out, the last one, which was seen before, takes its place.
        const bearers = byTag.get(tag)?.held ?? []
        for (let n = bearers.length - 1; n >= 0; n--) {
          const entry = bearers[n]?.entry
          if (entry === undefined || entry.position.seq >= seq) continue
          if (remove) entries.delete(entry.key)
          else entry.state = 'outdated'
        }
      }
    },
    clear(from) {
      restart(from)
      entries.clear()
    },
    size: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
  }
}

/** What was purged up to where. */
function purgeMarks() {
  const marks = new Map<string, number>()
  let epoch: string | null = null
  let floor = 0
  let latest = 0
  return {
    admits(position: LogPosition, tags: readonly string[]): boolean {
      if (epoch === null) return true
      if (position.epoch !== epoch || position.seq < floor) return false
      return tags.every((tag) => (marks.get(tag) ?? 0) <= position.seq)
    },
    mark(tags: readonly string[], seq: number) {
      latest = Math.max(latest, seq)
      for (const tag of tags) marks.set(tag, Math.max(marks.get(tag) ?? 0, seq))
      if (marks.size <= marksMax) return
      floor = latest
      marks.clear()
    },
    restart(from: LogPosition) {
      epoch = from.epoch
      floor = from.seq
      latest = from.seq
      marks.clear()
    },
  }
}

function weightOf<E extends Tagged>({ sizeBytes, tagsBytes, names }: Held<E>): number {
  const ofNames = names?.reduce((sum, name) => sum + nameBytes + name.length, 0) ?? 0
  return sizeBytes + entryBytes + tagsBytes + ofNames
}

/** Enters it under each of its tags, which it is given in the strings that all share. */
function list<E extends Tagged>(byTag: Map<string, Bearers<E>>, held: Held<E>): string[] {
  return held.entry.tags.map((tag, ordinal) => {
    let bearers = byTag.get(tag)
    if (bearers === undefined) {
      bearers = { tag, held: [], ordinals: [] }
      byTag.set(tag, bearers)
    }
    held.places.push(bearers.held.length)
    bearers.held.push(held)
    bearers.ordinals.push(ordinal)
    return bearers.tag
  })
}

/** The last of each list takes the place that becomes free. */
function unlist<E extends Tagged>(byTag: Map<string, Bearers<E>>, { entry, places }: Held<E>): void {
  for (let n = 0; n < places.length; n++) {
    const bearers = byTag.get(entry.tags[n] ?? '')
    const place = places[n]
    const last = bearers?.held.pop()
    const ordinal = bearers?.ordinals.pop()
    if (bearers === undefined || place === undefined || last === undefined || ordinal === undefined) continue
    if (place < bearers.held.length) {
      bearers.held[place] = last
      bearers.ordinals[place] = ordinal
      last.places[ordinal] = place
    } else if (place === 0) byTag.delete(bearers.tag)
  }
}
