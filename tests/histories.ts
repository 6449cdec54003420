// Whether what clients saw of some documents can have happened: each write took effect at one moment between its call and its answer.
//
// Versions make it simple. Every write names the version it goes upon, so the versions of a document are its order, and it is enough
// to hold the answers against that order and against the clock.

/** What one client did, in milliseconds of one monotonic clock. */
export type Event = Read | Written

export interface Read {
  what: 'read'
  document: string
  calledMs: number
  answeredMs: number
  version: number
  /** What the fields say, each: writes fill all of them with one mark. */
  marks: readonly string[]
}

export interface Written {
  what: 'written'
  document: string
  calledMs: number
  /** Null: never answered, it may have taken effect or not. */
  answeredMs: number | null
  /** Unique to this write. */
  mark: string
  /** The version that it goes upon. */
  upon: number
  /** The version that it was told to have made; null when it was refused because another stood, or not answered. */
  made: number | null
  /** With a refusal: the version that stood. */
  stood?: number
}

/** The mark of each version of a document, from the first. Read at the end. */
export type Final = ReadonlyMap<string, readonly string[]>

/** One sentence for each thing that cannot be. */
export function faultsOf(events: readonly Event[], final: Final): string[] {
  const documents = new Set(events.map(({ document }) => document))
  return [...documents].flatMap((document) =>
    faultsOfOne(
      document,
      events.filter((event) => event.document === document),
      final.get(document) ?? [],
    ),
  )
}

/**
 * The same of clients who read in places that lag, and carry a token of what they saw: none of them goes back, whatever others see.
 * What a client was told of with a token counts as read by it.
 */
export function sessionFaultsOf(sessions: readonly (readonly Read[])[], written: readonly Written[], final: Final): string[] {
  const calledMs = new Map(written.map(({ document, mark, calledMs }) => [`${document} ${mark}`, calledMs]))
  const isTooEarly = ({ document, version, answeredMs }: Read) =>
    (calledMs.get(`${document} ${final.get(document)?.[version - 1]}`) ?? 0) > answeredMs
  const seen = sessions.flatMap((reads, client) => [
    ...faultsOf(reads, final).map((fault) => `client ${client}: ${fault}`),
    ...reads.filter(isTooEarly).map(({ version }) => `client ${client}: version ${version} before anybody asked for it`),
  ])
  return [...faultsOf(written, final), ...seen]
}

function faultsOfOne(document: string, events: readonly Event[], marks: readonly string[]): string[] {
  const faults: string[] = []
  const fault = (sentence: string) => faults.push(`${document}: ${sentence}`)
  const written = events.filter((event) => event.what === 'written')

  for (const { mark, upon, made } of written) {
    const at = marks.indexOf(mark) + 1
    if (made === null) {
      if (at > 0 && at !== upon + 1) fault(`${mark} went upon ${upon} and became ${at}`)
      continue
    }
    if (made !== upon + 1) fault(`${mark} went upon ${upon} and was told ${made}`)
    if (at !== made) fault(`${mark} was acknowledged as version ${made}, which is ${marks[made - 1] ?? 'absent'}`)
  }
  if (new Set(marks).size < marks.length) fault('a write took effect twice')

  // A version is known to stand from the earliest answer that shows it, and cannot stand before the call of the write that made it.
  const shown = [
    ...events.flatMap((event) => (event.what === 'read' ? [{ version: event.version, ms: event.answeredMs }] : [])),
    ...written.flatMap(({ made, stood, answeredMs }) =>
      answeredMs === null ? [] : [{ version: Math.max(made ?? 0, stood ?? 0), ms: answeredMs }],
    ),
  ].toSorted((a, b) => a.ms - b.ms)
  const most: number[] = []
  for (const { version } of shown) most.push(Math.max(most.at(-1) ?? 0, version))
  const knownBefore = (ms: number): number => {
    let [from, to] = [0, shown.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((shown[middle]?.ms ?? 0) < ms) from = middle + 1
      else to = middle
    }
    return most[from - 1] ?? 0
  }
  const calledMs = new Map(written.map(({ mark, calledMs }) => [mark, calledMs]))
  const seen = (what: string, version: number, called: number, answered: number) => {
    if (version < knownBefore(called)) fault(`${what} saw version ${version} after ${knownBefore(called)} was known`)
    const mark = marks[version - 1]
    if (mark === undefined) fault(`${what} saw version ${version}, which there never was`)
    else if ((calledMs.get(mark) ?? 0) > answered) fault(`${what} saw version ${version} before anybody asked for it`)
  }
  for (const event of events) {
    if (event.what === 'read') {
      seen('a read', event.version, event.calledMs, event.answeredMs)
      const expected = marks[event.version - 1]
      if (event.marks.some((mark) => mark !== expected))
        fault(`version ${event.version} was read as ${event.marks.join(', ')}, it is ${expected}`)
    } else if (event.stood !== undefined && event.answeredMs !== null) seen('a refusal', event.stood, event.calledMs, event.answeredMs)
  }
  return faults
}
