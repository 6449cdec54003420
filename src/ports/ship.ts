// A second place for what a master commits: entries in order over a base, enough to bring the master back when its own place is gone.
//
// - Entries have dense numbers. `append` resolves when all of them are on stable storage; one that failed may be repeated, whole or
//   in part, by any process: an entry that stands there twice is the same entry.
// - A base is a copy of the master that holds every entry up to its number. Keeping a new one removes older bases and the entries
//   that it holds, and with them whatever was erased from the master in the meantime.
// - The first base makes the place; entries come after it. A place that was there and is gone is not made anew: it is `unavailable`.
// - Failures are refusals: `full` (code `ship-full`) and `unavailable` (code `ship-failed`).
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

/** The second place of one epoch. */
export interface Ship {
  /** For messages. */
  readonly place: string
  append(entries: readonly Entry[]): Promise<void>
  /** `copy` fills a new folder with a backup and says up to which entry it reaches. */
  keepBase(copy: (folder: string) => Promise<{ number: number }>): Promise<Base>
  /** The newest one; null when there is none. */
  base(): Promise<Base | null>
  /** The greatest number of all entries, 0 when there are none, and their size. Reads them all. */
  entries(): Promise<{ last: number; bytes: number }>
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
  /** Brings its file of this name to a path where none is. */
  fetch(name: string, path: string): Promise<void>
}

/** What a ship holds of one epoch, for a restoration. */
export interface Shipped {
  epoch: string
  /** The newest one. */
  base: Backup | null
  /** After this number, in order. Throws `conflict` on a gap (code `ship-gap`) and on two entries of one number (code `ship-forked`). */
  entries(after: number): AsyncIterable<Entry>
}
