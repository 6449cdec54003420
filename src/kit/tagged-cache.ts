// A cache bounded by bytes whose entries are purged by tag, in the order of a log: what was read before a purge never comes in after it.
import { LRUCache } from 'lru-cache'

export interface LogPosition {
  epoch: string
  seq: number
}

export interface Tagged {
  readonly key: string
  readonly tags: readonly string[]
  /** What the entry shows: read in one snapshot with it. */
  readonly position: LogPosition
  /** In the cache, and nothing that it shows has changed since, as far as purges have come. */
  state: 'good' | 'outdated' | 'out'
}

export interface TaggedCache<E extends Tagged> {
  get(key: string): E | undefined
  /** Whether what was read at this position is not older than the last purge of any of these tags. */
  admits(position: LogPosition, tags: readonly string[]): boolean
  /** Stores what is admitted, in place of what stood there. */
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

export function taggedCache<E extends Tagged>(maxBytes: number): TaggedCache<E> {
  const byTag = new Map<string, Set<E>>()
  const marks = new Map<string, number>()
  let epoch: string | null = null
  let floor = 0
  let latest = 0

  const forget = (entry: E) => {
    entry.state = 'out'
    for (const tag of entry.tags) {
      const tagged = byTag.get(tag)
      tagged?.delete(entry)
      if (tagged?.size === 0) byTag.delete(tag)
    }
  }
  const entries = new LRUCache<string, E>({ maxSize: maxBytes, dispose: forget, noDisposeOnSet: false })

  const admits = (position: LogPosition, tags: readonly string[]) => {
    if (epoch === null) return true
    if (position.epoch !== epoch || position.seq < floor) return false
    return tags.every((tag) => (marks.get(tag) ?? 0) <= position.seq)
  }
  return {
    get: (key) => entries.get(key),
    admits,
    put(entry, sizeBytes) {
      if (!admits(entry.position, entry.tags) || sizeBytes > maxBytes) return false
      entries.set(entry.key, entry, { size: sizeBytes })
      for (const tag of entry.tags) {
        const tagged = byTag.get(tag)
        if (tagged === undefined) byTag.set(tag, new Set([entry]))
        else tagged.add(entry)
      }
      return true
    },
    resize(entry, sizeBytes) {
      // What never came in must not come in by growing. Setting the same value again does not dispose of it.
      if (entries.peek(entry.key) === entry && sizeBytes <= maxBytes) entries.set(entry.key, entry, { size: sizeBytes })
    },
    purge(tags, seq, remove) {
      latest = Math.max(latest, seq)
      for (const tag of tags) {
        marks.set(tag, Math.max(marks.get(tag) ?? 0, seq))
        for (const entry of byTag.get(tag) ?? []) {
          if (entry.position.seq >= seq) continue
          if (remove) entries.delete(entry.key)
          else entry.state = 'outdated'
        }
      }
      if (marks.size <= marksMax) return
      floor = latest
      marks.clear()
    },
    clear(from) {
      epoch = from.epoch
      floor = from.seq
      latest = from.seq
      marks.clear()
      entries.clear()
      byTag.clear()
    },
    size: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
  }
}
