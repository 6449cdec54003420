import { afterAll, afterEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareEnvironment } from '../kit/flock.ts'
import { openLogFile } from './log-file.ts'

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
