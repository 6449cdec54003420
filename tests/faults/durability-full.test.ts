// A full disk under the running system: commands are refused in words, readers notice nothing, and it heals when there is room again.
import { afterEach, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { cameraOf, signIn } from '../newsroom.ts'
import { testPostgres } from '../postgres.ts'
import { post, startProcess, stopProcess } from '../process.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

test('on a small full disk commands are refused with 507, every reader is answered, and ≤ 10 s after there is room all goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-full-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  const data = join(folder, 'data')
  await mkdir(data)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', data], { encoding: 'utf8' })
  if (status !== 0) return void process.stderr.write(`not run: a full disk under the running system: ${stderr.trim()}\n`)
  cleanups.push(() => spawnSync('umount', ['-l', data]))
  const database = await (await testPostgres()).database()
  cleanups.push(() => database.drop())
  const running = await startProcess(data, { DATABASE_URL: database.url, RCR_LOG: 'error' })
  cleanups.push(async () => {
    running.child.kill('SIGKILL')
    await running.ended
  })
  const [authorization, cameraId] = [await signIn(running.api), await cameraOf(running.api)]
  const write = async (key: string) => {
    const review = { title: key, summary: key, body: 'Text. '.repeat(2000), language: 'en', cameraId, status: 'published' }
    const response = await post(`${running.api}/reviews`, review, { authorization, 'idempotency-key': key })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: (await response.json()) as { id: string; code: string },
    }
  }
  const made = new Map<string, string>()
  const refused: string[] = []

  const reads: number[] = []
  let reading = true
  const readers = [1, 2].map(async (n) => {
    while (reading) {
      for (const path of [`/content?limit=${n}`, '/content/search?q=luz', '/cameras/nikon-z8']) {
        const response = await fetch(`${running.api}${path}`)
        await response.arrayBuffer()
        reads.push(response.status)
      }
      await systemClock.sleep(5)
    }
  })

  for (let n = 0; n < 8; n++) made.set(`before-${n}`, (await write(`before-${n}`)).body.id)
  spawnSync('sh', ['-c', 'cat /dev/zero > "$0/ballast"', data], { stdio: 'ignore' })
  for (let n = 0; refused.length < 20; n++) {
    const { status, type, body } = await write(`full-${n}`)
    if (status === 201)
      made.set(`full-${n}`, body.id) // pages that were free in the file
    else {
      expect({ status, type }).toEqual({ status: 507, type: 'application/problem+json' })
      refused.push(`full-${n}`)
    }
  }
  const freedMs = performance.now()
  await rm(join(data, 'ballast'))
  for (const key of refused) {
    for (let status = 0; status !== 201; ) {
      const answer = await write(key)
      status = answer.status
      if (status === 201) made.set(key, answer.body.id)
      else expect(performance.now() - freedMs).toBeLessThan(10_000)
    }
  }
  console.log(`healed after ${Math.round(performance.now() - freedMs)} ms, ${reads.length} reads answered meanwhile`)
  reading = false
  await Promise.all(readers)
  expect(new Set(reads)).toEqual(new Set([200]))
  const own = (await (await fetch(`${running.api}/reviews?limit=100`, { headers: { authorization } })).json()) as { data: { id: string }[] }
  expect(own.data.map(({ id }) => id).toSorted()).toEqual([...made.values()].toSorted())
  expect(await stopProcess(running)).toBe(0)
}, 60_000)
