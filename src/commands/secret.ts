// The secret that seals cursors and tokens: from the settings, or made once in the data folder.
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RandomBytes } from '../kit/clock.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Settings } from '../settings.ts'

export async function readSecret(
  { RCR_SECRET, RCR_DATA }: Pick<Settings, 'RCR_SECRET' | 'RCR_DATA'>,
  random: RandomBytes,
): Promise<Uint8Array> {
  if (RCR_SECRET !== null) return Buffer.from(RCR_SECRET)
  const file = join(RCR_DATA, 'secret')
  const secret = await readFile(file).catch(unless('ENOENT', () => make(file, random)))
  if (secret.length < 32) throw new Refusal('conflict', `${file} is damaged. Remove it, and one is made.`)
  return secret
}

/** Whole or not at all, and by the first one for all: processes that start at once shall seal alike. */
async function make(file: string, random: RandomBytes): Promise<Uint8Array> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
  const own = `${file}.${Buffer.from(random(6)).toString('hex')}`
  await writeFile(own, Buffer.from(random(48)).toString('base64'), { mode: 0o600, flush: true })
  await link(own, file).catch(unless('EEXIST', () => {}))
  await rm(own)
  return readFile(file)
}

const unless =
  <T>(code: string, instead: () => T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === code) return instead()
    throw error
  }
