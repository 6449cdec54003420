import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogFile } from './log-file.ts'

test.skipIf(Bun.which('flock') === null)('of two exports into one file the second is refused, until the first is over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rcr-log-file-'))
  const path = join(folder, 'log.ndjson')
  const lineOf = (seq: number) => `${JSON.stringify({ epoch: 'one', seq })}\n`
  const first = await openLogFile(path)
  await first.write(lineOf(1))
  await first.write(lineOf(2).slice(0, -5)) // which the second would take for what a crash has left
  await expect(openLogFile(path)).rejects.toThrow('Another export writes to')
  await first.write(lineOf(2).slice(-5))
  await first.close()
  const second = await openLogFile(path)
  expect(second.last).toEqual({ epoch: 'one', seq: 2 })
  await second.close()
  expect(readFileSync(path, 'utf8')).toBe(lineOf(1) + lineOf(2))
  rmSync(folder, { recursive: true })
})
