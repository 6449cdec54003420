// A named statement on its way: what its rows look like is asked once for each connection, not with every answer.
//
// The driver's own query has the columns described each time, makes a parser and an empty row of them, and is an emitter of events:
// a tenth of what a missed review costs the main thread (2026-11-29). This way it has for cursors: whatever can submit itself.
import type pg from 'pg'

export type Plain = string | number | null

export const arePlain = (values: readonly unknown[]): values is readonly Plain[] =>
  values.every((value) => value === null || typeof value === 'string' || typeof value === 'number')

type Parser = (text: string) => unknown
export type ParserFor = (type: number) => Parser

interface Column {
  name: string
  parse: Parser
}

/** What the driver hands over: a part of its connection that its types leave out, or have another way. */
interface Wire {
  stream: { cork(): void; uncork(): void }
  /** Texts by name, kept by the driver as the database confirms them. */
  parsedStatements: Record<string, string>
  parse(statement: { name: string; text: string }): void
  bind(to: { statement: string; values: readonly (string | null)[] }): void
  describe(portal: { type: 'P' }): void
  execute(portal: object): void
  sync(): void
}

// A statement that is planned keeps its columns: where a table has changed beneath it, PostgreSQL refuses to run it (0A000).
const known = new WeakMap<Wire, Map<string, readonly Column[]>>()

class Prepared<R> implements pg.Submittable {
  readonly name: string
  readonly text: string
  readonly query_timeout: number | undefined
  /** Set and changed by the driver. */
  callback: ((error: Error | null, rows?: R[]) => void) | undefined
  readonly #values: readonly Plain[]
  readonly #parserFor: ParserFor
  readonly #rows: R[] = []
  #columns: readonly Column[] | undefined
  #wire: Wire | undefined
  #unread: Error | undefined

  constructor(name: string, text: string, values: readonly Plain[], parserFor: ParserFor, timeoutMs?: number) {
    this.name = name
    this.text = text
    this.query_timeout = timeoutMs
    this.#values = values
    this.#parserFor = parserFor
  }

  submit(connection: unknown): Error | undefined {
    const wire = connection as Wire
    const before = wire.parsedStatements[this.name]
    if (before !== undefined && before !== this.text) return new Error(`There is another statement of the name ${this.name}.`)
    this.#wire = wire
    this.#columns = known.get(wire)?.get(this.name)
    wire.stream.cork()
    if (before === undefined) wire.parse(this)
    wire.bind({ statement: this.name, values: this.#values.map((value) => (value === null ? null : String(value))) })
    if (this.#columns === undefined) wire.describe({ type: 'P' })
    wire.execute({})
    wire.sync()
    wire.stream.uncork()
    return undefined
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: this.#parserFor(dataTypeID) }))
    if (this.#wire === undefined) return
    const ofConnection = known.get(this.#wire) ?? new Map<string, readonly Column[]>()
    known.set(this.#wire, ofConnection.set(this.name, this.#columns))
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    try {
      for (const [at, { name, parse }] of (this.#columns ?? []).entries()) {
        const text = fields[at] ?? null
        row[name] = text === null ? null : parse(text)
      }
    } catch (error) {
      this.#unread ??= error as Error // thrown here it would end the process
    }
    this.#rows.push(row as R)
  }

  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleError(error: Error): void {
    this.callback?.(error)
  }

  handleReadyForQuery(): void {
    if (this.#unread === undefined) this.callback?.(null, this.#rows)
    else this.callback?.(this.#unread)
  }
}

/** On one connection, or on the next free one of a pool. */
export function askPrepared<R>(
  on: pg.Pool | pg.ClientBase,
  { name, text, timeoutMs }: { name: string; text: string; timeoutMs?: number },
  values: readonly Plain[],
  parserFor: ParserFor,
): Promise<R[]> {
  // Both take a callback as their third; the types know that of their own queries only.
  const query = on.query.bind(on) as (what: Prepared<R>, none: undefined, then: NonNullable<Prepared<R>['callback']>) => void
  return new Promise((resolve, reject) => {
    query(new Prepared(name, text, values, parserFor, timeoutMs), undefined, (error, rows) => (rows ? resolve(rows) : reject(error)))
  })
}
