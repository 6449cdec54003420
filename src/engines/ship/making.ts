// Folders in which bases are being made: `new-<process>-<chance>`.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { kill, pid } from 'node:process'

export const makingName = (chance: string): string => `new-${pid}-${chance}`

/** Ends what processes of this machine left behind when they died; each makes one at a time. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const maker = Number(/^new-(\d+)-/.exec(name)?.[1] ?? Number.NaN)
    if (maker === pid || (maker > 0 && !isAlive(maker))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isAlive(process: number): boolean {
  try {
    kill(process, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
