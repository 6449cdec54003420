// rcr promote: another region's database becomes the primary.
import { Refusal } from '../kit/refusal.ts'
import { promoteRegion } from '../system/regions.ts'
import { around, type Command, readFlags } from './command.ts'

export const promote: Command = {
  name: 'promote',
  usage: 'promote [<region>] [--anyway]',
  summary: 'Makes a replica the primary; without a region the one that has received most.',
  help: `For when the primary is lost, or was stopped to be moved. Reads the regions from RCR_DATABASES. The other replicas follow the new primary by
themselves, the projector writes there and brings what it lacks from the log, and the old primary follows when it comes back.
--anyway: even though a primary answers, or another replica has received more.`,
  async run(running) {
    const { flags } = running
    const region = flags[0]?.startsWith('-') === false ? flags[0] : null
    const { anyway } = readFlags(flags.slice(region === null ? 0 : 1), { anyway: 'switch' })
    const { settings, say } = running
    const { RCR_DATABASES: places } = settings
    if (places === null) throw new Refusal('invalid', 'RCR_DATABASES has to name the databases of all regions.')
    const { region: promoted, timeline, ahead, away } = await promoteRegion(settings, places, region, anyway, around(running))
    say(`${promoted} is the primary now (timeline ${timeline}).`)
    if (ahead.length > 0) say(`Copied anew, since they had received more: ${ahead.join(', ')}.`)
    if (away.length > 0) say(`Not seen: ${away.join(', ')}. They follow when they come back.`)
    return 0
  },
}
