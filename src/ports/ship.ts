// A second place for what a master commits: entries in order over a base, enough to bring the master back when its own place is gone.
//
// - Entries have dense numbers. `append` resolves when all of them are on stable storage; one that failed may be repeated, whole or
//   in part, by any process: an entry that stands there twice is the same entry.
// - A base is a copy of the master that holds every entry up to its number. The first one makes the place; entries come after it.
// - `prune` removes older bases and the entries that the newest holds, and with them whatever was erased from the master in the meantime.
// - Failures are refusals: `full` (code `ship-full`) and `unavailable` (code `ship-failed`; `ship-moved`: another place stands where this
//   one was, and has to be looked at again).
export interface Entry {
  number: number
  bytes: Uint8Array
}

export interface Base {
  number: number
  /** RFC 3339. */
  at: string
  bytes: number
}

export interface Sight {
  /** The newest one; null when there is none. */
  base: Base | null
  /** The greatest number of all entries, 0 when there are none. */
  last: number
  /** Up to where no entry is missing after the base, or after 0. */
  dense: number
  /** Of all entries. */
  bytes: number
}

export interface CopyOptions {
  /** Fills an empty folder, or one that is not there, with a backup, and says up to which entry it reaches and of when it is. */
  copy: (folder: string) => Promise<{ number: number; at: string }>
  /** So large at most. */
  bytes: number
  /** Nobody else makes one: whatever is left of one goes. */
  isAlone: boolean
}

/** The second place of one epoch. */
export interface Ship {
  /** Tells it from others, in messages too. */
  readonly place: string
  append(entries: readonly Entry[]): Promise<void>
  keepBase(options: CopyOptions): Promise<Base>
  prune(): Promise<void>
  /** Of the place that was looked at last: the newest one; null when there is none. */
  base(): Promise<Base | null>
  /** What is there now, which is the place from now on. May read all entries. */
  look(): Promise<Sight>
  /** Ends what is under way over a wire. */
  close(): Promise<void>
}

export interface ShipOptions {
  ship: (epoch: string) => Ship
  /** `sync`: acknowledged only when it is there as well. */
  mode: 'async' | 'sync'
}

/** A backup, wherever it lies. */
export interface Backup {
  /** For messages. */
  readonly place: string
  /** Copies its file of this name to a path where none is. Rejects with an error of code `ENOENT` when it has none. */
  copyOut(name: string, path: string): Promise<void>
}

/** What a ship holds of one epoch, for a restoration. */
export interface Shipped {
  epoch: string
  /** The newest one. */
  base: Backup | null
  hasEntries: boolean
  /** After this number, in order. Throws `conflict` on a gap (code `ship-gap`) and on two entries of one number (code `ship-forked`). */
  entries(after: number): AsyncIterable<Entry>
}
