// rcr verify: replays the log and compares, by checksums, with what readers see, in every region.
import type { Command } from './command.ts'
import { type Projector, withProjector } from './project-alone.ts'

type Report = Awaited<ReturnType<Projector['verify']>>

export const verify: Command = {
  name: 'verify',
  usage: 'verify',
  summary: 'Compares what readers see with the log, by checksums, in every region; exit status 1 when they differ.',
  help: `Replays the whole log into a build of its own, so it takes as long as a rebuild. It changes nothing.
With RCR_DATABASES every database is compared, the primary at the end of the log, each replica at the position that it has: a line for
each says where it stands, how far that is behind, and which tables differ. Exit status 1: one differs, or changes are parked;
2: one could not be compared.`,
  run: withProjector({}, async (project, watching, say) => {
    const report = await project.verify(watching)
    const { position, schema, region, differing, differences, parked, replicas } = report
    for (const { seq, kind, id, error } of parked) say(`parked: change ${seq}, ${kind} ${id}: ${error}`)
    for (const difference of differences) say(`differs: ${JSON.stringify(difference)}`)
    for (const one of replicas) for (const difference of one.differences) say(`differs in ${one.region}: ${JSON.stringify(difference)}`)
    say(
      differing.length === 0
        ? `${schema} is what the log says, up to change ${position.seq}.`
        : `${schema} differs from the log at change ${position.seq} in: ${differing.join(', ')}. rcr rebuild makes it anew.`,
    )
    if (region !== null) for (const line of linesOf({ ...report, region })) say(line)
    return statusOf(report)
  }),
}

function statusOf({ differing, parked, replicas }: Report): number {
  if (differing.length > 0 || parked.length > 0 || replicas.some((one) => one.differing.length > 0)) return 1
  return replicas.some(({ fault }) => fault !== null) ? 2 : 0
}

function linesOf({ region, position, differing, replicas }: Report & { region: string }): string[] {
  const primary = { region, position, behind: 0, differing, fault: null }
  const width = Math.max(...[primary, ...replicas].map((one) => one.region.length))
  return [primary, ...replicas].map((one) => {
    const role = one === primary ? 'primary' : 'replica'
    const where = one.position === null ? '' : `change ${one.position.seq}${one.behind === 0 ? '' : `, ${one.behind} behind`}: `
    const what = one.differing.length === 0 ? 'equal' : `differs in ${one.differing.join(', ')}`
    return `  ${one.region.padEnd(width)}  ${role}  ${where}${one.fault === null ? what : `not compared: ${one.fault}`}`
  })
}
