// rcr backup: a copy of the master, log and private documents, while the system runs.
import { resolve } from 'node:path'
import { Refusal } from '../kit/refusal.ts'
import { openMaster } from '../system/master.ts'
import { around, type Command, readFlags } from './command.ts'

export const backup: Command = {
  name: 'backup',
  usage: 'backup --to <folder>',
  summary: 'Copies the master, as it stands at one moment, while the system runs or not.',
  help: `--to: a folder that is empty or not there yet. It gets data.mdb and manifest.json (epoch, seq, time, checksum), and holds password
hashes and signing keys: keep it as safe as the master. A copy without its manifest was not finished.`,
  async run(running) {
    const { settings, flags, say, clock } = running
    const { to } = readFlags(flags, { to: 'text' })
    if (to === undefined) throw new Refusal('invalid', 'Give --to, a folder that is empty or not there yet.')
    const startedMs = clock.monotonic()
    const master = await openMaster(settings, around(running))
    const { epoch, seq } = await master.backup(resolve(to)).finally(() => master.close())
    say(`${resolve(to)} holds the master of epoch ${epoch} up to change ${seq} (${((clock.monotonic() - startedMs) / 1000).toFixed(1)} s).`)
    return 0
  },
}
