// Rows in an order and a form in which two engines can be compared.
type Row = Record<string, unknown>

/** Throws with the first rows that stand in one of them only. */
export function demandSame(what: string, found: readonly Row[], wanted: readonly Row[]): void {
  const [here, there] = [comparable(found), comparable(wanted)]
  if (here.length === there.length && here.every((row, at) => row === there[at])) return
  const [has, should] = [new Set(here), new Set(there)]
  const tooMuch = here.filter((row) => !should.has(row)).slice(0, 3)
  const missing = there.filter((row) => !has.has(row)).slice(0, 3)
  throw new Error(`${what} differs\nthere, and should not be: ${tooMuch.join('\n')}\nmissing: ${missing.join('\n')}`)
}

/** One text a row, its members by name, times alike. */
const comparable = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(sorted(row))).toSorted()

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, sorted(inner)])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  )
}
