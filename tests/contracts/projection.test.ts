// The contract suite of the projection on PostgreSQL, and what is PostgreSQL's own: walls between roles, plans, the fingerprint.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Change } from '../../src/domain/change.ts'
import { openBuilds } from '../../src/engines/postgres/builds.ts'
import { type Database, openPool, type Role } from '../../src/engines/postgres/connect.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { mappingVersion } from '../../src/engines/postgres/rows.ts'
import { sqlText } from '../../src/engines/postgres/sql.ts'
import { silentLog } from '../../src/kit/log.ts'
import type { Refusal } from '../../src/kit/refusal.ts'
import type { Build } from '../../src/ports/projection.ts'
import { type TestDatabase, testPostgres } from '../postgres.ts'
import { sampleClock, sampleEditor } from '../samples.ts'
import { projectionSuite } from './projection.suite.ts'

const log = silentLog
const open = (url: string) => openProjection({ url, log, clock: sampleClock })
const pool = (url: string, role: Role | null) => openPool({ url, role, max: 2, log })

projectionSuite('PostgreSQL', async () => {
  const database = await (await testPostgres()).database()
  await Promise.all([prepareDatabase(database.url, log), prepareDatabase(database.url, log)])
  const [projection, another, reader] = [open(database.url), open(database.url), pool(database.url, 'rcr_read')]
  return {
    projection,
    another,
    rows: (schema, table) => reader.query(`select * from "${schema}"."${table}"`),
    async dispose() {
      await Promise.all([projection.close(), another.close(), reader.close()])
      await database.drop()
    },
  }
})

test('a database that an earlier version prepared, and that somebody reads for long, is prepared without holding up readers', async () => {
  const database = await (await testPostgres()).database()
  await using stack = new AsyncDisposableStack()
  stack.defer(() => database.drop())
  await prepareDatabase(database.url, log)
  const [long, reader] = [pool(database.url, null), pool(database.url, null)]
  stack.defer(async () => void (await Promise.all([long.close(), reader.close()])))
  await long.query('alter table content.live drop column successor')
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const holding = long.transaction(async (on) => {
    await on.query('select from content.live')
    held()
    await mayEnd
  }, [])
  await isHeld
  const preparing = prepareDatabase(database.url, log)
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await reader.query(waiting)).length === 0) await Bun.sleep(5)
  // Behind the one that waits, for as long as that lets it.
  await reader.query({ text: 'select schema from content.live', timeoutMs: 5000 })
  end()
  await Promise.all([holding, preparing])
  expect(await reader.query('select successor from content.live')).toEqual([])
})

