// The write side of the relational read model: rows and position in one transaction, into one build at a time.
//
// A build is a schema `content_<fingerprint>_<build>`; the fingerprint covers the table definitions and the mapping of this
// code. `live` says which build of a fingerprint readers use. Promises, checked by `tests/contracts/projection.suite.ts`:
// - `apply` takes effect once: changes at or before the build's position are skipped, however often and by however many
//   projectors they are brought. Any replay, duplication or batch split leaves the same bytes in the content tables.
// - What is not public never enters, in no table.
// - A change that cannot be applied (poison) is parked, counted and passed; it stops nothing. Its document is not shown until a
//   later version of it can be: nothing older than the position is. That version also clears the parking place.
// - A database that is away is a refusal, `unavailable`; nothing of the call has then happened, or all of it.
import type { Change, Position } from '../domain/change.ts'

/** Names a build of this code's fingerprint. */
export interface Build {
  /** The schema's name. */
  schema: string
  /** What it has applied. seq 0 when empty. */
  position: Position
  live: boolean
  /** It is to take the place of the live one. */
  successor: boolean
  /** How many changes are parked in it. */
  parked: number
  /** The latest time at which it held all of the log (RFC 3339); null when it never did. */
  caughtUpAt: string | null
}

/** The end of the log, and when that was so (RFC 3339). */
export interface LogEnd {
  seq: number
  at: string
}

export interface ParkedChange {
  seq: number
  kind: string
  id: string
  error: string
}

export interface Checksums {
  position: Position
  /** SHA-256 by table. */
  tables: Record<string, string>
}

export interface Difference {
  table: string
  key: string
  /** Only the first build has this row, only the second, or both with other contents. */
  in: 'first' | 'second' | 'both'
}

/** So many rows of one table, in key order, after one key and up to another. */
export interface Range {
  table: string
  /** Null: from the beginning. */
  after: readonly string[] | null
  /** Null: to the end. */
  upTo: readonly string[] | null
  limit: number
  /** The rows one by one, too. */
  each?: boolean
}

/** What lies in a range, at one position. */
export interface Slice {
  position: Position
  count: number
  /** The key of the last row; null when there is none. */
  last: readonly string[] | null
  /** SHA-256. Equal contents give equal text. */
  sum: string
  /** By key; empty unless asked for. */
  rows: ReadonlyMap<string, string>
}

/** A replica of the database that is projected into, read where it stands. One that is away is a refusal, `unavailable`. */
export interface Replica {
  region: string
  tables: readonly string[]
  /**
   * The build that its readers use, as it has arrived there. Refuses (`missing`, code `not-built`) when there is none, or none that
   * was whole yet, and (`conflict`, code `not-following`) when it is no replica.
   */
  live(): Promise<Pick<Build, 'schema' | 'position'>>
  slice(schema: string, range: Range): Promise<Slice>
}

export interface Projection {
  /**
   * The live build of this fingerprint; made, empty and of this epoch, when there is none. It may be of an earlier epoch: then it needs
   * a successor. Refuses (`conflict`, code `epoch`) when it is of a later one: this master is not the latest.
   */
  open(epoch: string): Promise<Build>

  /**
   * The build of this epoch that is to take the place of the live build `of`; the same for all who ask, made when there is none, or one
   * that was whole already and stands before `of`. `switch` it when it holds the whole log. When `of` is not live any more: what is, if
   * that is of this epoch. Refuses as `open` does, also when the one that there is, is of a later epoch.
   */
  successor(of: string, epoch: string): Promise<Build>

  /** All builds of this fingerprint, oldest first. */
  builds(): Promise<Build[]>

  /** A new, empty build beside the live one. */
  create(epoch: string): Promise<Build>

  /**
   * Applies changes (in order of seq, gapless from the position or from before it). `end`, read before the changes were, moves the
   * heartbeat if the build then holds all of the log up to it. An empty list only moves the heartbeat.
   * Refuses (`conflict`, code `gap`) changes that start after position + 1, and (`missing`) a build that is gone. Returns the build as
   * it is then.
   */
  apply(schema: string, changes: readonly Change[], end: LogEnd | null): Promise<Build>

  /**
   * Readers of this fingerprint use this build from now on. Its predecessor stays until `prune`. Refuses an epoch as `open` does, and
   * (`conflict`, code `behind`) a build that stands before the live one of its epoch: readers never go back.
   */
  switch(schema: string): Promise<void>

  /** Drops a build at once. Refuses (`conflict`) the live one. */
  drop(schema: string): Promise<void>

  /**
   * Drops what nobody has projected into for `graceMs`, nor was found to read in any region: builds that are not live, and builds of
   * other fingerprints even if they are. What is read in a region that cannot be asked is kept for a week. Returns their names.
   */
  prune(graceMs: number): Promise<string[]>

  /** Parked changes of a build, oldest first. */
  parked(schema: string): Promise<ParkedChange[]>

  /** Of every content table in key order, bookkeeping aside, in one snapshot. Equal contents give equal text. */
  checksums(schema: string): Promise<Checksums>

  /** A part of a table as a checksum, in one snapshot: as a replica gives it. */
  slice(schema: string, range: Range): Promise<Slice>

  /** The first `limit` rows of each table in which two builds differ. Meaningful at the same position. */
  differences(first: string, second: string, limit: number): Promise<Difference[]>

  close(): Promise<void>
}
