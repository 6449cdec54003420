// A pool of connections that all run as one role, with bounded waits and errors translated once.
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { arePlain, askPrepared } from './prepared.ts'
import { translate } from './translate.ts'

/** Walls inside the database: `rcr_read` may only SELECT the read model, `rcr_project` owns its builds and sees nothing else. */
export type Role = 'rcr_read' | 'rcr_project'

export interface Statement {
  text: string
  /** Given: planned once for each connection. */
  name?: string
  /** Instead of the pool's. */
  timeoutMs?: number
}

export interface Queryable {
  /** The rows. Whole numbers of any size come as numbers, json parsed, timestamps as Date. */
  query<R extends object>(statement: Statement | string, values?: readonly unknown[], signal?: AbortSignal): Promise<R[]>
}

export interface Database extends Queryable {
  /**
   * One transaction on one connection. `opening` are statements without parameters that travel with the `begin`; the rows of
   * the last of them are handed over. Whatever `run` throws rolls back, and ends the connection: nothing half done is reused.
   */
  transaction<T, R extends object>(run: (on: Queryable, opened: R[]) => Promise<T>, opening?: readonly string[]): Promise<T>
  close(): Promise<void>
}

export interface PoolOptions {
  url: string
  /** Null: as the user of the URL. A role that the database does not have is done without, with a warning. */
  role: Role | null
  max: number
  log: Log
  /** Added to the name that the database shows beside the connection. */
  label?: string
  /** Longest wait for an answer. */
  timeoutMs?: number
  /** When a connection that does not answer is given up. Unset: as soon as nobody waits for it. */
  giveUpMs?: number
  /** Settings of each session: `{ work_mem: '16MB' }`. */
  settings?: Readonly<Record<string, string>>
}

const connectTimeoutMs = 2000
// The driver closes what nobody has used for ten seconds, and a new connection plans anew (a search: 4 to 10 ms): the second of two
// questions that come together once in a while should find one.
const keptOpen = 2

export function openPool({ url, role, max, log, label, timeoutMs = 5000, giveUpMs = timeoutMs, settings = {} }: PoolOptions): Database {
  const pool = new pg.Pool({
    connectionString: withSettings(url, { timezone: 'UTC', statement_timeout: String(Math.ceil(timeoutMs * 0.9)), ...settings }),
    application_name: [role ?? 'rcr', ...(label === undefined ? [] : [label])].join(' '),
    max,
    min: Math.min(max, keptOpen),
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: giveUpMs,
    types: { getTypeParser: parserFor },
    ...(role !== null && { onConnect: assume(role, log) }),
  })
  // Without a listener the end of an idle connection would end the process. The next query opens another one.
  pool.on('error', (error) => log.warn('database connection lost', { error }))
  return {
    query: (statement, values, signal) =>
      signal === undefined ? ask(pool, statement, values) : whileWanted(pool, signal, (client) => ask(client, statement, values)),
    transaction: (run, opening) => transaction(pool, run, opening),
    close: () => pool.end(),
  }
}

async function ask<R extends object>(
  on: pg.Pool | pg.ClientBase,
  statement: Statement | string,
  values?: readonly unknown[],
): Promise<R[]> {
  const { text, name, timeoutMs }: Statement = typeof statement === 'string' ? { text: statement } : statement
  try {
    if (name !== undefined && values !== undefined && arePlain(values))
      return await askPrepared<R>(on, { name, text, ...(timeoutMs !== undefined && { timeoutMs }) }, values, parserFor)
    const config = {
      text,
      ...(values && { values: [...values] }),
      ...(name !== undefined && { name }),
      ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
    }
    return (await on.query<R>(config)).rows
  } catch (error) {
    throw translate(error)
  }
}

/**
 * Ends with whoever waits for it: their connection is cut, and PostgreSQL, which looks after its clients (`client_connection_check_interval`
 * of the session), gives up what it was doing for them.
 */
async function whileWanted<T>(pool: pg.Pool, signal: AbortSignal, work: (on: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error) => {
    throw translate(error)
  })
  let isOver = false
  const over = (error?: Error) => {
    if (!isOver) client.release(error)
    isOver = true
  }
  const cut = () => over(new Error('nobody waits any more'))
  // A connection that dies says so here too; the statement fails and is the one to report.
  const ignore = () => {}
  client.on('error', ignore)
  signal.addEventListener('abort', cut, { once: true })
  // Who left while he was in line gives the connection back as it is.
  if (signal.aborted) over()
  try {
    if (isOver) throw new Error('nobody waits any more')
    const answer = await work(client)
    over()
    return answer
  } catch (error) {
    const wasCut = isOver
    over(error as Error)
    throw wasCut ? new Refusal('late', 'The answer took too long.', { cause: error }) : error
  } finally {
    signal.removeEventListener('abort', cut)
    client.off('error', ignore)
  }
}

async function transaction<T, R extends object>(
  pool: pg.Pool,
  run: (on: Queryable, opened: R[]) => Promise<T>,
  opening: readonly string[] = [],
): Promise<T> {
  const client = await pool.connect().catch((error) => {
    throw translate(error)
  })
  let broken = true
  // A connection that dies between two statements says so here; the next statement fails and is the one to report.
  const ignore = () => {}
  client.on('error', ignore)
  try {
    const answers: unknown = await client.query(['begin', ...opening].join(';'))
    const opened = Array.isArray(answers) ? (answers.at(-1) as pg.QueryResult<R>).rows : []
    const result = await run({ query: (statement, values) => ask(client, statement, values) }, opened)
    await client.query('commit')
    broken = false
    return result
  } catch (error) {
    throw translate(error)
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

/** Since PostgreSQL 16 a member of a role may lack the right to act as it: whoever makes a role is at first such a member. */
export const mayAct = (role: string): string =>
  `(case when current_setting('server_version_num')::int >= 160000 then pg_has_role(${role}, 'set') else pg_has_role(${role}, 'member') end)`

/** Each new connection takes on the role before its first use. */
function assume(role: Role, log: Log): (client: pg.ClientBase) => Promise<void> {
  let warned = false
  return async (client) => {
    const { rowCount } = await client.query(
      `select set_config('role', rolname, false) from pg_catalog.pg_roles where rolname = $1 and ${mayAct('oid')}`,
      [role],
    )
    if (rowCount === 0 && !warned) log.warn('connected without the wall of a role that this database does not have', { role })
    warned ||= rowCount === 0
  }
}

/** Adds to the `options` that the URL may have already: what stands in the URL would win over the driver's own option. */
function withSettings(url: string, settings: Readonly<Record<string, string>>): string {
  const full = new URL(url)
  const given = full.searchParams.get('options')
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
  full.searchParams.set('options', [...(given ? [given] : []), ...ours].join(' '))
  return full.href
}

const int8 = 20

function parserFor(type: number, format?: 'text' | 'binary') {
  if (type === int8 && format !== 'binary') return Number
  return format === 'binary' ? pg.types.getTypeParser(type, 'binary') : pg.types.getTypeParser(type, 'text')
}
