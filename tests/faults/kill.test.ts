// The plug is pulled at random points while editors write: what was acknowledged is there, once, and readers see all of it.
import { afterEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { cameraOf, expectNothingLost, newsroom, signIn } from '../newsroom.ts'
import { testPostgres } from '../postgres.ts'
import { type Running, rcr, startProcess, stopProcess } from '../process.ts'
import { seeded } from '../random.ts'

const rounds = Number(process.env.KILL_ROUNDS ?? 5)
const writesEach = Number(process.env.KILL_WRITES ?? 500)

const folders: string[] = []
const running = new Set<Running>()
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  }
  running.clear()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-kill-'))
  folders.push(folder)
  return folder
}

async function begin(folder: string, environment: Record<string, string> = {}): Promise<Running> {
  const process = await startProcess(folder, { RCR_LOG: 'error', ...environment })
  running.add(process)
  return process
}

test(`kill -9 at random points of ${rounds} × ${writesEach} acknowledged writes: none lost, none doubled, readers see all`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  console.log(`seed ${seed} (SEED=${seed} repeats it)`)
  const random = seeded(seed)
  const folder = await newFolder()
  const at = { process: await begin(folder) }
  const authorization = await signIn(at.process.api)
  const room = newsroom(at, authorization, await cameraOf(at.process.api))
  for (let round = 1; round <= rounds; round++) {
    const most = round * writesEach
    const killAt = (round - 1) * writesEach + Math.floor(random() * writesEach)
    const writing = room.write(most)
    while (room.ledger.length < killAt) await systemClock.sleep(1)
    at.process.child.kill('SIGKILL')
    await at.process.ended
    running.delete(at.process)
    at.process = await begin(folder)
    await writing
  }
  await expectNothingLost(at.process.api, authorization, room.ledger)
  const verify = rcr(folder, ['verify'])
  expect({ status: await verify.ended, output: verify.output() }).toMatchObject({ status: 0 })
  expect(await stopProcess(at.process)).toBe(0)
  running.delete(at.process)
}, 3_600_000)

test('two projectors, one paused in the middle and continued: the read model is as one alone makes it', async () => {
  const folder = await newFolder()
  const database = await (await testPostgres()).database()
  const environment = { DATABASE_URL: database.url }
  const at = { process: await begin(folder, environment) }
  const other = await begin(folder, environment)
  const authorization = await signIn(at.process.api)
  const room = newsroom(at, authorization, await cameraOf(at.process.api))
  const writing = room.write(400)
  while (room.ledger.length < 100) await systemClock.sleep(1)
  other.child.kill('SIGSTOP')
  while (room.ledger.length < 300) await systemClock.sleep(1)
  other.child.kill('SIGCONT')
  await writing
  const verify = rcr(folder, ['verify'], environment)
  expect({ status: await verify.ended, output: verify.output() }).toMatchObject({ status: 0 })
  for (const process of [at.process, other]) {
    expect(await stopProcess(process)).toBe(0)
    running.delete(process)
  }
  await database.drop()
}, 120_000)
