// The master: one ordered log of public changes, private documents beside it, and one commit over both.
//
// Promises of every engine, checked by `tests/contracts/master.suite.ts`:
// - A commit is all or nothing. It resolves with `committed: true` only when it is on stable storage (after the sync),
//   and whatever was acknowledged survives the death of the process and of the system.
// - `seq` is gapless and total, from 1. Versions of one document step by exactly 1, through deletion and restoration.
// - Reads are strong: after a commit resolved, every process of the master sees it.
// - Conditions are judged inside the commit, all of them before anything is written. A condition that does not hold is an
//   answer (`committed: false`), not an exception. A repeat is told before every other.
// - Private documents are erased without trace: deleted or expired, their version is 0 again.
// - Failures of the engine are refusals: `unavailable` (nothing is known to have been lost; the outcome of the commit may be
//   unknown, so repeat it with its idempotency key), `full` (no room: nothing was written), `too-large`.
// - A commit that is not settled within `commitDeadlineMs` is refused as `unavailable`, code `master-late`: its outcome is unknown.
// - With a second place that is kept in step, nothing is acknowledged (neither a commit nor a repeat) before it stands there too.
import type { Account, Session } from '../domain/account.ts'
import type { Change, Position, PublicDocuments, PublicKind } from '../domain/change.ts'
import type { IndexName } from '../domain/indexes.ts'

/** Documents beside the log, by kind. They can be erased without trace, and expire. */
export interface PrivateDocuments {
  account: Account
  session: Session
  /** Signing keys, as `services/auth` defines them. */
  key: SigningKey
  /** Small documents with an expiry: sign-in counters, reset links. The meaning is the service's. */
  note: Note
}
export type PrivateKind = keyof PrivateDocuments
export type Documents = PublicDocuments & PrivateDocuments
export type Kind = keyof Documents

export interface SigningKey {
  id: string
  version: number
  createdAt: string
  updatedAt: string
  /** JWK with its private part. */
  jwk: Readonly<Record<string, unknown>>
  /** When it starts to sign, and when it stops to verify. RFC 3339. */
  signsFrom: string
  expiresAt: string
}

export interface Note {
  /** Any text up to 200 characters; `<service>:<what>:<key>`. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  value: unknown
}

/** How long a commit may take before its caller is told that its outcome is unknown. */
export const commitDeadlineMs = 2000

/** Largest document (its JSON in UTF-8) and largest commit, the same on every engine. */
export const documentMaxBytes = 128 * 1024
export const commitMaxBytes = 256 * 1024

/**
 * Put or delete one document; only what stands can be deleted (else `required`). `expected` is the version that must stand
 * now: 0 = never existed; after a deletion, the version of the deletion. The engine sets `version`,
 * `createdAt`, `updatedAt`; what the document brings of them is ignored.
 */
export type Write<K extends Kind = Kind> = {
  [Name in K]: {
    kind: Name
    id: string
    expected: number
    document: Documents[Name] | Omit<Documents[Name], 'version' | 'createdAt' | 'updatedAt'> | null
    /** Private kinds only: gone for every read from then on. RFC 3339. */
    expiresAt?: string
  }
}[K]

export interface Commit {
  /** The present time, RFC 3339: stamps the documents and the changes. */
  at: string
  /** The account behind it, null for the system. */
  by: string | null
  /** At most 100; each document at most once. Public ones become log entries in this order. May be empty. */
  writes: readonly Write[]
  /** Documents that must exist (not deleted), whatever their version. */
  require?: readonly { kind: Kind; id: string }[]
  /**
   * Unique names: `take` fails when another owner holds the name; `release` of a name that the owner does not hold does nothing.
   * What a commit releases it can take, for the same or another owner.
   */
  claims?: { take?: readonly Claim[]; release?: readonly Claim[] }
  /** Counters start at 0. The result must lie in floor … ceiling; several moves of one counter are judged one after another. */
  adjust?: readonly Adjustment[]
  /** Kept ≥ 24 h from `at`. When the key is already there the commit does nothing and answers `because: 'repeat'`. */
  idempotency?: IdempotencyRecord
}

export interface Claim {
  /** `slug:review:canon-eos-r5`, at most 400 bytes. */
  name: string
  owner: string
}

export interface Adjustment {
  counter: string
  by: number
  floor?: number
  ceiling?: number
}

export interface IdempotencyRecord {
  /** Scope (caller + operation) and the caller's key, at most 400 bytes. */
  key: string
  /** Hash of the request: another one under the same key is refused by the caller of this port. */
  requestHash: string
  /** From what the first answer is rebuilt: a status, the document as then committed, or a body where there is no history. */
  answer: { status: number; kind?: Kind; id?: string; version?: number; location?: string; body?: unknown }
}

export type Outcome =
  | {
      committed: true
      /** The position of the last change of this commit; the head when it had none. */
      position: Position
      /** In the order of `writes`. A deletion's entry holds the version of the deletion. */
      versions: readonly number[]
    }
  | { committed: false; because: 'version'; kind: Kind; id: string; current: number }
  | { committed: false; because: 'required'; kind: Kind; id: string }
  | { committed: false; because: 'claimed'; name: string; owner: string }
  | { committed: false; because: 'counter'; counter: string; value: number }
  | { committed: false; because: 'repeat'; record: IdempotencyRecord & { position: Position } }

export interface Page {
  /** 1 … 200. */
  limit: number
  /** The `next` of the page before. Opaque; engines refuse a foreign one with `invalid`. */
  after?: string
}

export interface Master {
  commit(commit: Commit): Promise<Outcome>

