// A rebuild while several regions read: each follows when the switch arrives there, no read fails, and nothing goes that somebody reads.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openContent } from '../../src/engines/postgres/content.ts'
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { silentLog as log } from '../../src/kit/log.ts'
import type { Content } from '../../src/ports/content.ts'
import type { Projection } from '../../src/ports/projection.ts'
import type { Project } from '../../src/services/project/project.ts'
import { dependencyOf } from '../dependencies.ts'
import { openProjectedRing } from '../projected-ring.ts'
import { ask, type Ring, type Running, until } from '../ring.ts'
import { sampleId } from '../samples.ts'

setDefaultTimeout(60_000)

const stack = new AsyncDisposableStack()
let ring: Ring
let projection: Projection
let project: Project
const members = new Map<string, Running>()
const readers = new Map<string, Content>()

beforeAll(async () => {
  ;({ ring, projection, project } = await openProjectedRing(['sa', 'eu', 'na'], 40, stack))
  for (const region of ['eu', 'na']) {
    members.set(region, await ring.run(region))
    const content = openReader(region)
    readers.set(region, content)
    stack.defer(() => content.close())
    await until(async () => (await content.item('camera', sampleId('camera', 1))).found)
  }
})
afterAll(() => stack.disposeAsync())

const watching = () => ({ signal: AbortSignal.timeout(50_000), progress: () => {} })
const buildIn = async (region: string) => (await readers.get(region)?.tail(null))?.build
const builds = async () => (await projection.builds()).map(({ schema }) => schema)
/** What a reader's statement holds at the moment waits for the next look. */
async function expectDropped(schema: string, graceMs = 0): Promise<void> {
  const dropped: string[] = []
  await until(async () => dropped.push(...(await projection.prune(graceMs))) > 0)
  expect(dropped).toEqual([schema])
}
const inEu = (statement: string) => until(() => ask(ring.urlOf('eu'), statement))

/** With time to wait for a table that is just being dropped, however busy the machine is. */
const openReader = (region: string) =>
  openContent({ url: regionUrl(ring.urlOf(region)), log, dependency: dependencyOf('database', { tryMs: 10_000, callMs: 20_000 }) })

/** Two readers in each region; the one of them never looks which build is the live one, unless its own is missing. */
async function readingWhile(what: () => Promise<void>): Promise<{ answered: number; failed: unknown[] }> {
  let isOver = false
  let answered = 0
  const failed: unknown[] = []
  const reading = ['eu', 'na'].flatMap((region) =>
    [0, 1].map(async (reader) => {
      const content = reader === 0 ? readers.get(region) : openReader(region)
      while (!isOver) {
        try {
          if (reader === 0) await content?.tail(null)
          const item = await content?.item('camera', sampleId('camera', 1))
          if (item?.found) answered += 1
          else failed.push({ region, item })
        } catch (error) {
          failed.push({ region, error })
        }
      }
      if (reader !== 0) await content?.close()
    }),
  )
  await what().finally(() => {
    isOver = true
  })
  await Promise.all(reading)
  return { answered, failed }
}

test('readers of each region go on in the old build until the new one arrives there, and it is dropped when nobody is left in it', async () => {
  const old = (await buildIn('eu')) ?? ''
  const { answered, failed } = await readingWhile(async () => {
    await inEu('select pg_wal_replay_pause()')
    await until(async () => (await ask(ring.urlOf('eu'), 'select pg_get_wal_replay_pause_state() as state'))[0]?.state === 'paused')
    const { schema } = await project.rebuild(watching())
    await until(async () => (await buildIn('na')) === schema)
    expect(await buildIn('eu')).toBe(old)
    // na has left it; eu has not heard yet.
    expect(await projection.prune(0)).toEqual([])
    await inEu('select pg_wal_replay_resume()')
    await until(async () => (await buildIn('eu')) === schema)
    await expectDropped(old)
    await until(async () => (await ask(ring.urlOf('eu'), `select from pg_namespace where nspname = '${old}'`)).length === 0)
    await until(async () => (await ask(ring.urlOf('na'), `select from pg_namespace where nspname = '${old}'`)).length === 0)
    expect(await builds()).toEqual([schema])
  })
  expect(failed).toEqual([])
  expect(answered).toBeGreaterThan(50)
})

test('while a region cannot be asked nothing goes: who reads there is not known', async () => {
  const { replaced } = await project.rebuild(watching())
  await until(async () => (await buildIn('na')) !== replaced)
  await members.get('eu')?.stop()
  expect(await projection.prune(0)).toEqual([])
  members.set('eu', await ring.run('eu'))
  await until(async () => (await buildIn('eu')) !== replaced)
  await expectDropped(replaced ?? '')
})

test('readers of an earlier version keep their build as long as one of them is left, in whatever region', async () => {
  // As an earlier version has left it: nobody projects into it any more.
  const earlier = 'content_01d0c0de_1'
  const live = (await builds())[0] ?? ''
  await ask(
    ring.urlOf('sa'),
    `set role rcr_project; create schema "${earlier}"; create table "${earlier}".applied as select * from "${live}".applied;
     create table "${earlier}".camera as select * from "${live}".camera;
     grant usage on schema "${earlier}" to rcr_read; grant select on all tables in schema "${earlier}" to rcr_read;
     insert into content.live (fingerprint, schema, epoch) select '01d0c0de', '${earlier}', epoch from content.live limit 1`,
  )
  const reader = openContent({ url: regionUrl(ring.urlOf('na')), log, dependency: dependencyOf('database'), fingerprint: '01d0c0de' })
  await until(async () => (await reader.applied()).position.seq > 0)
  expect(await projection.prune(0)).toEqual([])
  expect((await reader.applied()).position.seq).toBeGreaterThan(0)

  const dayMs = 86_400_000
  const leftForDays = () => ask(ring.urlOf('sa'), `update "${earlier}".applied set touched_at = now() - interval '2 days'`)
  await leftForDays()
  expect(await projection.prune(dayMs)).toEqual([])
  await reader.close()
  await until(
    async () => (await ask(ring.urlOf('na'), `select from pg_stat_activity where application_name like '%01d0c0de'`)).length === 0,
  )
  // Its readers may be about to connect again: to be read an hour ago keeps it.
  expect(await projection.prune(dayMs)).toEqual([])
  await leftForDays()
  await expectDropped(earlier, dayMs)
})
