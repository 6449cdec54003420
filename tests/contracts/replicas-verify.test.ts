// A verification over real databases that follow each other: each is compared where it stands, and what is wrong with one is said of it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openReplica } from '../../src/engines/postgres/replica.ts'
import { becomeStandby } from '../../src/engines/replicas/copy.ts'
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import type { Master } from '../../src/ports/master.ts'
import type { Project } from '../../src/services/project/project.ts'
import { openProjectedRing } from '../projected-ring.ts'
import { ask, type Ring, type Running, until } from '../ring.ts'

setDefaultTimeout(60_000)

const stack = new AsyncDisposableStack()
let ring: Ring
let american: Running
let master: Master
let project: Project
let write: (n: number) => Promise<void>
let seq = 0

beforeAll(async () => {
  // Of their tags more than one slice.
  const opened = await openProjectedRing(['sa', 'eu', 'na'], 400, stack, { tags: ['viaje', 'lluvia', 'noche'] })
  ;({ ring, master, project } = opened)
  write = async (n) => {
    seq = await opened.write(n)
  }
  const [european, other] = await Promise.all([ring.run('eu'), ring.run('na')])
  american = other
  await until(() => european.member.status().streaming && american.member.status().streaming)
})
afterAll(() => stack.disposeAsync())

/** As the user who may only read, where that is all that is known. */
async function verify() {
  const replicas = ['eu', 'na'].map((region) => openReplica({ region, url: regionUrl(ring.urlOf(region)), log }))
  try {
    return await project.verify({ signal: AbortSignal.timeout(50_000), progress: () => {} }, replicas)
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()))
  }
}
const schemaIn = async (region: string) => (await ask<{ schema: string }>(ring.urlOf(region), 'select schema from content.live'))[0]?.schema

test('every replica is what the log says, while editors go on writing', async () => {
  let isWriting = true
  const writing = (async () => {
    for (let n = 1; isWriting; n = (n % 300) + 1) {
      await write(n)
      await project.settled(seq)
    }
  })()
  const before = (await master.head()).seq
  const { differing, replicas } = await verify()
  isWriting = false
  await writing
  expect(differing).toEqual([])
  expect(replicas).toMatchObject(['eu', 'na'].map((region) => ({ region, differing: [], differences: [], fault: null })))
  for (const { position } of replicas) expect(position?.seq).toBeGreaterThanOrEqual(before)
})

test('one that receives nothing is compared where it stands, and said to be so far behind', async () => {
  await project.settled(seq)
  await until(async () => (await ask(ring.urlOf('eu'), `select seq from "${await schemaIn('eu')}".applied`))[0]?.seq === String(seq))
  const stoodAt = seq
  await until(() => ask(ring.urlOf('eu'), 'select pg_wal_replay_pause()'))
  await until(async () => (await ask(ring.urlOf('eu'), 'select pg_get_wal_replay_pause_state() as state'))[0]?.state === 'paused')
  for (let n = 1; n <= 7; n++) await write(n)
  await project.settled(seq)
  const { differing, replicas } = await verify()
  await until(() => ask(ring.urlOf('eu'), 'select pg_wal_replay_resume()'))
  expect(differing).toEqual([])
  expect(replicas).toMatchObject([
    { region: 'eu', position: { seq: stoodAt }, behind: 7, differing: [], fault: null },
    { region: 'na', position: { seq }, behind: 0, differing: [], fault: null },
  ])
})

test('what is damaged in the primary is found in each database', async () => {
  const schema = await schemaIn('sa')
  const [row] = await ask<{ id: string; title: string }>(
    ring.urlOf('sa'),
    `select id, title from "${schema}".review order by id desc limit 1`,
  )
  const change = (title: string) => ask(ring.urlOf('sa'), `update "${schema}".review set title = '${title}' where id = '${row?.id}'`)
  await change('Changed by hand')
  for (const region of ['eu', 'na'])
    await until(async () => (await ask(ring.urlOf(region), `select from "${schema}".review where title = 'Changed by hand'`)).length === 1)
  const { differing, replicas } = await verify()
  await change(row?.title ?? '')
  const differences = [{ table: 'review', key: row?.id, in: 'both' }]
  expect(differing).toEqual(['review'])
  for (const one of replicas) expect(one).toMatchObject({ differing: ['review'], differences, fault: null })
})

test('what is damaged in one replica is said of it alone, row by row, and of one that is away that it is', async () => {
  // A database that follows takes no writes: this one is its own master for a moment, and then follows nobody.
  await american.stop()
  const alone = ring.places.filter(({ region }) => region === 'na')
  const data = join(ring.folderOf('na'), 'data')
  rmSync(join(data, 'standby.signal'))
  const master = await ring.run('na', { places: alone })
  const schema = await schemaIn('na')
  const gone = await ask<{ id: string }>(
    ring.urlOf('na'),
    `delete from "${schema}".review_tag where review_id = (select min(id::text)::uuid from "${schema}".review) returning review_id || ' ' || tag as id`,
  )
  const [changed] = await ask<{ id: string }>(
    ring.urlOf('na'),
    `update "${schema}".review set summary = 'Other' where id = (select max(id::text)::uuid from "${schema}".review) returning id`,
  )
  expect((await verify()).replicas[1]).toMatchObject({ region: 'na', fault: 'It takes itself for the primary, and follows nobody.' })
  await master.stop()
  becomeStandby(data)
  american = await ring.run('na', { places: alone })
  const { differing, replicas } = await verify()
  expect(differing).toEqual([])
  expect(replicas).toMatchObject([
    { region: 'eu', differing: [], fault: null },
    { region: 'na', differing: ['review', 'review_tag'], fault: null },
  ])
  expect(gone.length).toBeGreaterThan(0)
  expect(replicas[1]?.differences).toEqual([
    { table: 'review', key: changed?.id ?? '', in: 'both' },
    ...gone.map(({ id }) => ({ table: 'review_tag', key: id, in: 'first' as const })),
  ])

  const [file] = await ask<{ path: string }>(ring.urlOf('na'), `select pg_relation_filepath('"${schema}".editor') as path`)
  await american.stop()
  expect((await verify()).replicas).toMatchObject([
    { region: 'eu', differing: [], fault: null },
    { region: 'na', schema: null, position: null, fault: 'The database does not answer now.' },
  ])

  const table = readFileSync(join(data, file?.path ?? ''))
  table[table.length - 40] = (table[table.length - 40] ?? 0) ^ 1 // in the last row of the page
  writeFileSync(join(data, file?.path ?? ''), table)
  american = await ring.run('na', { places: alone })
  expect((await verify()).replicas[1]?.fault).toStartWith('Its files are damaged: invalid page in block 0')
})
