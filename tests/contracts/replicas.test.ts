// Databases that follow each other, on real servers: copied, read, cut off, promoted, taken back.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Change } from '../../src/domain/change.ts'
import { openPaced } from '../../src/engines/postgres/paced.ts'
import { prepareDatabase } from '../../src/engines/postgres/prepare.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { regionUrl } from '../../src/engines/replicas/peer.ts'
import { promote } from '../../src/engines/replicas/promote.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { dependencyOf } from '../dependencies.ts'
import { ask, openRing, type Ring, until } from '../ring.ts'
import { sampleCamera, sampleId } from '../samples.ts'

setDefaultTimeout(60_000)

/** MiB of log kept for a replica that is away, and kept ready for what comes next. Those that are shipped take a minute and 3 GB. */
const small = { wal_keep_size: '0', min_wal_size: '32MB', max_wal_size: '32MB', max_slot_wal_keep_size: '32MB' }
const bound = process.env.WAL_BOUND === 'shipped' ? { mib: 512, readyMib: 512, settings: {} } : { mib: 32, readyMib: 32, settings: small }

const notes = async (url: string) => (await ask<{ text: string }>(url, 'select text from note order by text')).map(({ text }) => text)
const promoteIn = ({ places }: Ring, region: string | null) =>
  promote({ places, region, anyway: false, peers: () => dependencyOf('peer'), clock: systemClock, log: silentLog })
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child.trim() !== '')
    .map(Number)
const pidOf = (folder: string) => Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])

test('a replica is copied from the running primary over its port alone, shows what is written there, and survives a kill', async () => {
  await using ring = await openRing('sa', 'eu')
  const [sa, eu] = [ring.urlOf('sa'), ring.urlOf('eu')]
  await ring.run('sa')
  await ask(sa, `create table note as select 'before the copy' as text`)
  const { member } = await ring.run('eu')
  expect(await until(() => notes(eu))).toEqual(['before the copy'])
  await ask(sa, `insert into note values ('after it')`)
  expect(await until(async () => (await notes(eu)).includes('after it'))).toBe(true)
  await expect(ask(eu, `insert into note values ('elsewhere')`)).rejects.toThrow('read-only')
  await until(() => member.status().streaming)
  expect(member.status()).toMatchObject({ region: 'eu', role: 'replica', follows: 'sa', timeline: 1, copies: 0 })

  process.kill(pidOf(ring.folderOf('eu')), 'SIGKILL')
  await ask(sa, `insert into note values ('while it was dead')`)
  expect(await until(async () => (await notes(eu)).includes('while it was dead'))).toBe(true)
  expect(member.status().copies).toBe(0)
})

test('the primary is lost: the most advanced is promoted, the others follow, and the old one comes back as a replica', async () => {
  await using ring = await openRing('sa', 'eu', 'na')
  const [sa, eu, na] = [ring.urlOf('sa'), ring.urlOf('eu'), ring.urlOf('na')]
  const first = await ring.run('sa')
  await ask(sa, `create table note as select 'kept' as text`)
  const [european, american] = [await ring.run('eu'), await ring.run('na')]
  await until(() => european.member.status().streaming && american.member.status().streaming)
  await expect(promoteIn(ring, null)).rejects.toThrow('The primary in sa answers')

  // na stops receiving; eu goes on, and sa has something that nobody received.
  await american.stop()
  await ask(sa, `insert into note values ('eu has it')`)
  await until(async () => (await notes(eu)).includes('eu has it'))
  await european.stop()
  await ask(sa, `insert into note values ('nobody has it')`)
  await first.stop()
  const [europeanAgain, americanAgain] = await Promise.all([ring.run('eu'), ring.run('na')])
  await expect(promoteIn(ring, 'na')).rejects.toThrow('The replica in eu has received')
  expect(await promoteIn(ring, null)).toEqual({ region: 'eu', timeline: 2, ahead: [], away: ['sa'] })
  await ask(eu, `insert into note values ('written in eu')`)
  expect(await until(async () => (await notes(na)).includes('written in eu') && notes(na))).toEqual(['eu has it', 'kept', 'written in eu'])
  await until(() => europeanAgain.member.status().role === 'primary')
  expect(americanAgain.member.status()).toMatchObject({ follows: 'eu', copies: 0 })

  const back = await ring.run('sa')
  expect(await until(async () => (await notes(sa)).includes('written in eu') && notes(sa))).toEqual(['eu has it', 'kept', 'written in eu'])
  await until(() => back.member.status().streaming)
  expect(back.member.status()).toMatchObject({ role: 'replica', follows: 'eu', timeline: 2, copies: 1 })
})

