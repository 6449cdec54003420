// The secret that seals cursors and tokens: from the settings, or made once in the data folder.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RandomBytes } from '../kit/clock.ts'
import type { Settings } from '../settings.ts'

export async function readSecret({ RCR_SECRET, RCR_DATA }: Settings, random: RandomBytes): Promise<Uint8Array> {
  if (RCR_SECRET !== null) return Buffer.from(RCR_SECRET)
  const file = join(RCR_DATA, 'secret')
  const standing = await readFile(file).catch(() => null)
  if (standing !== null && standing.length >= 32) return standing
  await mkdir(RCR_DATA, { recursive: true, mode: 0o700 })
  const made = Buffer.from(Buffer.from(random(48)).toString('base64'))
  // Whole or not at all: half a secret would differ after the next start.
  await writeFile(`${file}.new`, made, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return made
}
