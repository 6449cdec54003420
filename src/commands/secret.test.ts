import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secureRandom } from '../kit/clock.ts'
import { readSecret } from './secret.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-secret-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const secret = () => readSecret({ RCR_SECRET: null, RCR_DATA: join(folder, 'data') }, secureRandom)

test('processes that start at once on a new folder seal with one secret, which nobody else may read', async () => {
  const secrets = await Promise.all(Array.from({ length: 8 }, secret))
  expect(new Set(secrets.map(String)).size).toBe(1)
  expect(await secret()).toEqual(secrets[0] as Uint8Array)
  expect(await readdir(join(folder, 'data'))).toEqual(['secret'])
  expect((await stat(join(folder, 'data', 'secret'))).mode & 0o777).toBe(0o600)
})

test('one that is damaged or cannot be read is never replaced in silence', async () => {
  await secret()
  await writeFile(join(folder, 'data', 'secret'), 'short')
  await expect(secret()).rejects.toThrow('is damaged')
  await rm(join(folder, 'data'), { recursive: true })
  await writeFile(join(folder, 'data'), 'a file where the folder should be')
  await expect(secret()).rejects.toThrow()
})
