// rcr verify: replays the log and compares, by checksums, with what readers see.
import type { Command } from './command.ts'
import { withProjector } from './project-alone.ts'

export const verify: Command = {
  name: 'verify',
  usage: 'verify',
  summary: 'Compares what readers see with the log, by checksums; exit status 1 when they differ.',
  help: 'Replays the whole log into a build of its own, so it takes as long as a rebuild. It changes nothing.',
  run: withProjector(async (project, watching, say) => {
    const { position, schema, differing, differences, parked } = await project.verify(watching)
    for (const { seq, kind, id, error } of parked) say(`parked: change ${seq}, ${kind} ${id}: ${error}`)
    for (const difference of differences) say(`differs: ${JSON.stringify(difference)}`)
    say(
      differing.length === 0
        ? `${schema} is what the log says, up to change ${position.seq}.`
        : `${schema} differs from the log at change ${position.seq} in: ${differing.join(', ')}. rcr rebuild makes it anew.`,
    )
    return differing.length === 0 && parked.length === 0 ? 0 : 1
  }),
}
