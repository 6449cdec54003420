// The newest changes as they were read: the answer to a command, the projector and the shop look at each of them within a moment.
import type { Change } from '../../domain/change.ts'

const most = 256
/** Bigger ones are rare, and would fill the memory. */
const keptMaxBytes = 32 * 1024

export interface Read {
  change: Change
  sizeBytes: number
}

export interface Recent {
  get(seq: number): Read | undefined
  /** Keeps it where it is small. What is kept is shared, hence frozen; nothing in the log ever changes. */
  keep(read: Read): Read
}

export function openRecent(): Recent {
  const kept = new Map<number, Read>()
  return {
    get: (seq) => kept.get(seq),
    keep(read) {
      if (read.sizeBytes > keptMaxBytes) return read
      kept.set(read.change.seq, frozen(read))
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break
        kept.delete(oldest)
      }
      return read
    },
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}
