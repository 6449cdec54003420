// The story of the README, run to the letter against a fresh system: it prints what the README says.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoPassword } from '../../src/commands/demo.ts'
import { type Running, startProcess, stopProcess } from '../process.ts'

let folder: string
let running: Running

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-readme-'))
  running = await startProcess(folder, { RCR_LOG: 'error' })
}, 30_000)
afterAll(async () => {
  await stopProcess(running)
  await rm(folder, { recursive: true, force: true })
})

const readme = await readFile(join(import.meta.dir, '..', '..', 'README.md'), 'utf8')

test.skipIf(spawnSync('curl', ['--version']).status !== 0)('the story prints what the README shows', () => {
  const [, script = '', shown = ''] = /<!-- story -->\n```sh\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(readme) ?? []
  const here = script.replace('http://localhost:8080', running.api)
  const told = spawnSync('bash', ['-eu', '-c', here], { cwd: folder, encoding: 'utf8' })
  expect(told.stderr).toBe('')
  expect(told.stdout.replaceAll('\r', '')).toBe(shown)
})

test('the demo password of the README is the one that works', () => {
  expect(readme).toContain(`Demo password: \`${demoPassword}\``)
})
