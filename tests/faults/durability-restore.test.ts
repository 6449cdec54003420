// What operators do on a bad day: back up while editors write, lose the machine, restore from the backup and the second place.
//
//   RESTORE_WRITES=20000 bun test tests/faults/durability-restore.test.ts
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { type Acknowledged, cameraOf, expectNothingLost, newsroom, signIn } from '../newsroom.ts'
import { objectStoreIsMissing, objectStoreSettings, testBucket } from '../object-store.ts'
import { testPostgres } from '../postgres.ts'
import { post, type Running, rcr, startProcess, stopProcess } from '../process.ts'
import { openWire } from '../wire.ts'

const writes = Number(process.env.RESTORE_WRITES ?? 300)
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

interface SecondPlace {
  /** As RCR_SHIP names it. */
  name: string
  settings: Record<string, string>
  goAway(): Promise<unknown>
  comeBack(): Promise<unknown>
  epochs(): Promise<string[]>
}

async function inFolder(folder: string): Promise<SecondPlace> {
  const [name, away] = [join(folder, 'ship'), join(folder, 'away')]
  return {
    name,
    settings: {},
    async goAway() {
      await rename(name, away)
      await writeFile(name, '')
    },
    async comeBack() {
      await rm(name)
      await rename(away, name)
    },
    epochs: () => readdir(name),
  }
}

async function inBucket(): Promise<SecondPlace> {
  const { endpoint, bucket, objects } = await testBucket()
  const wire = await openWire(endpoint)
  cleanups.push(async () => wire.close())
  return {
    name: `s3://${bucket}/masters`,
    settings: objectStoreSettings(wire.url),
    goAway: async () => wire.cut(),
    comeBack: async () => wire.mend(),
    epochs: () => objects.folders('masters/'),
  }
}

async function house() {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-restore-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const database = await (await testPostgres()).database()
  cleanups.push(() => database.drop())
  const [data, backup] = ['data', 'backup'].map((name) => join(folder, name)) as [string, string]
  return { folder, data, backup, environment: { DATABASE_URL: database.url, RCR_LOG: 'error' } }
}

async function start(data: string, environment: Record<string, string>): Promise<Running> {
  const running = await startProcess(data, environment)
  cleanups.push(async () => {
    running.child.kill('SIGKILL')
    await running.ended
  })
  return running
}

async function run(data: string, words: string[], environment: Record<string, string>) {
  const process = rcr(data, words, environment)
  return { status: await process.ended, output: process.output() }
}

/** Asked right after a restoration it says that the read model has not followed to the new epoch yet. */
async function verified(data: string, environment: Record<string, string>) {
  for (;;) {
    const told = await run(data, ['verify'], environment)
    if (!told.output.includes('has not followed the master')) return told
  }
}

async function burn(running: Running, data: string): Promise<void> {
  running.child.kill('SIGKILL')
  await running.ended
  await rm(join(data, 'master'), { recursive: true })
}

/** The second place goes away for a moment; sixteen editors who repeat what is refused notice a pause. */
async function expectRefusedMeanwhile(ship: SecondPlace, write: (key: string) => Promise<Response>, running: Running): Promise<void> {
  await ship.goAway()
  const refused = await write('unshipped')
  expect({ status: refused.status, type: refused.headers.get('content-type') }).toEqual({ status: 503, type: 'application/problem+json' })
  expect(refused.headers.get('retry-after')).not.toBeNull()
  for (let code = ''; code !== 'ship-failed'; ) code = ((await (await write('unshipped')).json()) as { code: string }).code
  expect((await fetch(`${running.api}/content?limit=3`)).status).toBe(200)
  expect(await (await fetch(`${running.ops}/metrics`)).text()).toContain('rcr_ship_failing 1')
  await ship.comeBack()
}

