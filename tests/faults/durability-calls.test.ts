// Each system call that stores a commit fails once, with a real error: the answer is a refusal, the state is the old or the new one,
// and what was acknowledged is there.
//
//   COMMITS=40 bun test tests/faults/durability-calls.test.ts
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { type Attempt, persistentBase } from '../lmdb-persistent.ts'
import { expectAgreement } from '../master-agreement.ts'
import { sampleReview } from '../samples.ts'
import { injections, straceFault, straceWords } from '../strace.ts'

const commits = Number(process.env.COMMITS ?? 4)
const program = join(import.meta.dir, '../lmdb-persistent.ts')
const lostStatus = 75

let room: string
let empty: string
/** Its making is not what fails here; the threads that commit then count from their first call. */
beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), 'rcr-calls-'))
  empty = join(room, 'empty')
  await (await opened(empty)).close()
})
afterAll(() => rm(room, { recursive: true, force: true }))
const opened = (folder: string) => openLmdbMaster({ folder, clock: systemClock, random: secureRandom })

interface Run {
  attempts: Attempt[]
  status: number | null
}

async function run(words: readonly string[]): Promise<Run> {
  const [command = '', ...more] = words
  const child: ChildProcess = spawn(command, more, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const attempts: Attempt[] = []
  if (child.stdout) for await (const line of createInterface({ input: child.stdout })) attempts.push(JSON.parse(line) as Attempt)
  return { attempts, status: await ended }
}

const isStored = ({ outcome }: Attempt) => outcome === 'committed' || outcome === 'repeat'

function expectHonesty({ attempts, status }: Run): void {
  let head = 0
  for (const { n, outcome, reason, head: seen } of attempts) {
    if (outcome !== 'committed' && outcome !== 'repeat') expect(['unavailable', 'full']).toContain(reason)
    if (typeof seen === 'string') expect(seen).toBe('master-lost')
    else {
      // Each commit is two changes: no read goes back, shows half of one, or less than was acknowledged.
      expect(seen % 2).toBe(0)
      expect(seen).toBeGreaterThanOrEqual(Math.max(head, isStored({ n, outcome, reason, head: seen }) ? 2 * n : 0))
      head = seen
    }
  }
  const lost = attempts.some(({ outcome }) => outcome === 'master-lost')
  expect(status).toBe(lost ? lostStatus : 0)
}

/** The master in the folder holds what was acknowledged and nothing that was not tried; a supervisor's restart then finishes the work. */
async function expectOldOrNew(folder: string, { attempts }: Run): Promise<void> {
  const stored = attempts.filter(isStored).length
  const tried = Math.max(...attempts.map(({ n }) => n))
  for (const [least, most] of [
    [stored, tried],
    [commits, commits],
  ] as const) {
    const master = await opened(folder)
    const reviews = (await expectAgreement(master)).filter(({ kind }) => kind === 'review')
    await master.close()
    expect(reviews.map(({ id }) => id)).toEqual(reviews.map((_, n) => sampleReview(persistentBase + n + 1).id))
    expect(reviews.length).toBeGreaterThanOrEqual(least)
    expect(reviews.length).toBeLessThanOrEqual(most)
    if (least < commits) expect((await run([process.execPath, program, folder, String(commits)])).status).toBe(0)
  }
}

/** Fails the n-th such call of each thread, n = 1 …, until a run passes untouched. Returns how often something failed. */
async function failEach(call: string, fault: string): Promise<number> {
  let failed = 0
  for (let n = 1; ; n++) {
    const folder = join(room, `${call}-${fault}-${n}`)
    const trace = `${folder}.trace`
    await mkdir(folder)
    await cp(join(empty, 'data.mdb'), join(folder, 'data.mdb'))
    const inject = `${call}:${fault}:when=${n}`
    const tracing = straceWords({ to: trace, calls: [call], on: join(folder, 'data.mdb'), inject })
    const ran = await run([...tracing, process.execPath, program, folder, String(commits)])
    expectHonesty(ran)
    await expectOldOrNew(folder, ran)
    const count = injections(trace)
    if (count === 0) {
      expect(ran.attempts.map(({ outcome }) => outcome)).toEqual(ran.attempts.map(() => 'committed'))
      return failed
    }
    failed += count
  }
}

const faults: [string, string][] = [
  ['pwrite64', 'error=EIO'],
  ['pwrite64', 'error=ENOSPC'],
  ['pwrite64', 'retval=100'],
  ['writev', 'error=EIO'],
  ['writev', 'error=ENOSPC'],
  ['fdatasync', 'error=EIO'],
  ['fdatasync', 'delay_enter=2500000'],
]

for (const [call, fault] of faults)
  test.concurrent.skipIf(straceFault !== null)(
    `${call} with ${fault}, at each place: acknowledged is there, refused is old or new, never between`,
    async () => expect(await failEach(call, fault)).toBeGreaterThan(0),
    3_600_000,
  )
if (straceFault !== null) process.stderr.write(`not run: storage calls that fail: ${straceFault}\n`)
