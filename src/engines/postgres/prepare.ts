// Makes what all builds share, once for each database: schema, extensions, text search configurations, `live`, roles.
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { mayAct } from './connect.ts'
import { sqlText } from './sql.ts'
import { codeOf, translate } from './translate.ts'

/** MERGE came with it; older ones are not tested. */
const oldestVersion = 15

/**
 * Idempotent, and safe when several processes do it at once. Needs the primary and a user who may create in the database; one who
 * may not create roles gets a read model without walls, and one warning.
 */
export async function prepareDatabase(url: string, log: Log): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 30_000 })
  // The end of the connection shows in the statement that waits for it; without a listener it would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await demandVersion(client)
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await makeRoles(client, log)
    await client.query(sqlText('shared'))
    await addSuccessor(client)
  } catch (error) {
    if (codeOf(error) === denied)
      throw new Refusal(
        'forbidden',
        'The user of DATABASE_URL may not prepare the read model: it has to own the database, or to have CREATE in it.',
        {
          cause: error,
        },
      )
    throw translate(error)
  } finally {
    await client.end().catch(() => {})
  }
}

const denied = '42501'
const locked = '55P03'
const mostTries = 20

/** Where somebody reads for long what is altered, that is tried again and again rather than waited for. */
async function addSuccessor(client: pg.Client): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.query(sqlText('successor'))
      return
    } catch (error) {
      if (codeOf(error) !== locked || tries === mostTries) throw error
    }
  }
}

/** Any number, the same in every process. */
const lockKey = 7_274_371

async function demandVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  const version = rows[0]?.version ?? ''
  if (Number.parseInt(version, 10) < oldestVersion)
    throw new Refusal(
      'unavailable',
      `This is PostgreSQL ${version}; the read model needs ${oldestVersion} or newer. Upgrade it, or point DATABASE_URL elsewhere.`,
      {
        code: 'database-too-old',
      },
    )
}

/**
 * Roles belong to the whole cluster, so two databases of it may make them at the same moment, each under a lock of its own:
 * whoever comes second finds them.
 */
async function makeRoles(client: pg.Client, log: Log): Promise<void> {
  try {
    await client.query(`do $$ begin create role rcr_read nologin; exception when duplicate_object or unique_violation then null; end $$`)
    await client.query(`do $$ begin create role rcr_project nologin; exception when duplicate_object or unique_violation then null; end $$`)
    await client.query(`do $$ begin
      if not ${mayAct(`'rcr_read'`)} then execute format('grant rcr_read to %I', current_user); end if;
      if not ${mayAct(`'rcr_project'`)} then execute format('grant rcr_project to %I', current_user); end if;
    end $$`)
  } catch (error) {
    if (codeOf(error) !== denied) throw error
    log.warn('this database user may not create roles: the read model stands without walls between reading and projecting', { error })
  }
}
