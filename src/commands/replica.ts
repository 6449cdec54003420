// rcr replica, rcr primary: one database of the read model as a process of its own, supervised, following whoever is primary.
import { listen } from '../kit/serve.ts'
import { openRegionDatabase } from '../system/regions.ts'
import { around, type Command, type Running, readFlags } from './command.ts'
import { withRegion } from './serve.ts'

const common = `All databases of the read model stand in RCR_DATABASES, this one's own under the name of its region, with the owner's user (rcr)
and password: sa=postgres://rcr:…@127.0.0.1:5501/postgres,eu=postgres://rcr:…@127.0.0.1:5502/postgres. It listens where its own entry
says; the others may stand behind proxies. Its data lies in RCR_DATA/postgres, and in RCR_DATA/postgres/region-url the address with
the user that processes that only read should have.`

export const replica: Command = {
  name: 'replica',
  usage: 'replica --region <name>',
  summary: 'Runs a database that follows the primary, copied from it when there is none yet.',
  help: `${common}
One that cannot follow any more is copied anew, and read meanwhile. When another one is promoted it follows that one. /readyz on the
operators' port says whether it follows; metrics say how far behind it is.`,
  run: (running) => keep('replica', running),
}

export const primary: Command = {
  name: 'primary',
  usage: 'primary --region <name>',
  summary: 'Runs the first database, which replicas follow, as a process of its own.',
  help: `${common}
Where there is no data an empty database is made. When it comes back after another one was promoted, it follows that one: see rcr promote.`,
  run: (running) => keep('primary', running),
}

async function keep(first: 'primary' | 'replica', given: Running): Promise<number> {
  const { region } = readFlags(given.flags, { region: 'text' })
  const running = withRegion(given, region)
  const { settings, signal, say, log } = running
  const surroundings = around(running, true)
  const database = await openRegionDatabase(settings, first, surroundings, signal)
  const opsDoor = listen({ fetch: database.ops, hosts: settings.RCR_OPS_HOST, port: settings.RCR_OPS_PORT, defect: database.defect })
  say(`  database        ${database.host}\n  operators       ${opsDoor.url}/readyz`)
  log.info('started', { ops: opsDoor.url })
  await database.ended
  await opsDoor.stop(0)
  return 0
}
