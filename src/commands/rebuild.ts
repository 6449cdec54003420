// rcr rebuild: a new read model from the whole log, beside the live one, compared with it and switched to.
import type { Command, Running } from './command.ts'
import { type Projector, withProjector } from './project-alone.ts'

type Report = Awaited<ReturnType<Projector['rebuild']>>

export const rebuild: Command = {
  name: 'rebuild',
  usage: 'rebuild [--ahead]',
  summary: 'Builds the read model anew beside the live one, compares, and switches readers to it.',
  help: `Readers notice nothing. Interrupted, it leaves nothing behind. What it replaces goes when nobody has projected into it or read it for
a day, in any region.
--ahead: for a new version of this code, before anything else of it starts. Makes the read model of this version, where there is none,
beside the one that the running version follows, brings it to the end of the log, and goes on following the log until SIGTERM.
Meanwhile processes of both versions read, each its own; end it when the services that write are of this version.`,
  run: withProjector({ ahead: 'switch' }, async (project, watching, say, { ahead }) => {
    if (!ahead) tell(await project.rebuild(watching), say)
    else {
      // One that an earlier start has left may be empty, or far behind.
      if (!(await project.bringUp(watching))) tell(await project.rebuild(watching), say)
      say('Processes of this version may start. This one follows the log until it is ended.')
      await project.run(watching.signal)
      tellParked(project.status().parked, say)
    }
    return 0
  }),
}

function tell({ schema, position, parked, replaced, differing }: Report, say: Running['say']): void {
  say(`${schema} stands at ${position.seq} and is live${replaced === null ? '' : `; it replaced ${replaced}`}.`)
  tellParked(parked, say)
  if (differing === null) say('There was nothing to compare it with.')
  else if (differing.length === 0) say('Checksums of all tables are equal.')
  else say(`What it replaced was different in: ${differing.join(', ')}.`)
}

function tellParked(parked: number, say: Running['say']): void {
  if (parked > 0) say(`${parked} changes could not be applied: rcr verify names them.`)
}
