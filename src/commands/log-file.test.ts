import { afterAll, afterEach, expect, test } from 'bun:test'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareEnvironment } from '../kit/flock.ts'
import { finishing, openLogFile } from './log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'rcr-log-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const lineOf = (seq: number) => `${JSON.stringify({ epoch: 'one', seq })}\n`
const systemPath = bareEnvironment.PATH
afterEach(() => {
  bareEnvironment.PATH = systemPath
})

/** What a system has for `flock` until the end of the test. */
function flockIs(name: string, script: string): void {
  const place = join(folder, `bin-${name}`)
  mkdirSync(place)
  writeFileSync(join(place, 'flock'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  bareEnvironment.PATH = `${place}:${systemPath}`
}

const util = Bun.which('flock')
test.skipIf(util === null).each([
  { whose: 'util-linux', script: `exec ${util} "$@"` },
  { whose: 'BusyBox', script: `case $1 in -[sxun]) exec ${util} "$@" ;; *) echo 'flock: invalid option' >&2; exit 1 ;; esac` },
])('with the flock of $whose the second of two exports into one file is refused, until the first is over', async ({ whose, script }) => {
  flockIs(whose, script)
  const path = join(folder, `${whose}.ndjson`)
  const said: string[] = []
  const opened = () => openLogFile(path, (line) => said.push(line))
  const first = await opened()
  await first.write(lineOf(1))
  await first.write(lineOf(2).slice(0, -5)) // which the second would take for what a crash has left
  await expect(opened()).rejects.toThrow('Another export writes to')
  await first.write(lineOf(2).slice(-5))
  await first.close()
  const second = await opened()
  expect(second.last).toEqual({ epoch: 'one', seq: 2 })
  await second.close()
  expect(readFileSync(path, 'utf8')).toBe(lineOf(1) + lineOf(2))
  expect(said).toEqual([])
})

test.each([
  { where: 'the file system knows no locks', script: "echo 'flock: 9: No locks available' >&2; exit 71" },
  { where: 'it knows none, told by BusyBox', script: "echo 'flock: flock: No locks available' >&2; exit 1" },
  { where: 'there is no flock', script: 'exit 127' },
])('where $where, the export goes on, and says that nothing keeps others off', async ({ where, script }) => {
  flockIs(where, script)
  const path = join(folder, `${where}.ndjson`)
  const said: string[] = []
  const file = await openLogFile(path, (line) => said.push(line))
  await file.write(lineOf(1))
  await file.close()
  expect(said).toEqual([expect.stringContaining('no other export')])
  expect(readFileSync(path, 'utf8')).toBe(lineOf(1))
})

test.skipIf(process.platform !== 'linux')('an export into a folder that cannot be synced is whole', async () => {
  const path = join(folder, 'unsynced.ndjson')
  const held = openSync(path, 'w')
  // The same file by another name, whose folder answers fsync with EINVAL.
  const file = await openLogFile(`/proc/${process.pid}/fd/${held}`, () => {})
  await file.write(lineOf(1))
  await file.close()
  closeSync(held)
  expect(readFileSync(path, 'utf8')).toBe(lineOf(1))
})

test('a folder that is gone is not passed over', async () => {
  const place = join(folder, 'gone')
  mkdirSync(place)
  const file = await openLogFile(join(place, 'log.ndjson'), () => {})
  rmSync(place, { recursive: true })
  await expect(file.close()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('why an export failed is told, not what fails after it, and what comes last is done', async () => {
  const done: string[] = []
  const last = async () => {
    done.push('closed')
    throw new Error('cannot be synced')
  }
  await expect(finishing(Promise.reject(new Error('no space')), last)).rejects.toThrow('no space')
  await expect(finishing(Promise.resolve(1), last)).rejects.toThrow('cannot be synced')
  expect(await finishing(Promise.resolve(1), async () => {})).toBe(1)
  expect(done).toEqual(['closed', 'closed'])
})