async function burntInSync(make: (folder: string) => Promise<SecondPlace>) {
  const { folder, data, backup, environment } = await house()
  const ship = await make(folder)
  const settings = { ...environment, ...ship.settings, RCR_SHIP: `sync:${ship.name}` }
  const at = { process: await start(data, settings) }
  const authorization = await signIn(at.process.api)
  const other = await signIn(at.process.api, 'second.editor@example.com')
  const cameraId = await cameraOf(at.process.api)
  const room = newsroom(at, authorization, cameraId)
  const writing = room.write(writes)
  while (room.ledger.length < writes / 4) await systemClock.sleep(1)
  const review = { title: 'Unshipped', summary: 's', body: 'b', language: 'en', cameraId }
  const { api } = at.process
  await expectRefusedMeanwhile(ship, (key) => post(`${api}/reviews`, review, { authorization: other, 'idempotency-key': key }), at.process)
  expect(await run(data, ['backup', '--to', backup], settings)).toMatchObject({ status: 0 })
  expect(await run(data, ['backup', '--to', backup], settings)).toMatchObject({
    status: 1,
    output: expect.stringContaining('is not empty'),
  })
  const before = await fetch(`${at.process.api}/cameras/nikon-z8`)
  while (room.ledger.length < (writes * 3) / 4) await systemClock.sleep(1)
  await burn(at.process, data)

  expect(await run(data, ['restore', '--from', backup, '--ship', ship.name], settings)).toMatchObject({ status: 0 })
  at.process = await start(data, settings)
  await writing
  await expectNothingLost(at.process.api, authorization, room.ledger)
  expect(await verified(data, settings)).toMatchObject({ status: 0 })
  // A reader of the days before is answered as of now, with a position that is later.
  const token = before.headers.get('consistency-token') ?? ''
  const after = await fetch(`${at.process.api}/content?limit=1`, { headers: { 'consistency-token': token } })
  expect(after.status).toBe(200)
  expect(after.headers.get('consistency-token')).not.toBe(token)
  // Nothing is restored over a master.
  expect(await stopProcess(at.process)).toBe(0)
  expect(await run(data, ['restore', '--from', backup], settings)).toMatchObject({
    status: 1,
    output: expect.stringContaining('is not empty'),
  })
  // The second place goes on with the new epoch, over a base of its own.
  expect((await ship.epochs()).length).toBe(2)
}

async function burntSoonAfter(make: (folder: string) => Promise<SecondPlace>) {
  const { folder, data, environment } = await house()
  const ship = await make(folder)
  const settings = { ...environment, ...ship.settings, RCR_SHIP: ship.name }
  const at = { process: await start(data, settings) }
  const authorization = await signIn(at.process.api)
  const room = newsroom(at, authorization, await cameraOf(at.process.api))
  const times = new Map<Acknowledged, number>()
  const writing = room.write(10_000)
  const until = performance.now() + 2_000
  while (performance.now() < until) {
    for (const write of room.ledger) if (!times.has(write)) times.set(write, performance.now())
    await systemClock.sleep(2)
  }
  const burntMs = performance.now()
  at.process.child.kill('SIGKILL')
  const known = [...times].filter(([, ms]) => ms < burntMs)
  await burn(at.process, data)
  expect(await run(data, ['restore', '--ship', ship.name], settings)).toMatchObject({ status: 0 })
  const restored = await start(data, settings)
  const lost: number[] = []
  for (const [{ id, version }, ms] of known) {
    const response = await fetch(`${restored.api}/reviews/${id}/history/${version}`, { headers: { authorization } })
    if (response.status !== 200) lost.push(burntMs - ms)
  }
  console.log(`${known.length} acknowledged, ${lost.length} lost, the oldest ${Math.round(Math.max(0, ...lost))} ms before the end`)
  expect(Math.max(0, ...lost)).toBeLessThan(1000)
  at.process = restored // so that the writers end
  room.stop()
  await writing.catch(() => {}) // some go upon versions that are lost
  expect(await verified(data, settings)).toMatchObject({ status: 0 })
}

for (const [where, make, missing] of [
  ['a folder', inFolder, null],
  ['a bucket', inBucket, objectStoreIsMissing],
] as const)
  describe.skipIf(missing !== null)(`a second place in ${where}`, () => {
    test(
      'with RCR_SHIP=sync a burnt master comes back from backup and second place: nothing that was acknowledged is lost',
      () => burntInSync(make),
      1_200_000,
    )
    test(
      'with RCR_SHIP at most the last second is lost, and what comes back has no gap; the second place alone is enough',
      () => burntSoonAfter(make),
      1_200_000,
    )
  })
