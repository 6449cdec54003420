// The write side of the relational read model: rows and position in one transaction, into one build at a time.
//
// A build is a schema `content_<fingerprint>_<build>`; the fingerprint covers the table definitions and the mapping of this
// code. `live` says which build of a fingerprint readers use. Promises, checked by `tests/contracts/projection.suite.ts`:
// - `apply` takes effect once: changes at or before the build's position are skipped, however often and by however many
//   projectors they are brought. Any replay, duplication or batch split leaves the same bytes in the content tables.
// - A change that cannot be applied (poison) is parked, counted and passed; it stops nothing.
import type { Change, Position } from '../domain/change.ts'

/** Names a build of this code's fingerprint. */
export interface Build {
  /** The schema's name. */
  schema: string
  /** What it has applied. seq 0 when empty. */
  position: Position
  live: boolean
}

export interface Applied {
  position: Position
  /** Parked by this call. */
  parked: number
}

export interface Projection {
  /** The live build of this fingerprint for an epoch; makes (empty, live) the first one when there is none. */
  open(epoch: string): Promise<Build>

  /** A new, empty build beside the live one. */
  create(epoch: string): Promise<Build>

  /**
   * Applies changes (in order of seq, gapless from the position or from before it) and sets the heartbeat: at `caughtUpAt`
   * the log held nothing after the last of them. Null leaves the heartbeat. An empty list only moves the heartbeat.
   * Refuses (`conflict`, code `gap`) changes that start after position + 1, and (`missing`) a build that is gone.
   */
  apply(schema: string, changes: readonly Change[], caughtUpAt: string | null): Promise<Applied>

  /** Readers of this fingerprint use this build from now on. Its predecessor stays until `prune`. */
  switch(schema: string): Promise<void>

  /** Drops builds that are not live and that no reader has used for `graceMs`. Returns their names. */
  prune(graceMs: number): Promise<string[]>

  /** Parked changes of a build, oldest first. */
  parked(schema: string): Promise<{ seq: number; kind: string; id: string; error: string }[]>

  /** SHA-256 of every content table in key order, bookkeeping aside. Equal contents give equal text. */
  checksums(schema: string): Promise<Record<string, string>>

  close(): Promise<void>
}