test(`a replica that stays away does not fill the disk of the primary: of ${5 * bound.mib} MiB of log ${bound.mib} are kept for it, and it is copied anew when it returns, read meanwhile`, async () => {
  await using ring = await openRing('sa', 'eu')
  const [sa, eu] = [ring.urlOf('sa'), ring.urlOf('eu')]
  const settings = { fsync: false, shared_buffers: '16MB', ...bound.settings }
  await ring.run('sa', { settings })
  await ask(sa, `create table note as select 'old' as text`)
  const { member, stop } = await ring.run('eu', { settings })
  await until(() => member.status().streaming)
  const hasAll = `select restart_lsn >= pg_current_wal_flush_lsn() as is from pg_replication_slots where slot_name = 'rcr_eu'`
  await until(async () => (await ask(sa, hasAll))[0]?.is) // else what is kept for it is short by as much
  await stop()
  const logMib = async () =>
    (await ask<{ mib: number }>(sa, 'select sum(size)::float8 / 1048576 as mib from pg_ls_waldir()'))[0]?.mib ?? Number.NaN
  const slot = async () =>
    (await ask<{ wal_status: string }>(sa, `select wal_status from pg_replication_slots where slot_name = 'rcr_eu'`))[0]?.wal_status
  const seen: { mib: number; slot: string | undefined }[] = []
  for (let mib = 0; mib < 5 * bound.mib; mib += 16) {
    await ask(sa, `select pg_logical_emit_message(false, '', repeat('x', 1048576)) from generate_series(1, 16); checkpoint`)
    seen.push({ mib: await logMib(), slot: await slot() })
  }
  // Beside what is kept for it: what is kept ready for what comes next, up to max_wal_size, and the files at both ends.
  expect(Math.max(...seen.map(({ mib }) => mib))).toBeLessThanOrEqual(bound.mib + bound.readyMib + 2 * 16)
  expect(seen[0]?.slot).not.toBe('lost')
  expect(seen.at(-1)?.slot).toBe('lost')
  expect(seen.at(-1)?.mib).toBeLessThanOrEqual(bound.readyMib + 2 * 16) // nothing is kept for it any more
  await ask(sa, `delete from note; insert into note values ('new')`)

  const again = await ring.run('eu', { settings })
  expect(await notes(eu)).toEqual(['old'])
  expect(await until(async () => (await notes(eu)).includes('new'))).toBe(true)
  expect(again.member.status()).toMatchObject({ copies: 1, follows: 'sa' })
  await until(() => again.member.status().streaming)
  expect(await slot()).toBe('reserved')
}, 600_000)

test('replicas have as many connections as the primary, also when it gets more', async () => {
  await using ring = await openRing('sa', 'eu')
  const [sa, eu] = [ring.urlOf('sa'), ring.urlOf('eu')]
  const first = await ring.run('sa', { settings: { fsync: false, shared_buffers: '16MB', max_connections: 70 } })
  await ask(sa, `create table note as select 'old' as text`)
  const { member } = await ring.run('eu')
  await until(() => member.status().streaming)
  expect(await ask(eu, 'show max_connections')).toEqual([{ max_connections: '70' }])
  await first.stop()
  await ring.run('sa', { settings: { fsync: false, shared_buffers: '16MB', max_connections: 90 } })
  await ask(sa, `insert into note values ('new')`)
  expect(await until(async () => (await notes(eu)).includes('new'))).toBe(true)
  expect(member.status().copies).toBe(0)
})

test('the role of the regions reads the read model, and nothing else', async () => {
  await using ring = await openRing('sa', 'eu')
  await ring.run('sa')
  await ask(ring.urlOf('sa'), `create table private as select 1 as n`)
  await ring.run('eu')
  const url = regionUrl(ring.urlOf('eu'))
  await expect(ask(url, 'select * from private')).rejects.toThrow('permission denied')
  expect(await until(() => ask(url, `select pg_has_role('rcr_read', 'set') as may`))).toEqual([{ may: true }])
})

test('a build that nobody reads yet waits for the slowest replica, and one that is read does not', async () => {
  await using ring = await openRing('sa', 'eu')
  const url = ring.urlOf('sa')
  await ring.run('sa')
  const around = { log: silentLog, clock: systemClock }
  await prepareDatabase(url, silentLog)
  const projection = openPaced({ url, projection: openProjection({ url, ...around }), behindBytes: 8 * 2 ** 20, ...around })
  const live = await projection.open('2026-11-21-a')
  const rebuilt = await projection.create('2026-11-21-a')
  const { member } = await ring.run('eu')
  await until(() => member.status().streaming)

  const standby = pidOf(ring.folderOf('eu'))
  const asleep = [standby, ...childrenOf(standby)]
  for (const pid of asleep) process.kill(pid, 'SIGSTOP')
  const said: string[] = []
  const held: Promise<unknown>[] = []
  try {
    await ask(url, "select pg_switch_wal(), pg_create_restore_point(repeat('x', 60)); select pg_switch_wal()")
    const end = { seq: 1, at: new Date(systemClock.now()).toISOString() }
    const change = {
      seq: 1,
      at: end.at,
      by: null,
      kind: 'camera',
      id: sampleId('camera', 1),
      version: 1,
      document: sampleCamera(1),
    } as Change
    held.push(projection.apply(rebuilt.schema, [change], end).then(() => said.push('rebuilt')))
    // It is the first of its version, and its log goes on: whoever wants to read waits for the end.
    held.push(projection.apply(live.schema, [change], { ...end, seq: 2 }).then(() => said.push('first')))
    await until(async () => (await projection.builds()).find(({ live }) => live)?.position.seq === 1)
    const next = { ...change, seq: 2, version: 2 }
    for (let n = 0; n < 5; n++) await projection.apply(live.schema, n === 0 ? [change, next] : [], { ...end, seq: 2 })
    said.push('live')
  } finally {
    for (const pid of asleep) process.kill(pid, 'SIGCONT')
  }
  await Promise.all(held)
  expect(said[0]).toBe('live')
  expect(said.slice(1).sort()).toEqual(['first', 'rebuilt'])
  await projection.close()
})