describe('PostgreSQL under the projection', () => {
  let database: TestDatabase
  let schema: string
  let admin: Database
  beforeAll(async () => {
    database = await (await testPostgres()).database()
    await prepareDatabase(database.url, log)
    const projection = open(database.url)
    schema = (await projection.open('e1')).schema
    await projection.close()
    admin = pool(database.url, null)
    await admin.query('create table public.secret (text text)')
  })
  afterAll(async () => {
    await admin.close()
    await database.drop()
  })

  const denied = async (role: Role, statement: string): Promise<string> => {
    const db = pool(database.url, role)
    const code = await db.query(statement).then(
      () => 'allowed',
      (error: { code?: string }) => error.code ?? 'unknown',
    )
    await db.close()
    return code
  }

  test('who reads can do nothing else', async () => {
    expect(await denied('rcr_read', `select * from "${schema}".review`)).toBe('allowed')
    for (const statement of [
      `insert into "${schema}".brand values ('a', 'A')`,
      `update "${schema}".applied set seq = 9`,
      `delete from "${schema}".review`,
      'delete from content.live',
      `drop schema "${schema}" cascade`,
      'create schema own',
      'select * from public.secret',
    ])
      expect([statement, await denied('rcr_read', statement)]).toEqual([statement, '42501'])
  })

  test('a build that somebody begins to read while another one is dropped stays', async () => {
    const projection = open(database.url)
    const [first, second] = [await projection.create('e1'), await projection.create('e1')]
    await projection.close()
    const db = pool(database.url, 'rcr_project')
    const gone = async () => (await admin.query(`select from pg_namespace where nspname = '${first.schema}'`)).length === 0
    const inUse = async () => ({ schemas: new Set((await gone()) ? [second.schema] : []), unknown: 0 })
    expect(await openBuilds(db, sampleClock, inUse).prune(0)).toEqual([first.schema])
    await openBuilds(db, sampleClock, inUse).drop(second.schema)
    await db.close()
  })

  test('who projects touches nothing but the read model', async () => {
    expect(await denied('rcr_project', `update "${schema}".applied set touched_at = now()`)).toBe('allowed')
    for (const statement of ['select * from public.secret', 'create table public.mine (x int)', 'create role somebody'])
      expect([statement, await denied('rcr_project', statement)]).toEqual([statement, '42501'])
  })

  test('a statement goes by keys, also when it was planned on empty tables', async () => {
    const plan = async (name: string, types: string) => {
      const settings = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'].map((setting) => `set local ${setting} = off`)
      const found = await admin.transaction(
        async (on) => {
          await on.query(`prepare asked (${types}) as ${sqlText(name)}`)
          const values = types.split(',').map((type) => (type === 'json' ? `'[]'` : type === 'int' ? '1' : `'{}'`))
          return on.query<{ 'QUERY PLAN': string }>(`explain (costs off) execute asked (${values.join(',')})`)
        },
        [`set local search_path = "${schema}"`, 'set local plan_cache_mode = force_generic_plan', ...settings],
      )
      await admin.query('deallocate all')
      return found.map((row) => row['QUERY PLAN']).join('\n')
    }
    for (const [name, types] of [
      ['before', 'uuid[],uuid[],uuid[],uuid[],uuid[],uuid[],uuid[]'],
      ['referring', 'uuid[],uuid[],int'],
      ['put-reviews', 'json,uuid[],json'],
      ['put-catalogue', 'json,uuid[],json,uuid[],json,uuid[]'],
      ['put-shop', 'json,uuid[],json,uuid[],json,uuid[]'],
      ['derive-brands', 'text[]'],
      ['count-facets', 'json'],
      ['count-words', 'json'],
    ] as const)
      expect([name, (await plan(name, types)).match(/Seq Scan on .*/g)]).toEqual([name, null])
    expect(await plan('count-words', 'json')).toContain('Index Cond: ((language = d.language) AND (word = d.word))')
    expect(await plan('count-facets', 'json')).toContain('Index Cond: ((dimension = d.dimension) AND (value = d.value))')
  })

  test('a projector that waited for another one sees what that one has parked and settles it', async () => {
    const [one, two] = [open(database.url), open(database.url)]
    const build = (await one.create('e1')).schema
    const editor = sampleEditor(1)
    const of = (seq: number, byline: unknown) =>
      ({
        seq,
        at: '2026-11-20T10:00:00.000Z',
        by: null,
        kind: 'editor',
        id: editor.id,
        version: seq,
        document: { ...editor, version: seq, byline },
      }) as Change
    const waiting = async (projectors: number) => {
      for (;;) {
        const found = await admin.query(`select from pg_locks where not granted and locktype in ('transactionid', 'tuple')`)
        if (found.length >= projectors) return
      }
    }
    const applying: Promise<Build>[] = []
    await admin.transaction(async () => {
      applying.push(one.apply(build, [of(1, 5)], null))
      await waiting(1)
      applying.push(two.apply(build, [of(1, 5), of(2, 'Inés')], null))
      await waiting(2)
    }, [`select from "${build}".applied for update`])
    await Promise.all(applying)
    expect(await one.parked(build)).toEqual([])
    await Promise.all([one.close(), two.close()])
  })

  test('a mapping that changes makes another build: raise mappingVersion, then record the new hash here', () => {
    const files = ['rows.ts', 'words.ts', 'counts.ts', 'fold.ts'].map((file) => `src/engines/postgres/${file}`)
    const texts = [...files, 'src/domain/slug.ts', 'src/domain/money.ts'].map((file) =>
      readFileSync(`${import.meta.dir}/../../${file}`, 'utf8'),
    )
    const hash = createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 16)
    expect({ mappingVersion, hash }).toEqual({ mappingVersion: 5, hash: '50379214ce4e6c70' })
  })

  test('a database that is away is unavailable', async () => {
    const projection = open('postgres://nobody@127.0.0.1:1/none')
    const error: Refusal = await projection.open('e1').then(
      () => Promise.reject(new Error('it answered')),
      (thrown) => thrown,
    )
    expect(error.reason).toBe('unavailable')
    await projection.close()
  })
})
