// rcr restore: the master from a backup, from its second place, or from both.
import { Refusal } from '../kit/refusal.ts'
import { restoreMaster } from '../system/master.ts'
import { around, type Command, readFlags } from './command.ts'

export const restore: Command = {
  name: 'restore',
  usage: 'restore [--from <backup>] [--ship <place>]',
  summary: 'Brings the master back into RCR_DATA, where none must lie.',
  help: `--from: what rcr backup made, or a base of a second place. --ship: the place of RCR_SHIP, a folder or s3://<bucket>/<prefix>, whose
entries are replayed after the backup; without --from after its own base. Checksums are verified, and nothing is there until all of it is. The
master gets a new epoch: the next start builds the read model anew, and readers with a token of before are answered as of now.`,
  async run(running) {
    const { settings, flags, say, clock } = running
    const { from, ship } = readFlags(flags, { from: 'text', ship: 'text' })
    if (from === undefined && ship === undefined) throw new Refusal('invalid', 'Give --from, --ship, or both.')
    const startedMs = clock.monotonic()
    let saidMs = startedMs
    const progress = (entries: number) => {
      if (clock.monotonic() - saidMs < 1000) return
      saidMs = clock.monotonic()
      say(`  ${entries} entries replayed`)
    }
    const wanted = { from: from ?? null, ship: ship ?? null, progress }
    const { manifest, replayed, position } = await restoreMaster(settings, wanted, around(running))
    const took = ((clock.monotonic() - startedMs) / 1000).toFixed(1)
    say(`The backup of ${manifest.at} (epoch ${manifest.epoch}, change ${manifest.seq})${ship ? ` and ${replayed} entries after it` : ''}`)
    say(`are the master of epoch ${position.epoch} at change ${position.seq} (${took} s).`)
    return 0
  },
}
