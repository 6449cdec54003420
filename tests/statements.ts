// Counts what goes to PostgreSQL from this process: looked at, not changed.
import pg from 'pg'

/** Of statements that match: the tail, for one, goes on asking for its position. */
export function countStatements(matching: RegExp) {
  let count = 0
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const text = typeof given[0] === 'string' ? given[0] : String((given[0] as { text?: string }).text)
    if (matching.test(text)) count += 1
    return (query as (...given: unknown[]) => unknown).apply(this, given)
  } as typeof query
  return {
    count: () => count,
    end() {
      pg.Client.prototype.query = query
    },
  }
}
