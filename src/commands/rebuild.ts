// rcr rebuild: a new read model from the whole log, beside the live one, compared with it and switched to.
import type { Command } from './command.ts'
import { withProjector } from './project-alone.ts'

export const rebuild: Command = {
  name: 'rebuild',
  usage: 'rebuild',
  summary: 'Builds the read model anew beside the live one, compares, and switches readers to it.',
  help: 'Readers notice nothing. Interrupted, it leaves nothing behind. What it replaces is kept for a day.',
  run: withProjector(async (project, watching, say) => {
    const { schema, position, parked, replaced, differing } = await project.rebuild(watching)
    say(`${schema} stands at ${position.seq} and is live${replaced === null ? '' : `; it replaced ${replaced}`}.`)
    if (parked > 0) say(`${parked} changes could not be applied: rcr verify names them.`)
    if (differing === null) say('There was nothing to compare it with.')
    else if (differing.length === 0) say('Checksums of all tables are equal.')
    else say(`What it replaced was different in: ${differing.join(', ')}.`)
    return 0
  }),
}