  /** The document as it stands now; null when it never existed, was deleted or has expired. */
  read<K extends Kind>(kind: K, id: string): Promise<Documents[K] | null>

  /** The standing version, also of a deleted document (the deletion's); 0 when it never existed. */
  versionOf(kind: Kind, id: string): Promise<number>

  /** Documents of one partition of a declared index (`domain/indexes.ts`), in its order. `upTo`: sort keys ≤ it only. */
  list<N extends IndexName>(
    index: N,
    partition: string,
    page: Page & { upTo?: string },
  ): Promise<{ documents: Documents[IndexedKind<N>][]; next: string | null }>

  /** Who holds a claim. */
  owner(claim: string): Promise<string | null>

  counter(name: string): Promise<number>

  idempotency(key: string): Promise<(IdempotencyRecord & { position: Position }) | null>

  /** The changes of one public document, newest first. */
  history<K extends PublicKind>(kind: K, id: string, page: Page): Promise<{ changes: Change<K>[]; next: string | null }>

  /** One change of one document by its version. */
  change<K extends PublicKind>(kind: K, id: string, version: number): Promise<Change<K> | null>

  /** The position of the newest change; seq 0 when there is none. */
  head(): Promise<Position>

  /** Changes with seq > after, in order, without gaps: at most `limit` (1 … 5,000) and about 4 MiB. Empty at the head. */
  feed(after: number, limit: number): Promise<Change[]>

  /** Resolves at once when there is a change after `seq`, else at the next commit, after `timeoutMs` or on abort. Never rejects. */
  wait(seq: number, timeoutMs: number, signal: AbortSignal): Promise<void>

  /** Every unexpired document of a private kind, for backup and verification. */
  privates<K extends PrivateKind>(kind: K): AsyncIterable<Documents[K]>

  /**
   * A consistent copy while writers go on, with its manifest. `folder` must not exist or be empty. A copy is restored with an
   * epoch of its own, later than every one before, and never opened beside its original as it is.
   */
  backup(folder: string): Promise<Position>

  /** Resolves, if ever, with the sentence why this process can neither commit nor read any more and must be started again. */
  readonly lost: Promise<string>

  /** Removes what has expired. Returns how many. Called now and then by the write service. */
  sweep(now: string): Promise<number>

  close(): Promise<void>
}

type IndexedKind<N extends IndexName> = typeof import('../domain/indexes.ts').indexes[N]['kind']
