// rcr import lensfun: cameras and lenses from the XML files of the lensfun database, which the operator has fetched.
import { parseArgs } from 'node:util'
import { openMetrics } from '../kit/metric.ts'
import { Refusal } from '../kit/refusal.ts'
import { importLensfun } from '../system/alone.ts'
import type { Command } from './command.ts'
import { readLensfunFolder } from './lensfun-files.ts'

const attribution = 'lensfun database (lensfun.github.io), its contributors, CC BY-SA 3.0, adapted'

const help = `The folder holds its XML files: on Debian and Ubuntu /usr/share/lensfun/version_1, after apt install liblensfun-data-v1.
What stands here already, under this or another spelling, stays as it is; what was deleted here does not come back. The same command
again brings nothing twice; interrupted, it goes on where it ended. The system may be running or not.
The database is not ours: ${attribution}. Each document that comes from it
says so in its member attribution, which has to stay when you pass it on. What it does not know (prices, dates, weights) is null.`

export const importLensfunCommand: Command = {
  name: 'import lensfun',
  usage: 'import lensfun <folder>',
  summary: 'Brings cameras and lenses of the lensfun database (CC BY-SA 3.0), where ours has none of that name.',
  help,
  async run({ settings, flags, say, signal, ...around }) {
    const entries = await readLensfunFolder(folderOf(flags), signal)
    const cameraCount = entries.filter(({ kind }) => kind === 'camera').length
    say(`${cameraCount} cameras and ${entries.length - cameraCount} lenses read.`)
    const surroundings = { ...around, metrics: openMetrics({ ofProcess: false }) }
    const onProgress = ({ done, of }: { done: number; of: number }) => say(`  ${done} of ${of}`)
    const { cameras, lenses, finished } = await importLensfun(settings, surroundings, { entries, attribution, signal, onProgress })
    for (const [what, { added, present, unusable }] of Object.entries({ cameras, lenses }))
      say(`${what}: ${added} added, ${present} known here already, ${unusable} left aside (groups, combinations, too little known).`)
    say(`Source: ${attribution}. It stands in each document that was added.`)
    if (finished) return 0
    say('Interrupted. The same command goes on from here.')
    return 130
  },
}

function folderOf(flags: readonly string[]): string {
  try {
    const { positionals } = parseArgs({ args: [...flags], options: {}, strict: true, allowPositionals: true })
    const [folder, more] = positionals
    if (folder !== undefined && more === undefined) return folder
  } catch {}
  throw new Refusal('invalid', 'Name one folder: rcr import lensfun /usr/share/lensfun/version_1')
}
