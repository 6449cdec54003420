// Commands over the projector alone: asked to stop, and what they tell of changes that could not be applied.
import { afterAll, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testPostgres } from '../../tests/postgres.ts'
import { rcr } from '../../tests/process.ts'
import { sampleReview, sampleTime } from '../../tests/samples.ts'
import { openLmdbMaster } from '../engines/lmdb/master.ts'
import { openPool } from '../engines/postgres/connect.ts'
import { secureRandom, systemClock } from '../kit/clock.ts'
import { silentLog } from '../kit/log.ts'
import { readSettings } from '../settings.ts'
import type { Command } from './command.ts'
import { rebuild } from './rebuild.ts'
import { verify } from './verify.ts'

const around = { clock: systemClock, random: secureRandom }
const stack = new AsyncDisposableStack()
afterAll(() => stack.disposeAsync())
let folder: string
let database: TestDatabase

beforeEach(async () => {
  const [made, empty] = [await mkdtemp(join(tmpdir(), 'rcr-project-alone-')), await (await testPostgres()).database()]
  stack.defer(() => rm(made, { recursive: true }))
  stack.defer(() => empty.drop())
  folder = made
  database = empty
})

test('a command that is asked to stop while it goes through the log says so, and nothing else', async () => {
  const settings = readSettings({ RCR_DATA: folder, DATABASE_URL: database.url })
  const run = async ({ run }: Command, flags: string[], signal: AbortSignal) => {
    const said: string[] = []
    const status = await run({ settings, flags, log: silentLog, ...around, signal, say: (line) => said.push(line) })
    return { status, said }
  }
  const asked = AbortSignal.abort(new DOMException('SIGTERM', 'AbortError'))
  const interrupted = { status: 130, said: ['Interrupted.'] }
  expect(await run(rebuild, [], asked)).toEqual(interrupted)
  expect(await run(rebuild, ['--ahead'], asked)).toEqual(interrupted)
  expect(await run(rebuild, [], new AbortController().signal)).toMatchObject({ status: 0 })
  // There is one now, which is brought up.
  expect(await run(rebuild, ['--ahead'], asked)).toEqual(interrupted)
  expect(await run(verify, [], asked)).toEqual(interrupted)
}, 60_000)

test('who runs ahead says at the end how many changes could not be applied', async () => {
  const master = await openLmdbMaster({ folder: join(folder, 'master'), ...around })
  stack.defer(() => master.close())
  const admin = openPool({ url: database.url, role: null, max: 1, log: silentLog })
  stack.defer(() => admin.close())
  const ahead = rcr(folder, ['rebuild', '--ahead'], { DATABASE_URL: database.url, RCR_LOG: 'error' })
  stack.defer(() => void ahead.child.kill('SIGKILL'))
  const has = async (isThere: () => boolean | Promise<boolean>) => {
    while (!(await isThere())) {
      if (ahead.child.exitCode !== null) throw new Error(ahead.output())
      await systemClock.sleep(10)
    }
  }
  await has(() => ahead.output().includes('Processes of this version may start.'))
  const document = sampleReview(1, { status: 'published', publishedAt: sampleTime, title: 'no text: \u0000' })
  const outcome = await master.commit({ at: sampleTime, by: null, writes: [{ kind: 'review', id: document.id, expected: 0, document }] })
  expect(outcome.committed).toBe(true)
  const schema = (await admin.query<{ schema: string }>('select schema from content.live'))[0]?.schema
  await has(async () => (await admin.query<{ seq: number }>(`select seq from "${schema}".applied`))[0]?.seq === 1)
  ahead.child.kill('SIGTERM')
  expect(await ahead.ended).toBe(0)
  expect(ahead.output()).toEndWith('\n1 changes could not be applied: rcr verify names them.\n')
}, 60_000)
